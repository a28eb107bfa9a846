"""JIDs: ``app-uid-role@network/resource``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .errors import NexusError

_JID = re.compile(
    r"([a-z][a-z0-9]{0,62})-([A-Za-z0-9]{1,64})-(owner|partner|user)"
    r"@([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*)/([A-Za-z0-9._]{1,64})"
)
_RESOURCE = re.compile(r"[A-Za-z0-9._]{1,64}")
_MAX_NETWORK = 253


@dataclass(frozen=True, slots=True)
class Jid:
    """The parts of a JID."""

    app: str
    uid: str
    role: str
    network: str
    resource: str

    def __str__(self) -> str:
        return f"{self.app}-{self.uid}-{self.role}@{self.network}/{self.resource}"


def parse_jid(text: str) -> Jid:
    """Takes a JID apart. Raises ``INVALID``."""
    match = _JID.fullmatch(text) if isinstance(text, str) else None
    if match is None or len(match[4]) > _MAX_NETWORK:
        raise NexusError("INVALID", f"not a JID: {text!r} (app-uid-role@network/resource)")
    return Jid(*match.groups())


def check_resource(resource: str) -> str:
    """The resource itself. Raises ``INVALID``: 1 to 64 letters, digits, ``.`` and ``_``."""
    if not isinstance(resource, str) or _RESOURCE.fullmatch(resource) is None:
        raise NexusError("INVALID", f"not a resource: {resource!r} (1 to 64 letters, digits, '.' and '_')")
    return resource


def target_fields(
    app: str,
    ownership: str | None,
    prioritize_mine: bool,
    resource: str | None,
    jid: str | None,
    peer: str | None,
) -> dict[str, Any]:
    """Whom a request is for, as the link has it. Raises ``INVALID`` for a bad resource or JID."""
    if resource is not None:
        check_resource(resource)
    if jid is not None:
        parse_jid(jid)
    given = {"ownership": ownership, "resource": resource, "jid": jid, "peer": peer}
    chosen = {name: value for name, value in given.items() if value is not None}
    return {"app": app, **chosen, **({"prioritizeMine": True} if prioritize_mine else {})}
