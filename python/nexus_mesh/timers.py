"""``setInterval`` and ``setTimeout`` as decorators. Seconds, as in the rest of Python."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

from .loops import current_loop

_log = logging.getLogger("nexus_mesh")


class Timer:
    """A function that runs later, or again and again."""

    def __init__(self, function: Callable[[], Any], seconds: float, *, repeats: bool) -> None:
        self._function = function
        self._seconds = seconds
        self._repeats = repeats
        self._task = current_loop().create_task(self._run())

    def __call__(self) -> Any:
        return self._function()

    def clear(self) -> None:
        """It does not run again."""
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            try:
                result = self._function()
                if inspect.isawaitable(result):
                    await result
            except Exception:  # whatever the function raises
                _log.exception("a timer failed")
            if not self._repeats:
                return


def setInterval(seconds: float) -> Callable[[Callable[[], Any]], Timer]:  # noqa: N802
    """``@setInterval(5)``: runs the function every 5 s."""
    return lambda function: Timer(function, seconds, repeats=True)


def setTimeout(seconds: float) -> Callable[[Callable[[], Any]], Timer]:  # noqa: N802
    """``@setTimeout(5)``: runs the function once, in 5 s."""
    return lambda function: Timer(function, seconds, repeats=False)


def clearInterval(timer: Timer) -> None:  # noqa: N802
    """Ends a timer."""
    timer.clear()


clearTimeout = clearInterval
