"""A worker of the idiomatic face, with shutdown code of its own, that calls."""

import asyncio
import json

from nexus_mesh import Nexus


def tell(event: str, **more: object) -> None:
    print(json.dumps({"event": event, **more}), flush=True)


async def main() -> None:
    async with Nexus() as nexus:

        @nexus.handle("wait")
        async def wait(_):
            tell("called")
            await asyncio.sleep(1)
            return {"waited": True}

        try:
            await nexus.subscribe("room", lambda _: None)
            tell("ready", sidecar=nexus.sidecar_pid)
            await asyncio.sleep(3600)
        finally:
            tell("last", answer=await nexus.api(app="pyends", cmd="ping"))


asyncio.run(main())
