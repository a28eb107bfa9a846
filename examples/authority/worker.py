# The same in Python. It is told nothing but NEXUS_AUTHORITY and SERVICE_SECRET too.
import asyncio
import os
import signal

from nexus_mesh import Nexus


async def main():
    nexus = Nexus()
    nexus.handle("hello", lambda call: f"hello {call.sender.resource}, here is Python process {os.getpid()}")
    async with nexus:
        app, peer_id = nexus.identity.app, nexus.identity.peer_id
        print("ready", nexus.identity.jid, peer_id, flush=True)
        greeted = {peer_id}

        while True:
            for worker in await nexus.find(app=app):
                if worker.peer_id not in greeted:
                    answer = await nexus.api(app=app, peer=worker.peer_id, cmd="hello")
                    greeted.add(worker.peer_id)
                    print("answered:", answer, flush=True)
            await asyncio.sleep(0.3)


async def until_asked():
    task = asyncio.ensure_future(main())
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        pass


asyncio.run(until_asked())
