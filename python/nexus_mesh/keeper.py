"""Keeping the sidecar running: it is started again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from .errors import NexusError
from .link import LINK_VERSION, Link
from .sidecar import start_sidecar

_log = logging.getLogger("nexus_mesh")

_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 5.0
_LEAVE_TIMEOUT = 2.0
_BACKOFF = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
_GOOD_SECONDS = 10.0
"""A sidecar that ran for so long was a good one: the waits begin anew."""


class SidecarKeeper:
    """The sidecar of a block, and the link to it.

    ``on_up`` is given the link and the answer to ``hello`` before anybody else may use the link, ``on_down`` is told
    that the sidecar has ended. ``on_call`` and ``on_event`` are those of the link.
    """

    def __init__(
        self,
        options: dict[str, Any],
        *,
        on_up: Callable[[Link, dict[str, Any]], Awaitable[None]],
        on_down: Callable[[], None],
        on_call: Callable[[dict[str, Any]], Awaitable[Any]],
        on_event: Callable[[dict[str, Any], Callable[[], None]], None],
    ) -> None:
        self._options = options
        self._on_up = on_up
        self._on_down = on_down
        self._on_call = on_call
        self._on_event = on_event
        self._link: Link | None = None
        self._ready: asyncio.Future[Link] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._stopping = False
        self.pid: int | None = None
        """The process that is the block, while it runs."""

    @property
    def connected(self) -> bool:
        """Whether the link stands."""
        return self._link is not None and not self._link.closed.done()

    async def start(self) -> None:
        """Returns when the first sidecar has started. Raises what it failed with."""
        if self._keeping is None:
            loop = asyncio.get_running_loop()
            self._ready = loop.create_future()
            first: asyncio.Future[None] = loop.create_future()
            self._keeping = loop.create_task(self._keep(first))
            await first

    async def stop(self) -> bool:
        """Has the block leave the mesh, and ends the sidecar. ``False`` when that was asked before."""
        if self._stopping:
            return False
        self._stopping = True
        if self._link is not None and self.connected:
            with contextlib.suppress(NexusError, TimeoutError):
                await asyncio.wait_for(self._link.request("stop", None, _STOP_TIMEOUT), _STOP_TIMEOUT)
            await self._link.close()
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        return True

    async def request(self, cmd: str, body: Any, timeout: float) -> Any:
        """Asks the sidecar, when there is one. Raises ``STOPPED``, ``TIMEOUT``, and what the answer says."""
        # Handlers that still run while the block stops may need others to finish: the sidecar decides.
        ended = self._stopping and not self.connected
        if ended or self._keeping is None or self._ready is None:
            raise NexusError("STOPPED", "this block does not run")
        if not self._ready.done():
            try:
                await asyncio.wait_for(asyncio.shield(self._ready), timeout)
            except TimeoutError as error:
                raise NexusError("TIMEOUT", f"the sidecar was not there within {timeout} s") from error
        return await self._ready.result().request(cmd, body, timeout)

    async def _keep(self, first: asyncio.Future[None]) -> None:
        attempt = 0
        while not self._stopping:
            started = asyncio.get_running_loop().time()
            try:
                await self._run_once(first)
            except NexusError as error:
                if not first.done():
                    first.set_exception(error)
                    return
                _log.error("the sidecar did not start: %s", error)
            if self._stopping:
                return
            attempt = 0 if asyncio.get_running_loop().time() - started > _GOOD_SECONDS else attempt + 1
            delay = _BACKOFF[min(attempt, len(_BACKOFF) - 1)] if attempt > 1 else 0
            _log.warning("the sidecar has ended: it is started again in %s s", delay)
            await asyncio.sleep(delay)

    async def _run_once(self, first: asyncio.Future[None]) -> None:
        process = await start_sidecar()
        assert process.stdin is not None and process.stdout is not None
        self.pid = process.pid
        link = Link(process.stdout, process.stdin, self._on_call, self._on_event)
        try:
            hello = {"version": LINK_VERSION, "options": self._options}
            await self._on_up(link, await link.request("hello", hello, _START_TIMEOUT))
            self._link = link
            assert self._ready is not None
            self._ready.set_result(link)
            if not first.done():
                first.set_result(None)
            await link.closed
        finally:
            if self._ready is None or self._ready.done():
                self._ready = asyncio.get_running_loop().create_future()
            await link.close()
            await _end(process)
            self.pid = None
        self._on_down()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Waits until a sidecar whose link was closed has left the mesh, and ends one that does not."""
    try:
        await asyncio.wait_for(process.wait(), _LEAVE_TIMEOUT)
    except TimeoutError:
        _log.warning("the sidecar did not end with its link: it is killed")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    await process.wait()
