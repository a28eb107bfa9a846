"""The sidecar: the Node process that is this program's block."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from .errors import NexusError

_MIN_NODE = (22, 12)
_HERE = Path(__file__).resolve().parent
_BUNDLED = _HERE / "_sidecar" / "nexus-sidecar.mjs"
_CLONE = _HERE.parent.parent
_READ_LIMIT = 1024 * 1024


async def start_sidecar() -> asyncio.subprocess.Process:
    """Starts a sidecar. It ends with its standard input, or with this process. Raises ``INVALID`` without a Node.

    Ctrl-C in a terminal is for the whole process group; the sidecar is in one of its own, as this program may still
    call before it ends.
    """
    node = await asyncio.get_running_loop().run_in_executor(None, find_node)
    return await asyncio.create_subprocess_exec(
        node,
        *_program(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        limit=_READ_LIMIT,
        close_fds=True,
        start_new_session=True,
    )


def _program() -> list[str]:
    sources = _CLONE / "src" / "cli" / "main.ts"
    if sources.exists() and (_CLONE / "node_modules").exists():
        return [str(sources), "sidecar"]
    if _BUNDLED.exists():
        return [str(_BUNDLED)]
    raise NexusError("INVALID", "this package lacks its sidecar: install the wheel, or run npm run bundle:sidecar")


@cache
def find_node() -> str:
    """The Node to use: ``NEXUS_NODE``, that of a clone, or ``node`` on the path. Raises ``INVALID``."""
    named = os.environ.get("NEXUS_NODE")
    clone = _CLONE / "node_modules" / ".bin" / "node"
    node = named or (str(clone) if clone.exists() else shutil.which("node"))
    hint = "install Node 22.12 or later (https://nodejs.org), or set NEXUS_NODE to one"
    if node is None:
        raise NexusError("INVALID", f"no Node is there: {hint}")
    try:
        printed = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise NexusError("INVALID", f"{node} does not run: {hint}") from error
    version = re.match(r"v(\d+)\.(\d+)", printed)
    if version is None or (int(version[1]), int(version[2])) < _MIN_NODE:
        raise NexusError("INVALID", f"{node} is {printed.strip()}, which is too old: {hint}")
    return node
