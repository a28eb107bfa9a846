"""Results of calls that begin at once, whether anybody awaits them or not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from typing import Any

from .errors import NexusError

_log = logging.getLogger("nexus_mesh")


class Pending:
    """A call under way. Await it for its result; using it as if it were the result raises an error that says so."""

    def __init__(self, task: asyncio.Task[Any], what: str) -> None:
        self._task = task
        self._what = what
        self._awaited = False
        task.add_done_callback(self._report)

    def __await__(self) -> Generator[Any, None, Any]:
        self._awaited = True
        return self._task.__await__()

    def done(self) -> bool:
        """Whether it has ended."""
        return self._task.done()

    def cancel(self) -> bool:
        """Gives it up."""
        return self._task.cancel()

    def _report(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and task.exception() is not None and not self._awaited:
            _log.error("%s failed: %s", self._what, task.exception())
        elif not self._awaited and not task.cancelled() and _is_failure(task.result()):
            _log.error("%s failed: %s", self._what, task.result().get("msg", task.result().get("error")))

    def _misused(self, *_: Any) -> Any:
        raise NexusError("INVALID", f"{self._what} gives its result when it is awaited: await {self._what}(...)")

    __getitem__ = __iter__ = __len__ = __contains__ = __bool__ = _misused

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._misused()


def _is_failure(result: Any) -> bool:
    if not isinstance(result, dict):
        return False
    code = result.get("code")
    return set(result) == {"error"} or (isinstance(code, int) and code < 0 and "msg" in result)
