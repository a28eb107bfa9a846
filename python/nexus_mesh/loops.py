"""The event loop that a program runs, or will run."""

from __future__ import annotations

import asyncio
import warnings


def current_loop() -> asyncio.AbstractEventLoop:
    """The running loop; else the one that ``asyncio.get_event_loop()`` gives this program, made if there is none."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        pass
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            loop = asyncio.get_event_loop_policy().get_event_loop()
        if not loop.is_closed():
            return loop
    except RuntimeError:
        pass
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop
