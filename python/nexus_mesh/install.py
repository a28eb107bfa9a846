"""This package's transport in the platform's own ``App``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .app import App
from .errors import NexusError

_TRANSPORT = (
    *("api", "direct", "find", "subscribe", "unsubscribe", "sendtochannel", "sendtojid"),
    *("nexus", "on", "channels", "connected", "app", "uid", "resource", "myjid", "client", "lifespan"),
)


def install(
    app: Any,
    *,
    public: bool = True,
    credential: str | os.PathLike[str] | None = None,
    bootstrap: Sequence[str] | None = None,
    resource: str | None = None,
) -> Any:
    """Changes the transport of the platform's own ``App`` in place, so that a worker keeps its other modules.

    To be called right after the object was made, before its first decorator. What carries messages is this package's
    from then on, and who the worker is; ``rest``, ``udb``, ``xdb`` and all else are left as they are. Gives the object.
    The options are those of ``App``. Raises ``INVALID`` when the object cannot be changed.
    """
    worker = App(public=public, credential=credential, bootstrap=bootstrap, resource=resource)
    for name in _TRANSPORT:
        try:
            setattr(app, name, getattr(worker, name))
        except (AttributeError, TypeError) as error:
            raise NexusError("INVALID", f"the App cannot be changed: {error}") from error
    return app
