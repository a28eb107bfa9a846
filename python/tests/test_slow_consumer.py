"""Many messages into a handler that is too slow for them."""

from __future__ import annotations

import asyncio
import resource
import unittest
from pathlib import Path

from nexus_mesh import Message, Nexus

from .support import ROOT, Mesh, until

MESSAGES = 100_000
LIMIT_MB = 150

FLOOD = """
import { createNexus } from '%(root)s/src/index.ts'
const [credential, bootstrap, count] = process.argv.slice(1)
const nexus = await createNexus({ credential, bootstrap: [bootstrap], listen: [] })
for (let n = 0; n < Number(count); n += 500) {
  const batch = Array.from({ length: 500 }, (_, index) => ({ n: n + index, text: 'x'.repeat(100) }))
  await Promise.all(batch.map((body) => nexus.publish('flood', body)))
}
await new Promise((resolve) => setTimeout(resolve, 3000))
await nexus.stop()
process.exit()
"""


def memory_mb(pid: int | str) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


class SlowConsumer(unittest.IsolatedAsyncioTestCase):
    async def test_memory_stays_bounded_and_drops_are_counted(self) -> None:
        mesh = Mesh()
        self.addCleanup(mesh.close)
        asyncio.get_running_loop().set_debug(False)
        listen = ["/ip4/127.0.0.1/tcp/0"]
        slow = Nexus(mesh.credential("pytest", "anna", "owner", "slow"), mesh.bootstrap, listen=listen)
        await slow.start()
        self.addAsyncCleanup(slow.stop)
        await until(lambda: slow.status.state == "online", "it to be in")
        handled = 0
        free = asyncio.Event()

        async def handler(_: Message) -> None:
            nonlocal handled
            if not free.is_set():
                await asyncio.sleep(0.05)
            handled += 1

        await slow.subscribe("flood", handler)
        assert slow.sidecar_pid is not None
        before = memory_mb("self") + memory_mb(slow.sidecar_pid)
        peak = before
        sender = mesh.credential("shop", "carl", "user", "flood", block="device")
        flood = await asyncio.create_subprocess_exec(
            mesh.node, "--input-type=module", "-e", FLOOD % {"root": ROOT}, sender, mesh.bootstrap[0], str(MESSAGES)
        )
        while flood.returncode is None:
            peak = max(peak, memory_mb("self") + memory_mb(slow.sidecar_pid))
            await asyncio.sleep(0.05)
        self.assertEqual(flood.returncode, 0)
        self.assertLess(peak - before, LIMIT_MB)
        free.set()
        # What was not handled was counted, but for what gossip itself had not brought yet when the last was sent.
        await until(lambda: handled + slow.dropped >= MESSAGES * 0.99, "all to be handled or counted", 60)
        self.assertGreater(slow.dropped, 0)
        self.assertLessEqual(handled + slow.dropped, MESSAGES)
