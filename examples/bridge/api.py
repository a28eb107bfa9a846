# Serves a command.
import asyncio

from nexus_mesh import App as AppClass

App = AppClass(public=True, rest=False)


@App.nexus.API("multiply")
async def multiply(specs):
    print(f"{specs.uid} ({specs.role}) asks for {specs.body['a']} x {specs.body['b']}, with the grant {specs.servid}")
    return {"code": 0, "result": specs.body["a"] * specs.body["b"]}


print("ready")
asyncio.get_event_loop().run_forever()
