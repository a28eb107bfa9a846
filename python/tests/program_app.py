"""A worker as its author writes it: built at module level, then run forever."""

import asyncio
import json

from nexus_mesh import App as AppClass, setTimeout

App = AppClass(public=True, rest=False)


def tell(event: str, **more: object) -> None:
    print(json.dumps({"event": event, **more}), flush=True)


@App.nexus.API("multiply")
async def multiply(specs):
    return {"code": 0, "result": specs.body["a"] * specs.body["b"], "uid": specs.uid, "servsecret": specs.servsecret}


@App.nexus.API("slow")
def slow(specs):
    found = App.find(app="pyapp")
    return {"jids": found["jids"]}


@App.nexus.Direct()
async def direct(specs):
    tell("direct", body=specs.body, fromjid=specs.fromjid, channel=specs.channel)


@App.nexus.Channel("room")
def room(specs):
    tell("channel", body=specs.body, fromjid=specs.fromjid, itsme=specs.itsme, itsbro=specs.itsbro)


@App.nexus.MsgReceiver()
async def everything(specs):
    tell("everything", body=specs.body, channel=specs.channel)


@setTimeout(10)
async def begin():
    await App.subscribe("room")
    tell("ready", connected=App.connected())
    await App.sendtochannel("room", {"from": "itself"})
    tell("own", answer=await App.api(app="pyapp", cmd="multiply", body={"a": 2, "b": 3}))
    tell("failure", value=await App.api(app="pyapp", cmd="nothing"))
    tell("nobody", value=await App.api(app="empty", cmd="x", timeout=1))
    tell("bad", value=await App.api(app="pyapp", cmd="x", body="text"))
    tell("found", value=await App.find(app="pyapp"))
    try:
        App.find(app="pyapp")["jids"]
    except Exception as error:
        tell("misused", message=str(error))


if __name__ == "__main__":
    asyncio.get_event_loop().run_forever()
