"""A worker of the platform's face that runs by ``asyncio.run``."""

import asyncio
import json

from nexus_mesh import App as AppClass

App = AppClass()


def tell(event: str, **more: object) -> None:
    print(json.dumps({"event": event, **more}), flush=True)


@App.nexus.API("wait")
async def wait(_):
    tell("called")
    await asyncio.sleep(1)
    return {"code": 0, "waited": True}


async def main() -> None:
    async with App.lifespan():
        await App.subscribe("room")
        tell("ready", sidecar=App.client.sidecar_pid)
        await asyncio.sleep(3600)


asyncio.run(main())
