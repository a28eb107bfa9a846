"""The ``.env`` files of the folder ``envs``."""

from __future__ import annotations

import os
from pathlib import Path


def read_envs(folder: Path = Path("envs")) -> None:
    """Sets what the files say and the environment does not: lines of ``KEY=VALUE``, ``#`` for comments."""
    for path in sorted([*folder.glob("*.env"), *folder.glob(".env*")]) if folder.is_dir() else []:
        for line in path.read_text().splitlines():
            key, separator, value = line.strip().removeprefix("export ").partition("=")
            if separator and not key.startswith("#"):
                os.environ.setdefault(key.strip(), value.strip().strip("\"'"))
