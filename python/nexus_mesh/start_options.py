"""What a block is started with: what the program says, and for the rest the environment."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from .jid import check_resource

_ENROLLED_RESOURCE = "pydefault"


def start_options(
    credential: str | os.PathLike[str] | None,
    bootstrap: Sequence[str] | None,
    resource: str | None,
    others: dict[str, Any],
) -> dict[str, Any]:
    """The options as the sidecar takes them. Raises ``NexusError`` (``INVALID``) for a bad resource."""
    chosen = credential if credential is not None else os.environ.get("NEXUS_CREDENTIAL")
    wanted = resource if resource is not None else os.environ.get("RESOURCE")
    options = {**others, "bootstrap": list(bootstrap) if bootstrap is not None else _addresses()}
    if chosen:
        options["credential"] = os.path.abspath(chosen)
    elif not wanted and os.environ.get("NEXUS_AUTHORITY"):
        wanted = _ENROLLED_RESOURCE
    if wanted:
        options["resource"] = check_resource(wanted)
    return options


def _addresses() -> list[str]:
    return os.environ.get("NEXUS_BOOTSTRAP", "").replace(",", " ").split()
