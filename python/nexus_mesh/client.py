"""The idiomatic face: a block of the mesh for asyncio programs."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from types import EllipsisType
from typing import Any, Self, Unpack

from .endings import stop_at_exit, unwind_on_signals
from .errors import NexusError
from .handlers import Handler, Handlers, channel_fields
from .jid import target_fields
from .keeper import SidecarKeeper
from .link import Link
from .options import NexusOptions
from .start_options import start_options
from .values import Identity, Status, body_of, identity_of, status_of

_log = logging.getLogger("nexus_mesh")

DEFAULT_TIMEOUT = 30.0
"""Seconds that a call waits when it does not say."""


class Nexus:
    """A block of the mesh, in a child process of its own (``nexus sidecar``), which is started again when it dies.

    ``credential`` is the path of a credential file, ``bootstrap`` multiaddrs of relays; by default what
    ``NEXUS_CREDENTIAL`` and ``NEXUS_BOOTSTRAP`` say. With ``resource`` (``RESOURCE``) the certificate must be of that
    resource. Where the environment says ``NEXUS_AUTHORITY``, that service enrols the block, with the secret in
    ``SERVICE_SECRET`` or ``EXPLORE_SECRET``, by default as ``pydefault``; ``credential`` is then the file that keeps
    it. Every method raises ``NexusError``.
    """

    def __init__(
        self,
        credential: str | os.PathLike[str] | None = None,
        bootstrap: Sequence[str] | None = None,
        *,
        resource: str | None = None,
        public: bool = True,
        **options: Unpack[NexusOptions],
    ) -> None:
        self._options = start_options(credential, bootstrap, resource, {"public": public, **options})
        self.credential: str | None = self._options.get("credential")
        """The path of the credential file."""
        self._handlers = Handlers()
        self._keeper = SidecarKeeper(
            self._options,
            on_up=self._on_up,
            on_down=self._on_down,
            on_call=self._handlers.on_call,
            on_event=self._on_event,
        )
        self.identity: Identity | None = None
        self.status = Status("connecting")

    @property
    def sidecar_pid(self) -> int | None:
        """The process that is the block, while it runs."""
        return self._keeper.pid

    @property
    def dropped(self) -> int:
        """Events that were dropped, as this program did not take them in time."""
        return self._handlers.dropped

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Starts the block; does not wait until it is in the mesh: ``status`` tells.

        From then on SIGTERM ends the program as Ctrl-C does, unless the program handles it: its ``finally`` blocks run
        and may call, then the block leaves the mesh.
        """
        loop = asyncio.get_running_loop()
        unwind_on_signals(loop)
        stop_at_exit(self, loop)
        await self._keeper.start()

    async def stop(self) -> None:
        """Leaves the mesh: lets calls under way end, 3 s at most. Safe to call twice."""
        if await self._keeper.stop():
            self._handlers.stop()

    async def api(
        self,
        *,
        app: str,
        cmd: str,
        body: Any = None,
        ownership: str | None = None,
        prioritize_mine: bool = False,
        resource: str | None = None,
        jid: str | None = None,
        peer: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        idempotent: bool = False,
    ) -> Any:
        """Calls a command of a worker and gives the answer's body. ``timeout`` is in seconds."""
        target = target_fields(app, ownership, prioritize_mine, resource, jid, peer)
        request = {**target, "cmd": cmd, "body": body, **({"idempotent": True} if idempotent else {})}
        return body_of(await self._keeper.request("api", request, timeout))

    async def direct(
        self,
        *,
        app: str,
        body: Any = None,
        ownership: str | None = None,
        prioritize_mine: bool = False,
        resource: str | None = None,
        jid: str | None = None,
        peer: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> None:
        """Sends a one-way message to one worker; returns when that worker's node has taken it."""
        target = target_fields(app, ownership, prioritize_mine, resource, jid, peer)
        await self._keeper.request("direct", {**target, "body": body}, timeout)

    async def find(
        self,
        *,
        app: str,
        ownership: str | None = None,
        prioritize_mine: bool = False,
        resource: str | None = None,
        jid: str | None = None,
        timeout: float = 2.0,
    ) -> list[Identity]:
        """The live workers of an app that are known after ``timeout`` seconds at the latest.

        An empty list says that somebody was asked and knows of none; raises ``UNREACHABLE`` when nobody could be.
        """
        target = target_fields(app, ownership, prioritize_mine, resource, jid, None)
        answer = await self._keeper.request("find", target, timeout)
        return [identity_of(worker) for worker in answer["workers"]]

    async def publish(
        self, channel: str, body: Any, *, secret: str | None = None, timeout: float = DEFAULT_TIMEOUT
    ) -> int:
        """Sends to everyone on a channel; gives to how many peers it was handed. ``timeout`` is in seconds."""
        request = {**channel_fields((channel, secret)), "body": body}
        answer = await self._keeper.request("publish", request, timeout)
        return int(answer["peers"])

    async def subscribe(
        self,
        channel: str,
        handler: Handler,
        *,
        secret: str | None = None,
        on_gap: Handler | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> str:
        """Receives a channel, also after the sidecar was started again. With another secret it is another channel.

        ``on_gap`` is told when messages were missed, with a ``Gap``; without it they are logged. Gives who knew of the
        subscription: ``relay``, ``peers``, ``alone``. ``timeout`` is in seconds.
        """
        key = (channel, secret)
        self._handlers.add_channel(key, handler, on_gap)
        try:
            answer = await self._keeper.request("subscribe", channel_fields(key), timeout)
        except NexusError:
            self._handlers.remove_channel(key, handler)
            raise
        return str(answer["reach"])

    async def unsubscribe(
        self, channel: str, handler: Handler | None = None, *, secret: str | EllipsisType | None = ...
    ) -> None:
        """Ends a handler's subscription, or all of a channel.

        With ``secret`` (``None``: without one) only what was subscribed to so; by default whatever the secret was.
        """
        keys = self._handlers.keys_of(channel) if isinstance(secret, EllipsisType) else [(channel, secret)]
        for key in keys:
            if self._handlers.remove_channel(key, handler):
                await self._keeper.request("unsubscribe", channel_fields(key), DEFAULT_TIMEOUT)

    def handle(self, cmd: str, handler: Handler | None = None) -> Any:
        """Serves a command: ``@nexus.handle("multiply")``. Raises ``INVALID`` when it has a handler already."""
        if handler is None:
            return lambda function: self.handle(cmd, function) or function
        self._handlers.add_command(cmd, handler)
        self._soon("handle", {"cmd": cmd})
        return None

    def on_direct(self, handler: Handler) -> Handler:
        """Receives directs."""
        if self._handlers.add_direct(handler):
            self._soon("listen", {"what": "direct"})
        return handler

    def on_status(self, handler: Handler) -> Handler:
        """Told of each change of ``status``."""
        self._handlers.add_status(handler)
        return handler

    # What is said before the block runs is said when it does, and again after each restart.
    def _soon(self, cmd: str, body: Any) -> None:
        if self._keeper.connected:
            task = asyncio.get_running_loop().create_task(self._keeper.request(cmd, body, DEFAULT_TIMEOUT))
            task.add_done_callback(lambda done: _report(cmd, done))

    async def _on_up(self, link: Link, answer: dict[str, Any]) -> None:
        self.identity = identity_of(answer["identity"])
        self._set_status(answer["status"])
        await self._handlers.set_up(link)

    def _on_down(self) -> None:
        self._handlers.link_ended()
        self._set_status({"state": "offline", "message": "the sidecar has ended"})

    def _on_event(self, told: dict[str, Any], acknowledge: Callable[[], None]) -> None:
        if told["event"] == "status":
            acknowledge()
            self._set_status(told)
        else:
            self._handlers.on_event(told, acknowledge)

    def _set_status(self, told: dict[str, Any]) -> None:
        self.status = status_of(told)
        self._handlers.on_status(self.status)


def _report(cmd: str, done: asyncio.Task[Any]) -> None:
    if not done.cancelled() and done.exception() is not None:
        _log.error("%s failed: %s", cmd, done.exception())
