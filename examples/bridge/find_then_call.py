# Finds the workers of an app, and calls each by its JID.
import asyncio

from nexus_mesh import App as AppClass

App = AppClass()


async def main():
    for jid in jids:
        answer = await App.api(app="calc", jid=jid, cmd="multiply", body={"a": 6, "b": 7})
        print(f"{jid}: {answer['result'] if answer.get('code') == 0 else answer}")


jids = App.find(app="calc")["jids"]
asyncio.get_event_loop().run_until_complete(main())
