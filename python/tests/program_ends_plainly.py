"""A worker as its author writes it, without any shutdown code. Its handler ``wait`` runs in a thread."""

import asyncio
import json
import time

from nexus_mesh import App as AppClass, setTimeout

App = AppClass()


def tell(event: str, **more: object) -> None:
    print(json.dumps({"event": event, **more}), flush=True)


@App.nexus.API("wait")
def wait(specs):
    tell("called")
    time.sleep(1)
    return {"code": 0, "waited": True, "found": App.find(app="pyends")["code"]}


@setTimeout(10)
async def begin():
    await App.subscribe("room")
    tell("ready", sidecar=App.client.sidecar_pid)


asyncio.get_event_loop().run_forever()
