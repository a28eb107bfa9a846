"""How a program ends: what a signal does, and that its blocks leave the mesh in order."""

from __future__ import annotations

import asyncio
import atexit
import logging
import signal
import threading
import weakref
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Protocol

_log = logging.getLogger("nexus_mesh")


class Ended(SystemExit, KeyboardInterrupt):
    """What a signal raises: the program ends with 0 and no traceback, and may catch it as it catches Ctrl-C."""


class Stoppable(Protocol):
    """A block that is stopped when the program ends."""

    async def stop(self) -> None:
        """Safe to call twice."""


_running: weakref.WeakKeyDictionary[Stoppable, asyncio.AbstractEventLoop] = weakref.WeakKeyDictionary()
_registered = False


def stop_at_exit(block: Stoppable, loop: asyncio.AbstractEventLoop) -> None:
    """Stops a block when the program ends, if its loop can still be run then."""
    global _registered
    _running[block] = loop
    if not _registered:
        _registered = True
        # Before the threads are waited for, if there is a way: a handler in one may wait for the loop.
        register: Callable[[Callable[[], None]], object] = getattr(threading, "_register_atexit", atexit.register)
        register(_stop_all)


def unwind_on_signals(loop: asyncio.AbstractEventLoop) -> None:
    """SIGTERM and SIGINT unwind the program, so that its own shutdown code runs, and the block can stop after it.

    Leaves alone what the program (or ``asyncio.run``, or a web server) handles itself, and what it ignores. SIGTERM
    does what SIGINT does if that is handled. A second signal ends the program at once.
    """
    if threading.current_thread() is not threading.main_thread():
        return

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        for number in handled:
            signal.signal(number, handled[number])
        if loop.is_running():
            # Not in the middle of a handler: what that was doing would fail.
            loop.call_soon_threadsafe(_unwind)
        else:
            _unwind()

    handled = {
        number: default
        for number, default in ((signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler))
        if signal.getsignal(number) is default
    }
    for number in handled:
        signal.signal(number, on_signal)


def _unwind() -> None:
    on_interrupt = signal.getsignal(signal.SIGINT)
    if callable(on_interrupt) and on_interrupt is not signal.default_int_handler:
        signal.raise_signal(signal.SIGINT)
    else:
        raise Ended(0)


def _stop_all() -> None:
    for block, loop in list(_running.items()):
        if not loop.is_closed() and not loop.is_running():
            _run(loop, block.stop)


def _run(loop: asyncio.AbstractEventLoop, stop: Callable[[], Awaitable[None]]) -> None:
    async def stopping() -> None:
        await stop()

    try:
        loop.run_until_complete(stopping())
    except Exception:  # the program ends all the same
        _log.exception("the block could not be stopped in order")
