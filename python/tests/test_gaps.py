"""What a program is told of messages that it missed, and of what is not as it should be."""

from __future__ import annotations

import unittest
from typing import Any

from nexus_mesh import Gap, Message, Notice, Status
from nexus_mesh.handlers import Handlers
from nexus_mesh.values import status_of

from .support import until

SENDER = {
    "network": "test.nexus.example",
    "app": "etest",
    "uid": "anna",
    "role": "owner",
    "block": "worker",
    "resource": "default",
    "jid": "etest-anna-owner@test.nexus.example/default",
    "peerId": "p",
}
GAP: dict[str, Any] = {"event": "gap", "channel": "news", "from": SENDER, "missed": 7}
NEWS = ("news", None)
DROPPED: dict[str, Any] = {"event": "dropped", "channel": "news", "count": 2}


class Gaps(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.handlers = Handlers()
        self.gaps: list[Gap] = []
        self.acknowledged = 0
        self.addCleanup(self.handlers.stop)

    async def hear(self, _: Message) -> None:
        raise AssertionError("a gap is no message")

    async def on_gap(self, gap: Gap) -> None:
        self.gaps.append(gap)

    def take(self, told: dict[str, Any]) -> None:
        def acknowledge() -> None:
            self.acknowledged += 1

        self.handlers.on_event(told, acknowledge)

    async def test_on_gap_is_told_what_was_missed_and_what_was_dropped(self) -> None:
        self.handlers.add_channel(NEWS, self.hear, self.on_gap)
        self.take(GAP)
        self.take(DROPPED)
        self.take({**GAP, "channel": "another"})
        self.take({**GAP, "secret": "with another secret it is another channel"})
        await until(lambda: len(self.gaps) == 2, "both gaps")
        first, second = self.gaps
        self.assertEqual((first.channel, first.missed), ("news", 7))
        assert first.sender is not None
        self.assertEqual(first.sender.jid, SENDER["jid"])
        self.assertEqual(second, Gap("news", 2))
        self.assertEqual((self.acknowledged, self.handlers.dropped), (4, 2))

    async def test_without_on_gap_it_is_logged(self) -> None:
        self.handlers.add_channel(NEWS, self.hear)
        with self.assertLogs("nexus_mesh", "WARNING") as logs:
            self.take(GAP)
            await until(lambda: len(logs.output) == 1, "the line")
        self.assertIn("7 messages of etest-anna-owner@test.nexus.example/default on news", logs.output[0])

    async def test_a_handler_that_left_is_told_nothing(self) -> None:
        async def stays(_: Message) -> None: ...

        self.handlers.add_channel(NEWS, self.hear, self.on_gap)
        self.handlers.add_channel(NEWS, stays)
        self.handlers.remove_channel(NEWS, self.hear)
        with self.assertLogs("nexus_mesh", "WARNING") as logs:
            self.take(GAP)
            await until(lambda: len(logs.output) == 1, "the line")
        self.assertEqual(self.gaps, [])

    def test_the_status_has_the_notices(self) -> None:
        told = {"state": "degraded", "reason": "WRONG_CLOCK", "message": "m"}
        self.assertEqual(status_of(told), Status("degraded", "WRONG_CLOCK", "m"))
        notices = [{"reason": "WRONG_CLOCK", "message": "n", "aheadMs": -600_000}]
        self.assertEqual(status_of({**told, "notices": notices}).notices, (Notice("WRONG_CLOCK", "n", -600_000),))
