"""The idiomatic face: a block of the mesh for asyncio programs."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import inspect
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

from .errors import NexusError
from .events import EventQueue
from .jid import check_resource, parse_jid
from .link import LINK_VERSION, Link
from .sidecar import start_sidecar

_log = logging.getLogger("nexus_mesh")

DEFAULT_TIMEOUT = 30.0
"""Seconds that a call waits when it does not say."""
_START_TIMEOUT = 30.0
_STOP_TIMEOUT = 5.0
_BACKOFF = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
_THREADS = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a block is, as its verified certificate says."""

    network: str
    app: str
    uid: str
    role: str
    block: str
    resource: str
    jid: str
    peer_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """What the handler of a command is given."""

    cmd: str
    body: Any
    sender: Identity
    grant_id: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """What the handler of a direct or a channel is given."""

    body: Any
    sender: Identity
    channel: str | None = None
    its_me: bool = False
    its_bro: bool = False
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How the block stands with its mesh; ``state`` is ``connecting``, ``online``, ``degraded`` or ``offline``."""

    state: str
    reason: str | None = None
    message: str = ""


Handler = Callable[[Any], Any]


class Nexus:
    """A block of the mesh, in a child process of its own (``nexus sidecar``), which is started again when it dies.

    ``credential`` is the path of a credential file, ``bootstrap`` multiaddrs of relays; by default what
    ``NEXUS_CREDENTIAL`` and ``NEXUS_BOOTSTRAP`` say. With ``resource`` (``RESOURCE``) the certificate must be of that
    resource. Every method raises ``NexusError``.
    """

    def __init__(
        self,
        credential: str | os.PathLike[str] | None = None,
        bootstrap: Sequence[str] | None = None,
        *,
        resource: str | None = None,
        public: bool = True,
        **options: Any,
    ) -> None:
        resource = resource if resource is not None else os.environ.get("RESOURCE")
        chosen = credential if credential is not None else os.environ.get("NEXUS_CREDENTIAL")
        self._options: dict[str, Any] = {"public": public, **options}
        if chosen is not None:
            self._options["credential"] = os.path.abspath(chosen)
        self._options["bootstrap"] = list(bootstrap) if bootstrap is not None else _addresses()
        if resource:
            self._options["resource"] = check_resource(resource)
        self._handlers: dict[str, Handler] = {}
        self._channels: dict[str, list[Handler]] = {}
        self._secrets: dict[str, str | None] = {}
        self._directs: list[Handler] = []
        self._status_handlers: list[Handler] = []
        self._events = EventQueue(self._on_event)
        self._threads = ThreadPoolExecutor(_THREADS, "nexus")
        self._link: Link | None = None
        self._ready: asyncio.Future[Link] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._stopping = False
        self.identity: Identity | None = None
        self.status = Status("connecting")
        self.sidecar_pid: int | None = None
        """The process that is the block, while it runs."""
        self.dropped = 0
        """Events that were dropped, as this program did not take them in time."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Starts the block; does not wait until it is in the mesh: ``status`` tells."""
        if self._keeping is None:
            loop = asyncio.get_running_loop()
            self._ready = loop.create_future()
            first: asyncio.Future[None] = loop.create_future()
            self._keeping = loop.create_task(self._keep(first))
            await first

    async def stop(self) -> None:
        """Leaves the mesh. Safe to call twice."""
        if self._stopping:
            return
        self._stopping = True
        if self._link is not None and not self._link.closed.done():
            with contextlib.suppress(NexusError, TimeoutError):
                await asyncio.wait_for(self._link.request("stop", None, _STOP_TIMEOUT), _STOP_TIMEOUT)
            await self._link.close()
        if self._keeping is not None:
            self._keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
        self._threads.shutdown(wait=False, cancel_futures=True)

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
        target = _target(app, ownership, prioritize_mine, resource, jid, peer)
        request = {**target, "cmd": cmd, "body": body, **({"idempotent": True} if idempotent else {})}
        return _carried(await self._request("api", request, timeout))

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
        target = _target(app, ownership, prioritize_mine, resource, jid, peer)
        await self._request("direct", {**target, "body": body}, timeout)

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
        """The live workers of an app."""
        target = _target(app, ownership, prioritize_mine, resource, jid, None)
        answer = await self._request("find", target, timeout)
        return [_identity(worker) for worker in answer["workers"]]

    async def publish(self, channel: str, body: Any, *, secret: str | None = None) -> int:
        """Sends to everyone on a channel; gives to how many peers it was handed."""
        answer = await self._request("publish", {"channel": channel, "body": body, **_secret(secret)})
        return int(answer["peers"])

    async def subscribe(self, channel: str, handler: Handler, *, secret: str | None = None) -> str:
        """Receives a channel, also after the sidecar was started again. Gives who knew of it: ``relay``, ``peers``, ``alone``."""
        self._channels.setdefault(channel, []).append(handler)
        self._secrets[channel] = secret
        try:
            answer = await self._request("subscribe", {"channel": channel, **_secret(secret)})
        except NexusError:
            self._forget(channel, handler)
            raise
        return str(answer["reach"])

    async def unsubscribe(self, channel: str, handler: Handler | None = None) -> None:
        """Ends a handler's subscription, or all of a channel."""
        self._forget(channel, handler)
        if channel not in self._channels:
            await self._request("unsubscribe", {"channel": channel})

    def handle(self, cmd: str, handler: Handler | None = None) -> Any:
        """Serves a command: ``@nexus.handle("multiply")``. Raises ``INVALID`` when it has a handler already."""
        if handler is None:
            return lambda function: self.handle(cmd, function) or function
        if cmd in self._handlers:
            raise NexusError("INVALID", f"the command {cmd!r} has a handler already")
        self._handlers[cmd] = handler
        self._soon("handle", {"cmd": cmd})
        return None

    def on_direct(self, handler: Handler) -> Handler:
        """Receives directs."""
        self._directs.append(handler)
        if len(self._directs) == 1:
            self._soon("listen", {"what": "direct"})
        return handler

    def on_status(self, handler: Handler) -> Handler:
        """Told of each change of ``status``."""
        self._status_handlers.append(handler)
        return handler

    async def _request(self, cmd: str, body: Any, timeout: float = DEFAULT_TIMEOUT) -> Any:
        if self._stopping or self._keeping is None or self._ready is None:
            raise NexusError("STOPPED", "this block does not run")
        if not self._ready.done():
            try:
                await asyncio.wait_for(asyncio.shield(self._ready), timeout)
            except TimeoutError as error:
                raise NexusError("TIMEOUT", f"the sidecar was not there within {timeout} s") from error
        return await self._ready.result().request(cmd, body, timeout)

    # What is said before the block runs is said when it does, and again after each restart.
    def _soon(self, cmd: str, body: Any) -> None:
        if self._link is not None and not self._link.closed.done():
            task = asyncio.get_running_loop().create_task(self._request(cmd, body))
            task.add_done_callback(lambda done: done.exception() and _log.error("%s failed: %s", cmd, done.exception()))

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
            attempt = 0 if asyncio.get_running_loop().time() - started > 10 else attempt + 1
            delay = _BACKOFF[min(attempt, len(_BACKOFF) - 1)] if attempt > 1 else 0
            _log.warning("the sidecar has ended: it is started again in %s s", delay)
            await asyncio.sleep(delay)

    async def _run_once(self, first: asyncio.Future[None]) -> None:
        process = await start_sidecar()
        assert process.stdin is not None and process.stdout is not None
        self.sidecar_pid = process.pid
        link = Link(process.stdout, process.stdin, self._on_call, self._take_event)
        try:
            answer = await link.request("hello", {"version": LINK_VERSION, "options": self._options}, _START_TIMEOUT)
            self.identity = _identity(answer["identity"])
            self._set_status(answer["status"])
            await self._replay(link)
            self._link = link
            assert self._ready is not None
            self._ready.set_result(link)
            if not first.done():
                first.set_result(None)
            await link.closed
        finally:
            if self._ready is None or self._ready.done():
                self._ready = asyncio.get_running_loop().create_future()
            self._events.clear_waiting()
            await link.close()
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            self.sidecar_pid = None
        self._set_status({"state": "offline", "message": "the sidecar has ended"})

    async def _replay(self, link: Link) -> None:
        said = [link.request("handle", {"cmd": cmd}, DEFAULT_TIMEOUT) for cmd in self._handlers]
        if self._directs:
            said.append(link.request("listen", {"what": "direct"}, DEFAULT_TIMEOUT))
        for channel in self._channels:
            body = {"channel": channel, **_secret(self._secrets.get(channel))}
            said.append(link.request("subscribe", body, DEFAULT_TIMEOUT))
        for result in await asyncio.gather(*said, return_exceptions=True):
            if isinstance(result, BaseException):
                _log.error("what was set up before could not be set up again: %s", result)

    async def _on_call(self, call: dict[str, Any]) -> Any:
        handler = self._handlers.get(call["cmd"])
        if handler is None:
            raise NexusError("NO_HANDLER", f"there is no command {call['cmd']!r}")
        return await self._invoke(
            handler, Call(call["cmd"], _carried(call), _identity(call["from"]), call.get("grantId"))
        )

    def _take_event(self, event: dict[str, Any], acknowledge: Callable[[], None]) -> None:
        kind = event["event"]
        if kind == "status":
            acknowledge()
            self._set_status(event)
        elif kind == "dropped":
            acknowledge()
            self.dropped += event["count"]
            _log.warning("%d messages of %s were dropped: handlers are too slow", event["count"], event.get("channel", "directs"))
        else:
            self._events.take(event, acknowledge)

    async def _on_event(self, event: dict[str, Any]) -> None:
        channel = event.get("channel")
        message = Message(
            _carried(event),
            _identity(event["from"]),
            channel,
            event.get("itsMe", False),
            event.get("itsBro", False),
            event.get("seq"),
        )
        handlers = self._directs if channel is None else self._channels.get(channel, [])
        for handler in [*handlers]:
            await self._invoke(handler, message)

    async def _invoke(self, handler: Handler, argument: Any) -> Any:
        if inspect.iscoroutinefunction(handler):
            return await handler(argument)
        result = await asyncio.get_running_loop().run_in_executor(self._threads, handler, argument)
        return await result if isinstance(result, Awaitable) else result

    def _set_status(self, told: dict[str, Any]) -> None:
        self.status = Status(told["state"], told.get("reason"), told.get("message", ""))
        for handler in [*self._status_handlers]:
            try:
                handler(self.status)
            except Exception:  # whatever a handler raises
                _log.exception("a handler of the status failed")

    def _forget(self, channel: str, handler: Handler | None) -> None:
        left = [] if handler is None else [known for known in self._channels.get(channel, []) if known is not handler]
        if left:
            self._channels[channel] = left
        else:
            self._channels.pop(channel, None)
            self._secrets.pop(channel, None)


def _addresses() -> list[str]:
    return os.environ.get("NEXUS_BOOTSTRAP", "").replace(",", " ").split()


def _secret(secret: str | None) -> dict[str, str]:
    return {} if secret is None else {"secret": secret}


def _target(
    app: str,
    ownership: str | None,
    prioritize_mine: bool,
    resource: str | None,
    jid: str | None,
    peer: str | None,
) -> dict[str, Any]:
    if resource is not None:
        check_resource(resource)
    if jid is not None:
        parse_jid(jid)
    given = {"ownership": ownership, "resource": resource, "jid": jid, "peer": peer}
    chosen = {name: value for name, value in given.items() if value is not None}
    return {"app": app, **chosen, **({"prioritizeMine": True} if prioritize_mine else {})}


def _identity(told: dict[str, Any]) -> Identity:
    names = ("network", "app", "uid", "role", "block", "resource", "jid")
    return Identity(*(told[name] for name in names), told["peerId"])


def _carried(holder: Any) -> Any:
    """The body in an answer, a call or an event; raw bytes come in base64."""
    raw = holder.get("bodyBase64")
    return holder.get("body") if raw is None else base64.b64decode(raw)
