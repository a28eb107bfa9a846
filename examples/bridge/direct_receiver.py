# Prints the directs that it gets.
import asyncio
import json

from nexus_mesh import App as AppClass

App = AppClass()


@App.nexus.Direct()
def direct(specs):
    print(f"{specs.fromjid} sends {json.dumps(specs.body, separators=(',', ':'))}")


print("ready")
asyncio.get_event_loop().run_forever()
