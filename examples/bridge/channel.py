# Talks on a channel, and prints what others say there.
import asyncio

from nexus_mesh import App as AppClass, setInterval

App = AppClass()


@App.nexus.Channel("lobby")
async def lobby(specs):
    if not specs.itsme:
        print(f"{specs.fromjid} says {specs.body['text']}")


@setInterval(500)
def talk():
    App.sendtochannel("lobby", {"text": "hello from Python"})


print("ready")
asyncio.get_event_loop().run_forever()
