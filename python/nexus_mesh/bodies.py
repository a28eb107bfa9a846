"""Bodies of messages: what JSON carries, and nothing that it would lose."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import accumulate
from typing import Any

from .errors import NexusError

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 512
MAX_INTEGER = 2**53 - 1
"""Beyond it, numbers lose digits in other languages."""


def check_body(body: Any) -> Any:
    """The body of a message as workers write it: a dict or a list; none is an empty dict. Raises ``INVALID``."""
    if body is None:
        return {}
    if not isinstance(body, (dict, list, tuple)):
        raise NexusError("INVALID", f"a body is a dict or a list, not {type(body).__name__}")
    return body


def encode_json(value: Any, limit: int = MAX_BODY_BYTES) -> bytes:
    """The bytes of a JSON value. Raises ``INVALID`` with the path of the culprit, and ``TOO_LARGE``."""
    _check(value)
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > limit:
        raise NexusError("TOO_LARGE", f"a body of {len(data)} bytes is over the limit of {limit}")
    return data


def decode_json(data: bytes) -> Any:
    """The value that the bytes of a JSON text are, the same in every language; raises ``INVALID`` for what is none.

    Members ``__proto__`` are left out, and of members with one name the last counts. A number is a double: integers up
    to 2^53-1 are ``int``, others ``float``. One that a double does not hold (``1e400``, 12345678901234567890) is
    refused, as is nesting deeper than 512.
    """
    _check_depth(data)
    hooks: dict[str, Any] = {}
    if b"__proto__" in data or b"\\u" in data:
        hooks["object_hook"] = _drop_proto
    if any(suspect.search(data) for suspect in _SUSPECT_NUMBERS):
        hooks.update(parse_int=_integer, parse_float=_double)
    try:
        return json.loads(data.decode(), parse_constant=_refuse_constant, **hooks)
    except (ValueError, RecursionError) as error:
        raise NexusError("INVALID", "the body is not JSON in UTF-8") from error


_SUSPECT_NUMBERS = (
    re.compile(rb"^\d{16}"),
    re.compile(rb"[\s:,\[-]\d{16}"),
    re.compile(rb"\d[eE]\+?\d{3}"),
)
"""JSON without any of these holds no number that loses something. One after the other they are faster than in one."""
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STEPS = {ord(bracket): step for brackets, step in (("[{", 1), ("]}", -1)) for bracket in brackets}
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in _STEPS)


def _check_depth(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    outside = b"".join(data.split(b'"')[::2]) if b"\\" not in data else _STRING.sub(b"", data)
    brackets = outside.translate(None, _NO_BRACKETS)
    if max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_DEPTH:
        raise NexusError("INVALID", f"the body is nested deeper than {MAX_DEPTH}")


def _integer(text: str) -> int | float:
    value = _double(text)
    if abs(value) <= MAX_INTEGER:
        return int(text)
    if int(text) not in (int(value), Decimal(repr(value))):
        raise _not_held(text)
    return value


def _double(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _not_held(text)
    return value


def _not_held(text: str) -> NexusError:
    return NexusError("INVALID", f"the body has a number that a double does not hold: {text[:40]}")


def _drop_proto(value: dict[str, Any]) -> dict[str, Any]:
    value.pop("__proto__", None)
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_BYTES = ": send it as text (in base64, say)"
_ADVICE = {
    "coroutine": ": is an await missing?",
    "bytes": _BYTES,
    "bytearray": _BYTES,
    "memoryview": _BYTES,
    "set": ": send a list",
    "datetime": ": send its isoformat()",
}


def _check(body: Any) -> None:
    """Without recursion: the interpreter allows less of it than bodies may be deep."""
    around: list[Any] = []
    left: list[tuple[Any, str | None]] = [(body, "$")]
    while left:
        value, path = left.pop()
        if path is None:
            around.pop()
        elif isinstance(value, (dict, list, tuple)):
            _check_place(value, path, around)
            around.append(value)
            left.append((None, None))
            left.extend(reversed(list(_members(value, path))))
        else:
            _check_scalar(value, path)


def _check_scalar(value: Any, path: str) -> None:
    if value is None or value is True or value is False:
        return
    if isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise NexusError("INVALID", f"{path} is an integer over 2^53-1, which loses digits: send it as text")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise NexusError("INVALID", f"{path} is {value}, which JSON does not carry")
    else:
        advice = _ADVICE.get(type(value).__name__, "")
        raise NexusError("INVALID", f"{path} is {type(value).__name__}, which JSON does not carry{advice}")


def _check_place(container: Any, path: str, around: list[Any]) -> None:
    if any(container is outer for outer in around):
        raise NexusError("INVALID", f"{path} is part of itself, which JSON does not carry")
    if len(around) >= MAX_DEPTH:
        raise NexusError("INVALID", f"{path[:200]} is nested deeper than {MAX_DEPTH}")


def _members(container: Any, path: str) -> Iterator[tuple[Any, str]]:
    if not isinstance(container, dict):
        for index, member in enumerate(container):
            yield member, f"{path}[{index}]"
        return
    for key, member in container.items():
        if not isinstance(key, str):
            raise NexusError("INVALID", f"{path} has the key {key!r}, which is no text")
        _check_text(key, path)
        yield member, f"{path}.{key}"


def _check_text(text: str, path: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise NexusError("INVALID", f"{path} has half of a surrogate pair, which UTF-8 does not carry") from error
