"""The face that workers of the platform know: ``App``. Failures are values."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, cast

from .attributes import Attributes
from .bodies import check_body
from .client import DEFAULT_TIMEOUT, Nexus
from .commands import Commands
from .decorators import Decorators, Function, command_handler
from .envs import read_envs
from .errors import NexusError
from .jid import parse_jid
from .loops import current_loop
from .pending import Pending
from .rest import RestServer
from .values import Message


_PONG = {"pong": True, "environment": "python"}


class App(Attributes):
    """A worker. It starts with its event loop, goes on for as long as that runs, and ends in order by SIGTERM too.

    ``rest`` starts a REST server, with the routes of the attribute ``rest``, on a port (``True``: 3000); it needs the
    packages ``fastapi`` and ``uvicorn``. In a web server of one's own use ``lifespan=App.lifespan``. ``image`` is taken
    for old programs' sake; nobody reads it. ``credential``, ``bootstrap`` and ``resource`` are taken from
    ``NEXUS_CREDENTIAL``, ``NEXUS_BOOTSTRAP`` and ``RESOURCE`` (or the files of the folder ``envs``) unless they are
    given.
    """

    def __init__(
        self,
        *,
        image: str | None = None,  # noqa: ARG002
        public: bool = True,
        rest: bool | int = False,
        credential: str | os.PathLike[str] | None = None,
        bootstrap: Sequence[str] | None = None,
        resource: str | None = None,
    ) -> None:
        read_envs()
        self.client = Nexus(credential, bootstrap, resource=resource, public=public, pong=_PONG)
        self.nexus = Decorators(self)
        self._commands = Commands(self.client)
        self._server = None if rest is False else RestServer(self.rest, rest)
        self.channels: set[str] = set()
        self.receivers: dict[str, list[Function]] = {}
        self.everything: list[Function] = []
        self.receives_directs = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._starting: asyncio.Task[None] | None = None
        # It starts when its loop runs; a program that brings another loop starts it with `lifespan`.
        loop = current_loop()
        loop.call_soon(self._begin, loop)

    def connected(self) -> bool:
        """Whether it is in the mesh now."""
        return self.client.status.state in ("online", "degraded")

    @contextlib.asynccontextmanager
    async def lifespan(self, _app: object = None) -> AsyncIterator[None]:
        """For FastAPI: ``FastAPI(lifespan=App.lifespan)``. Starts with the server, and leaves the mesh with it.

        In a program that runs by ``asyncio.run``: ``async with App.lifespan(): ...``.
        """
        self._begin(asyncio.get_running_loop())
        try:
            yield
        finally:
            if self._server is not None:
                await self._server.stop()
            await self.client.stop()

    def on(self, cmd: str, callback: Function) -> None:
        """Serves a command. The callback is given ``NexusAPISpecs``; what it returns is the answer.

        One command may have several callbacks: all are called, and the first answer but ``None`` counts.
        """
        self._commands.add(cmd, command_handler(callback))

    def subscribe(self, channel: str) -> Pending:
        """Receives a channel, and gives 0; begins at once."""
        return self._pending("App.subscribe", self._value(self._subscribe, channel))

    def unsubscribe(self, channel: str) -> Pending:
        """Ends that; begins at once."""
        self.channels.discard(channel)
        return self._pending("App.unsubscribe", self._value(self.client.unsubscribe, channel))

    def sendtochannel(self, channel: str, body: Any = None) -> Pending:
        """Sends to everyone on a channel; subscribes first when needed. Begins at once."""
        return self._pending("App.sendtochannel", self._value(self._send_to_channel, channel, body))

    def sendtojid(self, jid: str, body: Any = None) -> Pending:
        """Sends a direct to a worker of this JID; begins at once."""
        return self._pending("App.sendtojid", self._value(self._send_to_jid, jid, body))

    def direct(self, *, app: str, body: Any = None, ownership: str | None = "owner", **target: Any) -> Pending:
        """Sends a direct to a worker of an app, by default one of the app's owner; begins at once."""
        chosen = {**target, "ownership": _ownership(ownership, target.get("jid"))}
        return self._pending("App.direct", self._value(self._direct, app, body, chosen))

    async def api(
        self,
        *,
        app: str,
        cmd: str,
        body: Any = None,
        ownership: str | None = "owner",
        resource: str | None = None,
        prioritize_mine: bool = False,
        jid: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,
    ) -> Any:
        """Calls a command of a worker, by default one of the app's owner, and gives the answer.

        A failure is a value: ``{"error": "no worker found"}``, ``{"error": "timeout"}``,
        ``{"code": -1000, "msg": "no api handler"}``, and ``{code, msg}`` for all others. ``ownership`` is ``"owner"``,
        ``"mine"`` or ``None`` for all; a ``jid`` says enough. ``timeout`` is in seconds.
        """
        target = {"ownership": _ownership(ownership, jid), "resource": resource, "prioritize_mine": prioritize_mine, "jid": jid}
        return await self._on_loop(self._value(self._api, app, cmd, body, timeout, target))

    def find(self, *, app: str, **target: Any) -> Any:
        """``{code: 0, jids: [...]}``. Await it; outside a running loop it waits itself and gives the value."""
        found = self._value(self._find, app, target)
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return self._wait(found)
        return self._pending("App.find", found)

    async def on_everything(self, message: Message) -> None:
        """Hands a message to those who receive everything."""
        for receiver in self.everything:
            await receiver(message)

    async def _on_channel(self, message: Message) -> None:
        for receiver in self.receivers.get(message.channel or "", []):
            await receiver(message)
        await self.on_everything(message)

    async def _api(self, app: str, cmd: str, body: Any, timeout: float, target: dict[str, Any]) -> Any:
        try:
            return await self.client.api(app=app, cmd=cmd, body=check_body(body), timeout=timeout, **target)
        except NexusError as error:
            if error.code == "NO_HANDLER":
                return {"code": -1000, "msg": "no api handler"}
            raise

    async def _subscribe(self, channel: str) -> int:
        if channel not in self.channels:
            self.channels.add(channel)
            try:
                await self.client.subscribe(channel, self._on_channel)
            except NexusError:
                self.channels.discard(channel)
                raise
        return 0

    async def _direct(self, app: str, body: Any, target: dict[str, Any]) -> None:
        await self.client.direct(app=app, body=check_body(body), **target)

    async def _find(self, app: str, target: dict[str, Any]) -> dict[str, Any]:
        workers = await self.client.find(app=app, **target)
        return {"code": 0, "jids": [worker.jid for worker in workers]}

    async def _send_to_jid(self, jid: str, body: Any) -> None:
        await self.client.direct(app=parse_jid(jid).app, jid=jid, body=check_body(body))

    async def _send_to_channel(self, channel: str, body: Any) -> None:
        checked = check_body(body)
        await self._subscribe(channel)
        await self.client.publish(channel, checked)

    async def _value(self, work: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        try:
            await self._started()
            result = await work(*args)
            return {"code": 0} if result is None else result
        except NexusError as error:
            return error.as_value()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._starting is None:
            self._loop = loop
            self._thread = threading.get_ident()
            self._starting = loop.create_task(self.client.start())
            if self._server is not None:
                self._server.start(loop)

    async def _started(self) -> None:
        self._begin(asyncio.get_running_loop())
        assert self._starting is not None
        await asyncio.shield(self._starting)

    # From a handler that runs in a thread, work goes to the loop.
    async def _on_loop(self, work: Coroutine[Any, Any, Any]) -> Any:
        if self._loop is None or self._loop is asyncio.get_running_loop():
            return await work
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def _pending(self, what: str, work: Coroutine[Any, Any, Any]) -> Pending:
        loop = self._loop
        if loop is not None and loop.is_running() and threading.get_ident() != self._thread:
            # A thread cannot await: it is given what it can wait for with `result()`.
            return cast(Pending, asyncio.run_coroutine_threadsafe(work, loop))
        return Pending(current_loop().create_task(work), what)

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        loop = self._loop
        if loop is not None and loop.is_running():
            return asyncio.run_coroutine_threadsafe(work, loop).result()
        return current_loop().run_until_complete(work)


AppClass = App
"""The name by which programs of the platform know it."""


def _ownership(ownership: str | None, jid: Any) -> str | None:
    """A JID says whose worker it is."""
    return ownership if jid is None else None
