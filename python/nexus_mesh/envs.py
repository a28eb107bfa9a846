"""The ``.env`` files of the folder ``envs``. Their rules are those of python-dotenv, without ``${NAME}``."""

from __future__ import annotations

import os
import re
from pathlib import Path

_START = re.compile(r"\s*(?:export[^\S\r\n]+)?")
_KEY = re.compile(r"'([^']+)'|([^='#\s][^=#\s]*)")
_EQUALS = re.compile(r"[^\S\r\n]*=([^\S\r\n]*)")
_SINGLE = re.compile(r"'((?:\\.|[^'\\])*)'", re.DOTALL)
_DOUBLE = re.compile(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_PLAIN = re.compile(r"[^\r\n]*")
_COMMENT = re.compile(r"\s+#.*")
_END = re.compile(r"[^\S\r\n]*(?:#[^\r\n]*)?(?:\r\n|\n|\r|$)")
_REST = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)?")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def read_envs(folder: Path = Path("envs")) -> None:
    """Sets what the files say and the environment does not."""
    for path in sorted([*folder.glob("*.env"), *folder.glob(".env*")]) if folder.is_dir() else []:
        for key, value in parse_env(path.read_text(encoding="utf-8")).items():
            os.environ.setdefault(key, value)


def parse_env(text: str) -> dict[str, str]:
    """What a file says. The last line of a name counts; one that cannot be read is passed over."""
    values: dict[str, str] = {}
    text = text.removeprefix("\ufeff")
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
                if value is not None:
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
    return _COMMENT.sub("", plain[0]).rstrip(), plain.end()


def _unescape(text: str, quote: str) -> str:
    escapes = r"\\([\\'])" if quote == "'" else r"\\([\\'\"abfnrtv])"
    return re.sub(escapes, lambda escape: _ESCAPES.get(escape[1], escape[1]), text)


def _match(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    found = pattern.match(text, at)
    assert found is not None
    return found
