"""The MongoDBs of a worker of the platform."""

from __future__ import annotations

import importlib
import os
from typing import Any

from .errors import NexusError

_TIMEOUT_MS = 10_000


def connect_database(variable: str) -> Any:
    """The database that the URL in an environment variable names, by ``pymongo``, which connects when it is first used.

    ``None`` when the variable is not set. Raises ``INVALID`` without the package ``pymongo``.
    """
    url = os.environ.get(variable)
    if not url:
        return None
    try:
        pymongo = importlib.import_module("pymongo")
    except ImportError as error:
        raise NexusError("INVALID", f"{variable} needs the package pymongo: pip install pymongo") from error
    return pymongo.MongoClient(url, serverSelectionTimeoutMS=_TIMEOUT_MS).get_default_database("test")
