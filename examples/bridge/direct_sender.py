# Sends a direct to a worker of an app.
import asyncio

from nexus_mesh import App as AppClass

App = AppClass()


async def main():
    answer = await App.direct(app="calc", body={"order": 66})
    print("taken" if answer.get("code") == 0 else answer)


asyncio.get_event_loop().run_until_complete(main())
