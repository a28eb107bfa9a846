"""A partner's worker that uses what the platform has beside messages."""

import asyncio
import json

from nexus_mesh import App as AppClass
from nexus_mesh import clearInterval, clearTimeout, setInterval, setTimeout

App = AppClass(image="registry.example/worker:1", public=True, rest=False)


def tell(event: str, **more: object) -> None:
    print(json.dumps({"event": event, **more}), flush=True)


tell("before", who=[App.app, App.uid, App.resource, App.myjid], connected=App.connected(), udb=App.udb, xdb=App.xdb)
called: list[str] = []


async def slow(specs):
    called.append("slow")
    await asyncio.sleep(0.05)
    called.append("over")
    return {"by": "slow"}


def nothing(specs):
    called.append("nothing")


async def failing(specs):
    called.append("fails")
    raise ValueError("only told")


App.on("both", slow)
App.on("both", nothing)
App.on("both", failing)


@App.nexus.API("both")
async def fast(specs):
    called.append("fast")
    return {"by": "fast", "uid": specs.uid}


App.on("fails", nothing)
App.on("fails", failing)
ticks: list[str] = []


@setInterval(5, key="tick")
def tick():
    ticks.append("tick")
    if ticks.count("tick") == 3:
        clearInterval("tick")


@setInterval(40, key="safe")
async def goes_on():
    ticks.append("safe")
    raise ValueError("logged")


@setInterval(5, safe=False)
async def ends():
    ticks.append("ends")
    raise ValueError("logged")


@setTimeout(5, key="replaced")
def replaced():
    ticks.append("replaced")


@setTimeout(5, key="replaced")
def cleared():
    ticks.append("cleared")


clearTimeout("replaced")


async def api(**request):
    return await App.api(app="pyplatform", **request)


@setTimeout(1)
async def begin():
    tell("subscribed", value=await App.subscribe("room"), channels=sorted(App.channels))
    tell("owner", value=await api(cmd="both"), direct=await App.direct(app="pyplatform", body={}))
    tell("both", value=await api(cmd="both", ownership=None))
    tell("jid", value=await api(cmd="both", jid=App.myjid))
    tell("fails", value=await api(cmd="fails", ownership="mine"))
    tell("pong", value=await api(cmd="ping", ownership="mine"))
    await asyncio.sleep(0.2)
    clearInterval("safe")
    tell("called", called=called[:5], ticks={name: ticks.count(name) for name in ticks})
    App.on("ping", lambda specs: {"own": True})
    tell("own ping", value=await api(cmd="ping", ownership="mine"))


asyncio.get_event_loop().run_forever()
