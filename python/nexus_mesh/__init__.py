"""Workers in Python for a Nexus mesh."""

from .app import AppClass
from .client import Nexus
from .errors import NexusError
from .specs import NexusAPISpecs, NexusMessageSpecs
from .timers import clearInterval, clearTimeout, setInterval, setTimeout
from .values import Call, Identity, Message, Status

__all__ = [
    "AppClass",
    "Call",
    "Identity",
    "Message",
    "Nexus",
    "NexusAPISpecs",
    "NexusError",
    "NexusMessageSpecs",
    "Status",
    "clearInterval",
    "clearTimeout",
    "setInterval",
    "setTimeout",
]
__version__ = "0.1.0"
