"""Channels, on a real mesh."""

from __future__ import annotations

import asyncio
from typing import Any

from nexus_mesh import Message

from .support import OnAMesh, kill_sidecar, until


class Channels(OnAMesh):
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
