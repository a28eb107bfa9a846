"""The idiomatic face, on a real mesh: calls, directs and find."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from nexus_mesh import Call, Message, Nexus, NexusError

from .support import OnAMesh, until


class Calls(OnAMesh):
    async def code_of(self, work: Any) -> str:
        with self.assertRaises(NexusError) as raised:
            await work
        return raised.exception.code

    async def test_calls_a_node_worker(self) -> None:
        nexus = await self.caller()
        answer = await nexus.api(app="etest", cmd="multiply", body={"a": 6, "b": 7})
        self.assertEqual(answer["result"], 42)
        self.assertEqual(answer["caller"]["jid"], "shop-carl-user@py.example/caller")
        self.assertEqual([worker.jid for worker in await nexus.find(app="etest")], [self.node["jid"]])
        await nexus.direct(app="etest", body={"hello": 1})
        self.assertEqual(await self.code_of(nexus.api(app="etest", cmd="nothing")), "NO_HANDLER")
        self.assertEqual(await self.code_of(nexus.api(app="Bad", cmd="x")), "INVALID")
        self.assertEqual(await self.code_of(nexus.api(app="etest", cmd="x", body={"a": float("nan")})), "INVALID")
        self.assertEqual(await self.code_of(nexus.api(app="etest", cmd="x", resource="a-b")), "INVALID")
        self.assertEqual(await self.code_of(nexus.api(app="etest", cmd="x", body={"a": "x" * 5_000_000})), "TOO_LARGE")

    async def test_find_tells_nobody_there_from_nobody_asked(self) -> None:
        nexus = await self.caller()
        self.assertEqual(await nexus.find(app="nobody"), [])
        alone = Nexus(self.mesh.credential("shop", "carl", "user", "alone", block="device"), [], listen=[])
        await alone.start()
        self.addAsyncCleanup(alone.stop)
        with self.assertRaises(NexusError) as raised:
            await alone.find(app="nobody")
        self.assertEqual(raised.exception.code, "UNREACHABLE")
        self.assertIn("no bootstrap was given", raised.exception.message)

    async def test_serves(self) -> None:
        worker, caller = await self.worker(), await self.caller()
        seen: list[Call] = []
        directs: list[Message] = []
        cancelled = asyncio.Event()
        began = asyncio.Event()

        @worker.handle("echo")
        async def echo(call: Call) -> Any:
            seen.append(call)
            return call.body

        @worker.handle("blocking")
        def blocking(call: Call) -> Any:
            return {"doubled": call.body["n"] * 2}

        @worker.handle("fails")
        async def fails(_: Call) -> Any:
            raise ValueError("secret")

        @worker.handle("answers an error")
        async def answers_an_error(_: Call) -> Any:
            raise NexusError("APPLICATION", "no credit", {"left": 0})

        @worker.handle("passes it on")
        async def passes_it_on(_: Call) -> Any:
            return await worker.api(app="pytest", cmd="answers an error")

        @worker.handle("answers too much")
        async def answers_too_much(_: Call) -> Any:
            raise NexusError("APPLICATION", "no", "x" * 20_000)

        @worker.handle("nothing")
        async def nothing(_: Call) -> None:
            return None

        @worker.handle("hangs")
        async def hangs(_: Call) -> None:
            try:
                began.set()
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                raise

        worker.on_direct(directs.append)
        with self.assertRaises(NexusError):
            worker.handle("echo", echo)
        body = {"text": "grüße 🎈", "list": [1, 2.5, None, True], "big": "x" * 1_000_000}
        self.assertEqual(await caller.api(app="pytest", cmd="echo", body=body, timeout=20), body)
        self.assertEqual(seen[0].sender.jid, "shop-carl-user@py.example/caller")
        self.assertIsNotNone(seen[0].grant_id)
        self.assertEqual(await caller.api(app="pytest", cmd="blocking", body={"n": 4}), {"doubled": 8})
        self.assertIsNone(await caller.api(app="pytest", cmd="nothing"))
        with self.assertRaises(NexusError) as raised:
            await caller.api(app="pytest", cmd="fails")
        self.assertEqual(raised.exception.code, "HANDLER_FAILED")
        self.assertNotIn("secret", raised.exception.message)
        with self.assertNoLogs("nexus_mesh", "ERROR"), self.assertRaises(NexusError) as raised:
            await caller.api(app="pytest", cmd="answers an error")
        failure = raised.exception
        self.assertEqual((failure.code, failure.message, failure.data), ("APPLICATION", "no credit", {"left": 0}))
        self.assertEqual(failure.as_value(), {"code": -502, "msg": "no credit", "data": {"left": 0}})
        self.assertEqual(await self.code_of(caller.api(app="pytest", cmd="passes it on")), "HANDLER_FAILED")
        self.assertEqual(await self.code_of(caller.api(app="pytest", cmd="answers too much")), "HANDLER_FAILED")
        self.assertEqual(await self.code_of(caller.api(app="pytest", cmd="hangs", timeout=0.5)), "TIMEOUT")
        await asyncio.wait_for(cancelled.wait(), 5)
        cancelled.clear()
        began.clear()
        task = asyncio.create_task(caller.api(app="pytest", cmd="hangs"))
        await asyncio.wait_for(began.wait(), 5)
        task.cancel()
        await asyncio.wait_for(cancelled.wait(), 5)
        await caller.direct(app="pytest", body=[1])
        await until(lambda: len(directs) == 1, "the direct")
        self.assertEqual((directs[0].body, directs[0].sender.uid), ([1], "carl"))
        many = await asyncio.gather(*(caller.api(app="pytest", cmd="echo", body=[n]) for n in range(500)))
        self.assertEqual(many, [[n] for n in range(500)])

    async def test_refused_without_the_service(self) -> None:
        guarded = await self.worker("guarded")
        # One that serves nothing is announced a second later.
        guarded.handle("echo", lambda call: call.body)
        stranger = await self.block("shop", "dora", "user", "stranger", block="device")

        async def found() -> bool:
            return len(await stranger.find(app="pytest")) > 0

        await until(found, "the worker")
        self.assertEqual(await self.code_of(stranger.api(app="pytest", cmd="echo")), "FORBIDDEN")

    async def test_says_what_is_wrong(self) -> None:
        with self.assertRaisesRegex(NexusError, "INVALID: .*NEXUS_CREDENTIAL"):
            await Nexus(bootstrap=[]).start()
        with self.assertRaisesRegex(NexusError, "INVALID: .*/nowhere.json"):
            await Nexus("/nowhere.json", []).start()
        with self.assertRaisesRegex(NexusError, "INVALID: not a resource"):
            Nexus("x.json", [], resource="a-b")
        credential = self.mesh.credential("pytest", "anna", "owner", "right")
        with self.assertRaisesRegex(NexusError, "resource 'right', not of 'wrong'"):
            await Nexus(credential, [], resource="wrong").start()
        broken = self.mesh.directory / "broken.json"
        broken.write_text(json.dumps({"version": 1}))
        with self.assertRaises(NexusError):
            await Nexus(broken, []).start()
