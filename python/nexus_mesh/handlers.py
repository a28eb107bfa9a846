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
ChannelKey = tuple[str, str | None]
"""A channel's name and secret: with another secret it is another channel."""


class Handlers:
    """Commands, directs, channels and the status: who is told of them."""

    def __init__(self) -> None:
        self._commands: dict[str, Handler] = {}
        self._channels: dict[ChannelKey, list[tuple[Handler, Handler | None]]] = {}
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

    def add_channel(self, key: ChannelKey, handler: Handler, on_gap: Handler | None = None) -> None:
        self._channels.setdefault(key, []).append((handler, on_gap))

    def remove_channel(self, key: ChannelKey, handler: Handler | None) -> bool:
        """Takes a handler out, or all of a channel. Whether none is left."""
        known = self._channels.get(key, [])
        left = [] if handler is None else [subscriber for subscriber in known if subscriber[0] != handler]
        if left:
            self._channels[key] = left
            return False
        self._channels.pop(key, None)
        return True

    def keys_of(self, channel: str) -> list[ChannelKey]:
        """What is received by this name."""
        return [key for key in self._channels if key[0] == channel]

    async def set_up(self, link: Link) -> None:
        """Says everything to a sidecar that was just started."""
        said = [link.request("handle", {"cmd": cmd}, _SETUP_TIMEOUT) for cmd in self._commands]
        if self._directs:
            said.append(link.request("listen", {"what": "direct"}, _SETUP_TIMEOUT))
        for key in self._channels:
            said.append(link.request("subscribe", channel_fields(key), _SETUP_TIMEOUT))
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
            if self._gap_handlers(told):
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
            await self._on_gap(told)
            return
        message = message_of(told)
        if message.channel is None:
            handlers = [*self._directs]
        else:
            handlers = [handler for handler, _ in self._channels.get(_key_of(told), [])]
        for handler in handlers:
            await self._invoke(handler, message)

    def _gap_handlers(self, told: dict[str, Any]) -> list[Handler]:
        return [on_gap for _, on_gap in self._channels.get(_key_of(told), []) if on_gap is not None]

    async def _on_gap(self, told: dict[str, Any]) -> None:
        gap, handlers = gap_of(told), self._gap_handlers(told)
        if not handlers and gap.sender is not None:
            _log.warning("%d messages of %s on %s did not arrive", gap.missed, gap.sender.jid, gap.channel)
        for handler in handlers:
            await self._invoke(handler, gap)

    async def _invoke(self, handler: Handler, argument: Any) -> Any:
        if inspect.iscoroutinefunction(handler):
            return await handler(argument)
        result = await asyncio.get_running_loop().run_in_executor(self._threads, handler, argument)
        return await result if isinstance(result, Awaitable) else result


def channel_fields(key: ChannelKey) -> dict[str, str]:
    """A channel in a request, with its secret if it has one."""
    channel, secret = key
    return {"channel": channel} if secret is None else {"channel": channel, "secret": secret}


def _key_of(told: dict[str, Any]) -> ChannelKey:
    return (told.get("channel", ""), told.get("secret"))
