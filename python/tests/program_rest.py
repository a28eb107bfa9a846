"""A worker with a REST server."""

import asyncio
import json
import sys

from nexus_mesh import App as AppClass

App = AppClass(rest=int(sys.argv[1]))


@App.rest.get("/double")
async def double(a: int):
    return await App.api(app="pyrest", cmd="double", body={"a": a})


@App.nexus.API("double")
async def served(specs):
    return {"code": 0, "result": 2 * specs.body["a"]}


print(json.dumps({"event": "ready"}), flush=True)
asyncio.get_event_loop().run_forever()
