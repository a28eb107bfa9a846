"""``setInterval`` and ``setTimeout`` as decorators. Milliseconds, as on the platform."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any

from .errors import NexusError
from .loops import current_loop

_log = logging.getLogger("nexus_mesh")

_SHORTEST = 0.001


class Timer:
    """A function that runs later, or again and again."""

    def __init__(self, function: Callable[[], Any], seconds: float, *, repeats: bool, safe: bool) -> None:
        self._function = function
        self._seconds = seconds
        self._repeats = repeats
        self._safe = safe
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
                if not self._safe:
                    return
            if not self._repeats:
                return


_keyed: dict[str, Timer] = {}


def setInterval(ms: float, *, key: str | None = None, safe: bool = True) -> Callable[[Callable[[], Any]], Timer]:  # noqa: N802
    """``@setInterval(5000)``: runs the function every 5 s, never twice at a time.

    ``key`` names it for ``clearInterval``, and ends what had that name. What the function raises is logged; with
    ``safe=False`` it ends the timer too. Raises ``INVALID`` when ``ms`` is no time.
    """
    return _timer(ms, key, repeats=True, safe=safe)


def setTimeout(ms: float, *, key: str | None = None, safe: bool = True) -> Callable[[Callable[[], Any]], Timer]:  # noqa: N802
    """``@setTimeout(5000)``: runs the function once, in 5 s. ``key`` as with ``setInterval``."""
    return _timer(ms, key, repeats=False, safe=safe)


def clearInterval(timer: str | Timer) -> None:  # noqa: N802
    """Ends a timer, by its key or as what the decorator gave. Does nothing when there is none of that key."""
    known = _keyed.pop(timer, None) if isinstance(timer, str) else timer
    if known is not None:
        known.clear()


clearTimeout = clearInterval


def _timer(ms: float, key: str | None, *, repeats: bool, safe: bool) -> Callable[[Callable[[], Any]], Timer]:
    if isinstance(ms, bool) or not isinstance(ms, (int, float)) or not 0 <= ms < float("inf"):
        raise NexusError("INVALID", f"a timer takes milliseconds, not {ms!r}")

    def start(function: Callable[[], Any]) -> Timer:
        timer = Timer(function, max(ms / 1000, _SHORTEST), repeats=repeats, safe=safe)
        if key is not None:
            clearInterval(key)
            _keyed[key] = timer
        return timer

    return start
