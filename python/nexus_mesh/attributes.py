"""What a worker of the platform finds on its ``App`` beside messages: who it is, its REST server, its databases."""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from functools import cached_property
from pathlib import Path
from typing import Any

from .client import Nexus
from .databases import connect_database
from .rest import create_rest

_MAX_RESOURCE = 64


class Attributes:
    """Of an ``App``. Who the worker is says its credential file until it has started, and the block from then on."""

    client: Nexus

    @property
    def app(self) -> str | None:
        """The app of this worker. ``None`` without a credential, as are the others."""
        return self._own("app")

    @property
    def uid(self) -> str | None:
        """The user who runs it."""
        return self._own("uid")

    @property
    def resource(self) -> str:
        """Its resource; without a credential ``RESOURCE``, else ``<worker folder>.<app folder>.dev``."""
        return self._own("resource") or os.environ.get("RESOURCE") or default_resource()

    @property
    def myjid(self) -> str | None:
        """Its JID."""
        return self._own("jid")

    @cached_property
    def rest(self) -> Any:
        """A FastAPI app with open CORS and ``GET /start``. Raises ``INVALID`` without the package ``fastapi``."""
        return create_rest()

    @cached_property
    def udb(self) -> Any:
        """The database of ``UMONGOURL`` by ``pymongo``; ``None`` when that is not set. Raises ``INVALID``."""
        return connect_database("UMONGOURL")

    @cached_property
    def xdb(self) -> Any:
        """The same of ``XMONGOURL``."""
        return connect_database("XMONGOURL")

    @cached_property
    def _claims(self) -> dict[str, Any]:
        return claims_in(self.client.credential)

    def _own(self, name: str) -> str | None:
        identity = self.client.identity
        value = getattr(identity, name) if identity is not None else self._claims.get("sub" if name == "jid" else name)
        return value if isinstance(value, str) else None


def claims_in(credential: str | None) -> dict[str, Any]:
    """What the certificate in a credential file says, unchecked: the block checks it. Nothing if it cannot be read."""
    try:
        certificate = json.loads(Path(credential or "").read_bytes())["certificate"]
        payload = certificate.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return {}
    return claims if isinstance(claims, dict) else {}


def default_resource() -> str:
    """``<worker folder>.<app folder>.dev``: the resource of a program that nobody has named."""
    main = getattr(sys.modules["__main__"], "__file__", None)
    folder = Path(main).resolve().parent if main else Path.cwd()
    parts = [re.sub(r"[^A-Za-z0-9._]+", "_", name) for name in (folder.name, folder.parent.name, "dev")]
    return ".".join(part for part in parts if part)[-_MAX_RESOURCE:]
