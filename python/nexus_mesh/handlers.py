"""The handlers of a block, and what is said on the link so that calls and messages come to them."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .errors import NexusError
from .events import EventQueue
from .link import Link
from .values import Gap, Status, call_of, gap_of, message_of

_log = logging.getLogger("nexus_mesh")

_SETUP_TIMEOUT = 30.0
_THREADS = 32

Handler = Callable[[Any], Any]


class Handlers:
    """Commands, directs, channels and the status: who is told of them."""

    def __init__(self) -> None:
        self._commands: dict[str, Handler] = {}
        self._channels: dict[str, list[Handler]] = {}
        self._secrets: dict[str, str | None] = {}
        self._gaps: dict[str, list[tuple[Handler, Handler]]] = {}
        self._directs: list[Handler] = []
        self._status: list[Handler] = []
        self._events = EventQueue(self._on_message)
        self._threads = ThreadPoolExecutor(_THREADS, "nexus")
        self.dropped = 0
        """Events that were dropped, as this program did not take them in time."""

    def add_command(self, cmd: str, handler: Handler) -> None:
        """Raises ``INVALID`` when the command has a handler already."""
        if cmd in self._commands:
            raise NexusError("INVALID", f"the command {cmd!r} has a handler already")
        self._commands[cmd] = handler

    def add_direct(self, handler: Handler) -> bool:
        """Whether it is the first one."""
        self._directs.append(handler)
        return len(self._directs) == 1

    def add_status(self, handler: Handler) -> None:
        self._status.append(handler)

    def add_channel(self, channel: str, handler: Handler, secret: str | None, on_gap: Handler | None = None) -> None:
        self._channels.setdefault(channel, []).append(handler)
        if on_gap is not None:
            self._gaps.setdefault(channel, []).append((handler, on_gap))
        self._secrets[channel] = secret

    def remove_channel(self, channel: str, handler: Handler | None) -> bool:
        """Takes a handler out, or all of a channel. Whether none is left."""
        left = [] if handler is None else [known for known in self._channels.get(channel, []) if known != handler]
        if left:
            self._channels[channel] = left
            self._gaps[channel] = [pair for pair in self._gaps.get(channel, []) if pair[0] != handler]
            return False
        self._channels.pop(channel, None)
        self._gaps.pop(channel, None)
        self._secrets.pop(channel, None)
        return True

    async def set_up(self, link: Link) -> None:
        """Says everything to a sidecar that was just started."""
        said = [link.request("handle", {"cmd": cmd}, _SETUP_TIMEOUT) for cmd in self._commands]
        if self._directs:
            said.append(link.request("listen", {"what": "direct"}, _SETUP_TIMEOUT))
        for channel in self._channels:
            body = {"channel": channel, **secret_field(self._secrets.get(channel))}
            said.append(link.request("subscribe", body, _SETUP_TIMEOUT))
        for result in await asyncio.gather(*said, return_exceptions=True):
            if isinstance(result, BaseException):
                _log.error("what was set up before could not be set up again: %s", result)

    async def on_call(self, told: dict[str, Any]) -> Any:
        """Runs the handler of a command, and gives its answer. Raises ``NO_HANDLER``."""
        handler = self._commands.get(told["cmd"])
        if handler is None:
            raise NexusError("NO_HANDLER", f"there is no command {told['cmd']!r}")
        return await self._invoke(handler, call_of(told))

    def on_event(self, told: dict[str, Any], acknowledge: Callable[[], None]) -> None:
        """Takes up a message, and acknowledges it when there is room for the next."""
        if told["event"] == "dropped":
            acknowledge()
            self.dropped += told["count"]
            where = told.get("channel", "directs")
            _log.warning("%d messages of %s were dropped: handlers are too slow", told["count"], where)
            if self._gaps.get(told.get("channel", "")):
                self._events.take(told, lambda: None)
        else:
            self._events.take(told, acknowledge)

    def on_status(self, status: Status) -> None:
        """Tells of the status."""
        for handler in [*self._status]:
            try:
                handler(status)
            except Exception:  # whatever a handler raises
                _log.exception("a handler of the status failed")

    def link_ended(self) -> None:
        """What has come is handled all the same, and acknowledged to nobody."""
        self._events.clear_waiting()

    def stop(self) -> None:
        """Begins no more of the handlers that run in threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _on_message(self, told: dict[str, Any]) -> None:
        if told["event"] in ("gap", "dropped"):
            await self._on_gap(gap_of(told))
            return
        message = message_of(told)
        handlers = self._directs if message.channel is None else self._channels.get(message.channel, [])
        for handler in [*handlers]:
            await self._invoke(handler, message)

    async def _on_gap(self, gap: Gap) -> None:
        handlers = [on_gap for _, on_gap in self._gaps.get(gap.channel, [])]
        if not handlers and gap.sender is not None:
            _log.warning("%d messages of %s on %s did not arrive", gap.missed, gap.sender.jid, gap.channel)
        for handler in handlers:
            await self._invoke(handler, gap)

    async def _invoke(self, handler: Handler, argument: Any) -> Any:
        if inspect.iscoroutinefunction(handler):
            return await handler(argument)
        result = await asyncio.get_running_loop().run_in_executor(self._threads, handler, argument)
        return await result if isinstance(result, Awaitable) else result


def secret_field(secret: str | None) -> dict[str, str]:
    """The secret of a channel in a request, if it has one."""
    return {} if secret is None else {"secret": secret}
