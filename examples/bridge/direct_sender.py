# Sends a direct to a worker of an app.
import asyncio

from nexus_mesh import AppClass

App = AppClass()


async def main():
    answer = await App.direct(app="calc", body={"order": 66})
    print("taken" if answer["code"] == 0 else answer["msg"])


asyncio.get_event_loop().run_until_complete(main())
