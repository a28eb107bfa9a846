"""The idiomatic face, on a real mesh."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import unittest
from typing import Any

from nexus_mesh import Call, Message, Nexus, NexusError

from .support import Mesh, until


def kill_sidecar(nexus: Nexus) -> None:
    assert nexus.sidecar_pid is not None
    os.kill(nexus.sidecar_pid, signal.SIGKILL)


class OnAMesh(unittest.IsolatedAsyncioTestCase):
    mesh: Mesh
    node: dict[str, Any]

    @classmethod
    def setUpClass(cls) -> None:
        cls.mesh = Mesh()
        cls.node = cls.mesh.node_worker()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.mesh.close()

    async def block(self, app: str, uid: str, role: str, resource: str, **options: Any) -> Nexus:
        kind = {name: options.pop(name) for name in ("block", "grants") if name in options}
        credential = self.mesh.credential(app, uid, role, resource, **kind)
        nexus = Nexus(credential, self.mesh.bootstrap, listen=["/ip4/127.0.0.1/tcp/0"], **options)
        await nexus.start()
        self.addAsyncCleanup(nexus.stop)
        return nexus

    async def caller(self) -> Nexus:
        return await self.block("shop", "carl", "user", "caller", block="device", grants=("etest", "pytest"))

    async def worker(self, resource: str = "pydefault") -> Nexus:
        return await self.block("pytest", "anna", "owner", resource)

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

    async def test_channels(self) -> None:
        one, two = await self.worker("one"), await self.worker("two")
        got: list[Message] = []
        await until(lambda: one.status.state == "online" and two.status.state == "online", "both to be in")
        self.assertEqual(await two.subscribe("talk", got.append), "relay")
        self.assertGreaterEqual(await one.publish("talk", {"n": 1}), 1)
        await two.publish("talk", {"n": 2})
        await until(lambda: len(got) == 2, "two messages")
        told = sorted((message.body["n"], message.its_me, message.its_bro) for message in got)
        self.assertEqual(told, [(1, False, True), (2, True, False)])
        await two.unsubscribe("talk")

    async def test_a_channel_with_two_secrets(self) -> None:
        one, two = await self.worker("sender"), await self.worker("receiver")
        await until(lambda: one.status.state == "online" and two.status.state == "online", "both to be in")
        got: dict[str | None, list[Any]] = {"a": [], "b": [], None: []}

        async def handler(message: Message) -> None:
            got["a"].append(message.body)

        await asyncio.gather(
            two.subscribe("secrets", handler, secret="a"),
            two.subscribe("secrets", lambda message: got["b"].append(message.body), secret="b"),
            two.subscribe("secrets", lambda message: got[None].append(message.body)),
        )

        async def publish(number: int) -> None:
            for secret in got:
                await one.publish("secrets", [number, secret], secret=secret)

        await publish(1)
        await until(lambda: all(got.values()), "the messages")
        self.assertEqual(got, {"a": [[1, "a"]], "b": [[1, "b"]], None: [[1, None]]})

        # They are there again, each with its secret, when the sidecar was started again.
        kill_sidecar(two)
        await until(lambda: two.status.state == "offline", "the sidecar to be gone")
        await until(lambda: two.status.state == "online", "the sidecar to be back")

        async def again() -> bool:
            await publish(2)
            return all([2, secret] in bodies for secret, bodies in got.items())

        await until(again, "the messages after the restart")
        for secret, bodies in got.items():
            self.assertEqual({told for _, told in bodies}, {secret})
        await two.unsubscribe("secrets", handler, secret="a")
        await publish(3)
        await until(lambda: [3, "b"] in got["b"] and [3, None] in got[None], "those of the others")
        self.assertNotIn([3, "a"], got["a"])
        await two.unsubscribe("secrets")
        self.assertEqual(await two.subscribe("secrets", got["b"].append, secret="b"), "relay")

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

