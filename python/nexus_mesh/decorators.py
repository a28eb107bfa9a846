"""``App.nexus``: the decorators by which a worker of the platform says what it serves and receives."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .specs import api_specs, message_specs
from .values import Call

if TYPE_CHECKING:
    from .app import App

Function = Callable[..., Any]


class Decorators:
    """``App.nexus``: what a worker serves and receives."""

    def __init__(self, app: App) -> None:
        self._app = app

    def API(self, cmd: str) -> Callable[[Function], Function]:  # noqa: N802
        """Serves a command, as ``App.on``."""

        def decorate(function: Function) -> Function:
            self._app.on(cmd, function)
            return function

        return decorate

    def Direct(self) -> Callable[[Function], Function]:  # noqa: N802
        """Receives directs as ``NexusMessageSpecs``."""

        def decorate(function: Function) -> Function:
            self._app.client.on_direct(_adapted(function, lambda message: message_specs(message)))
            return function

        return decorate

    def Channel(self, name: str) -> Callable[[Function], Function]:  # noqa: N802
        """Receives a channel as ``NexusMessageSpecs``; subscribes by itself."""

        def decorate(function: Function) -> Function:
            self._app.receivers.setdefault(name, []).append(_adapted(function, lambda message: message_specs(message)))
            self._app.subscribe(name)
            return function

        return decorate

    def MsgReceiver(self) -> Callable[[Function], Function]:  # noqa: N802
        """Receives everything: directs, and the channels that are subscribed to, own messages included."""

        def decorate(function: Function) -> Function:
            receiver = _adapted(function, lambda message: message_specs(message))
            self._app.everything.append(receiver)
            if not self._app.receives_directs:
                self._app.receives_directs = True
                self._app.client.on_direct(self._app.on_everything)
            return function

        return decorate


def command_handler(function: Function) -> Callable[[Call], Any]:
    """A function that is given ``NexusAPISpecs`` as a handler of the client."""
    return _adapted(function, lambda call: api_specs(call))


def _adapted(function: Function, specs_of: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The function as a handler of the client: given specs, on the loop when it is async, else in a thread."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def on_loop(argument: Any) -> Any:
            return await function(specs_of(argument))

        return on_loop

    @functools.wraps(function)
    async def in_thread(argument: Any) -> Any:
        result = await asyncio.get_running_loop().run_in_executor(None, function, specs_of(argument))
        return await result if inspect.isawaitable(result) else result

    return in_thread
