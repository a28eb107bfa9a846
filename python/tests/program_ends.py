"""A worker with shutdown code of its own, that calls. Its handler ``wait`` takes a second."""

import asyncio
import json

from nexus_mesh import App as AppClass, setTimeout

App = AppClass()


def tell(event: str, **more: object) -> None:
    print(json.dumps({"event": event, **more}), flush=True)


@App.nexus.API("wait")
async def wait(specs):
    tell("called")
    await asyncio.sleep(1)
    return {"code": 0, "waited": True}


@setTimeout(10)
async def begin():
    await App.subscribe("room")
    tell("ready", sidecar=App.client.sidecar_pid)


loop = asyncio.get_event_loop()
try:
    loop.run_forever()
except KeyboardInterrupt:
    tell("interrupted")
finally:
    tell("last", answer=loop.run_until_complete(App.api(app="pyends", cmd="wait")))
