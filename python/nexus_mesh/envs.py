"""The ``.env`` files of the folder ``envs``. Their rules are those of python-dotenv, without ``${NAME}``."""

from __future__ import annotations

import os
import re
from pathlib import Path

_START = re.compile(r"\s*(?:export[^\S\n]+)?")
_KEY = re.compile(r"'([^']+)'|([^='#\s][^=#\s]*)")
_EQUALS = re.compile(r"[^\S\n]*=([^\S\n]*)")
_SINGLE = re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL)
_DOUBLE = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_PLAIN = re.compile(r"[^\n]*")
_TRAILING = re.compile(r"\s+(?:#.*)?\Z")
_END = re.compile(r"[^\S\n]*(?:#[^\n]*)?(?:\n|\Z)")
_REST = re.compile(r"[^\n]*\n?")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_envs(folder: Path = Path("envs")) -> None:
    """Sets what the files say and the environment does not."""
    for path in sorted([*folder.glob("*.env"), *folder.glob(".env*")]) if folder.is_dir() else []:
        for key, value in parse_env(path.read_text(encoding="utf-8", errors="replace")).items():
            os.environ.setdefault(key, value)


def parse_env(text: str) -> dict[str, str]:
    """What a file says. The last line of a name counts; one that cannot be read is passed over.

    A line ends with LF, CRLF or CR, and in a value with LF.
    """
    values: dict[str, str] = {}
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    at = 0
    while at < len(text):
        at = _match(_START, text, at).end()
        key = _KEY.match(text, at)
        value: str | None = None
        if key is not None:
            value, at = _value(text, key.end())
        end = _END.match(text, at)
        if end is None:
            at = _match(_REST, text, at).end()
        else:
            at = end.end()
            if key is not None:
                name = key[1] or key[2]
                values.pop(name, None)
                if value is not None and _fits(name, value):
                    values[name] = value
    return values


def _value(text: str, at: int) -> tuple[str | None, int]:
    equals = _EQUALS.match(text, at)
    if equals is None:
        return None, at
    at = equals.end()
    quote = text[at : at + 1]
    if quote == "'" or quote == '"':
        quoted = (_SINGLE if quote == "'" else _DOUBLE).match(text, at)
        return (None, at) if quoted is None else (_unescape(quoted[1], quote), quoted.end())
    if quote == "#" and equals[1]:
        return "", at
    plain = _match(_PLAIN, text, at)
    return _TRAILING.sub("", plain[0]), plain.end()


def _fits(name: str, value: str) -> bool:
    """Whether an environment can hold it."""
    return "=" not in name and "\0" not in name + value


def _unescape(text: str, quote: str) -> str:
    escapes = r"\\([\\'])" if quote == "'" else r"\\([\\'\"abfnrtv])"
    return re.sub(escapes, lambda escape: _ESCAPES.get(escape[1], escape[1]), text)


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    assert found is not None
    return found
