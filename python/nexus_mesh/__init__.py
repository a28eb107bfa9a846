"""Workers in Python for a Nexus mesh."""

from .app import App, AppClass
from .client import Nexus
from .errors import NexusError
from .install import install
from .specs import NexusAPISpecs, NexusMessageSpecs
from .timers import clearInterval, clearTimeout, setInterval, setTimeout
from .values import Call, Gap, Identity, Message, Notice, Status

__all__ = [
    "App",
    "AppClass",
    "Call",
    "Gap",
    "Identity",
    "Message",
    "Nexus",
    "NexusAPISpecs",
    "NexusError",
    "NexusMessageSpecs",
    "Notice",
    "Status",
    "clearInterval",
    "clearTimeout",
    "install",
    "setInterval",
    "setTimeout",
]
__version__ = "0.1.0"
