"""The same worker as test/bridge/driver.ts, in Python."""

import asyncio
import json
import sys

from nexus_mesh import App as AppClass

App = AppClass()


def tell(**told):
    print(json.dumps(told), flush=True)


@App.nexus.API("echo")
async def echo(specs):
    return {"code": 0, "body": specs.body}


@App.nexus.API("who")
def who(specs):
    jid = f"{specs.app}-{specs.uid}-{specs.role}@test.nexus.example/{specs.resource}"
    about = {"role": specs.role, "app": specs.app, "servid": specs.servid, "servsecret": specs.servsecret}
    return {"code": 0, "jid": jid, **about}


@App.nexus.API("fail")
async def fail(specs):
    raise ValueError("as it should")


@App.nexus.API("slow")
async def slow(specs):
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        tell(event="cancelled")
        raise


@App.nexus.Direct()
async def direct(specs):
    tell(event="direct", body=specs.body, fromjid=specs.fromjid, channel=specs.channel)


@App.nexus.Channel("room")
async def room(specs):
    tell(event="channel", body=specs.body, fromjid=specs.fromjid, channel=specs.channel)


async def do(what, args):
    channel = args.pop("channel", None)
    size = args.pop("bytes", None)
    if size is not None:
        args["body"] = {"text": "x" * size}
    if "timeout" in args:
        args["timeout"] /= 1000
    if what == "sendtochannel":
        return await App.sendtochannel(channel, args["body"])
    if what == "cancel":
        return await cancelled(asyncio.create_task(App.api(**args)))
    return await {"api": App.api, "direct": App.direct, "find": App.find}[what](**args)


async def cancelled(task):
    await asyncio.sleep(0.3)
    task.cancel()
    try:
        return await task
    except asyncio.CancelledError:
        return {"code": -499, "msg": "cancelled"}


async def main():
    loop = asyncio.get_running_loop()
    await App.find(app="conform")
    tell(event="ready")
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        step = json.loads(line)
        tell(event="result", result=await do(step["do"], step["args"]))
    await App.client.stop()


asyncio.get_event_loop().run_until_complete(main())
