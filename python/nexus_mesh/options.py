"""What a block may be started with beside who it is, by the names of ``createNexus``."""

from __future__ import annotations

from typing import Any, TypedDict


class NexusOptions(TypedDict, total=False):
    listen: list[str]
    """Multiaddrs to listen on."""
    announce: list[str]
    """Multiaddrs to be told to others in place of those."""
    reserve: bool
    """Whether to ask the relays for a reservation. Default ``True``."""
    dhtServer: bool
    """Answer DHT queries of others. Default ``False``."""
    pong: Any
    """What it answers to ``ping``. Default ``"pong"``."""
    timeoutMs: int
    """How long a call may take that does not say, in ms."""
    bodyLimitBytes: int
    """The largest body sent or taken."""
    maxConnections: int
    """Open connections at a time."""
