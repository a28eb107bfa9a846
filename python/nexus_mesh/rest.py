"""The REST server of a worker of the platform: FastAPI under uvicorn, in the worker's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import socket
from collections.abc import Iterator
from typing import Any

from .errors import NexusError

_DEFAULT_PORT = 3000
_PACKAGES = "the REST server needs two packages: pip install fastapi uvicorn"


def create_rest() -> Any:
    """A FastAPI app with open CORS and ``GET /start``, by which the platform looks whether it is there."""
    fastapi = _load("fastapi")
    rest = fastapi.FastAPI()
    cors = _load("fastapi.middleware.cors").CORSMiddleware
    rest.add_middleware(cors, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])

    async def start() -> dict[str, int]:
        return {"code": 0}

    rest.add_api_route("/start", start)
    return rest


class RestServer:
    """Serves an app on a port (``True``: 3000). Raises ``INVALID`` without its packages, or when the port is taken."""

    def __init__(self, rest: Any, port: int | bool) -> None:
        uvicorn = _load("uvicorn")
        try:
            self._socket = socket.create_server(("", _DEFAULT_PORT if port is True else port))
        except (OSError, OverflowError, TypeError) as error:
            raise NexusError("INVALID", f"the REST server does not start: {error}") from error
        server: Any = uvicorn.Server(uvicorn.Config(rest, log_level="warning"))
        # Signals end the program, and this with it.
        server.capture_signals = _no_signals
        self._server = server
        self._serving: asyncio.Task[None] | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Serves from now on."""
        self._serving = loop.create_task(self._server.serve(sockets=[self._socket]))

    async def stop(self) -> None:
        """Lets requests under way end."""
        self._server.should_exit = True
        if self._serving is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await self._serving
        self._socket.close()


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    yield


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NexusError("INVALID", _PACKAGES) from error
