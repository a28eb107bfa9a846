"""A sidecar that is killed under load, on a real mesh."""

from __future__ import annotations

import asyncio
from typing import Any

from nexus_mesh import Call, NexusError

from .support import OnAMesh, kill_sidecar, until


class Restart(OnAMesh):
    async def test_comes_back_when_the_sidecar_is_killed_under_load(self) -> None:
        worker, caller = await self.worker("killed"), await self.caller()
        heard: list[Any] = []

        @worker.handle("count")
        async def count(call: Call) -> Any:
            return call.body

        await worker.subscribe("still", lambda message: heard.append(message.body))
        await caller.api(app="pytest", cmd="count", resource="killed", body=[0])
        settled: list[str] = []

        async def call(n: int) -> None:
            try:
                await caller.api(app="pytest", cmd="count", resource="killed", body=[n], timeout=10)
                settled.append("ok")
            except NexusError as error:
                settled.append(error.code)

        calls = []
        for n in range(300):
            calls.append(asyncio.create_task(call(n)))
            if n == 100:
                kill_sidecar(caller)
                killed = asyncio.get_running_loop().time()
            await asyncio.sleep(0.01)
        await asyncio.gather(*calls)
        self.assertEqual(len(settled), 300)
        self.assertLessEqual(set(settled), {"ok", "LOST", "UNREACHABLE"})
        self.assertGreater(settled.count("ok"), 150)
        self.assertLess(asyncio.get_running_loop().time() - killed, 15)
        kill_sidecar(worker)
        await until(lambda: worker.status.state == "online", "the worker to be back")

        async def heard_again() -> bool:
            await caller.publish("still", {"here": True})
            return len(heard) > 0

        await until(heard_again, "a message after the restart")
        self.assertEqual(await caller.api(app="pytest", cmd="count", resource="killed", body=[1]), [1])
