"""The commands of a worker of the platform: each may have several handlers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from .client import Nexus
from .values import Call

_log = logging.getLogger("nexus_mesh")

CallHandler = Callable[[Call], Awaitable[Any]]


class Commands:
    """All handlers of a command are called, and the first answer counts."""

    def __init__(self, client: Nexus) -> None:
        self._client = client
        self._handlers: dict[str, list[CallHandler]] = {}

    def add(self, cmd: str, handler: CallHandler) -> None:
        """One more handler of a command."""
        handlers = self._handlers.setdefault(cmd, [])
        handlers.append(handler)
        if len(handlers) == 1:

            async def answer(call: Call) -> Any:
                return await (handlers[0](call) if len(handlers) == 1 else _first([one(call) for one in handlers]))

            self._client.handle(cmd, answer)


async def _first(handlers: Sequence[Awaitable[Any]]) -> Any:
    """The first answer that is one. When there is none, ``None``, or what the first that failed raised."""
    tasks = [asyncio.ensure_future(handler) for handler in handlers]
    try:
        for earliest in asyncio.as_completed(tasks):
            try:
                answer = await earliest
            except Exception:  # whatever a handler raises
                continue
            if answer is not None:
                for task in tasks:
                    task.add_done_callback(_report)
                return answer
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise
    failures = [error for task in tasks if (error := task.exception()) is not None]
    if failures:
        raise failures[0]
    return None


def _report(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("a handler failed while another one has answered: %s", error, exc_info=error)
