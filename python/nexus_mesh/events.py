"""Events on their way to handlers: bounded, in order, and never lost without a word."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

_log = logging.getLogger("nexus_mesh")

MAX_QUEUED = 1_024
"""Events taken up before the handlers are done with the earlier ones. The sidecar keeps some more, and then drops."""
MAX_RUNNING = 64
"""Handlers of events that run at a time."""


class EventQueue:
    """Hands events to a handler, so many at a time, begun in their order."""

    def __init__(self, handle: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self._handle = handle
        self._queue: deque[dict[str, Any]] = deque()
        self._waiting: deque[tuple[dict[str, Any], Callable[[], None]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    def take(self, event: dict[str, Any], acknowledge: Callable[[], None]) -> None:
        """Takes an event up, and acknowledges it when there is room."""
        if len(self._queue) < MAX_QUEUED:
            acknowledge()
            self._queue.append(event)
            self._run()
        else:
            self._waiting.append((event, acknowledge))

    def clear_waiting(self) -> None:
        """The sidecar has ended: what was not acknowledged is handled all the same, and acknowledged to nobody."""
        self._waiting = deque((event, lambda: None) for event, _ in self._waiting)

    def _run(self) -> None:
        while self._queue and len(self._running) < MAX_RUNNING:
            task = asyncio.get_running_loop().create_task(self._one(self._queue.popleft()))
            self._running.add(task)
            task.add_done_callback(self._done)
        while self._waiting and len(self._queue) < MAX_QUEUED:
            event, acknowledge = self._waiting.popleft()
            acknowledge()
            self._queue.append(event)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._run()

    async def _one(self, event: dict[str, Any]) -> None:
        try:
            await self._handle(event)
        except Exception:  # whatever a handler raises
            _log.exception("a handler of %s failed", event.get("channel", event.get("event")))
