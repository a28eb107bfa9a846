"""Bodies of messages: what JSON carries, and nothing that it would lose."""

from __future__ import annotations

import json
import math
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
    _check(value, "$", [])
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if len(data) > limit:
        raise NexusError("TOO_LARGE", f"a body of {len(data)} bytes is over the limit of {limit}")
    return data


def decode_json(data: bytes) -> Any:
    """The value that the bytes of a JSON text are, without members ``__proto__``. Raises ``INVALID``."""
    try:
        hook = _drop_proto if b"__proto__" in data or b"\\u" in data else None
        return json.loads(data.decode(), parse_constant=_refuse_constant, object_hook=hook)
    except (ValueError, RecursionError) as error:
        raise NexusError("INVALID", "the body is not JSON in UTF-8") from error


def _drop_proto(value: dict[str, Any]) -> dict[str, Any]:
    value.pop("__proto__", None)
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _check(value: Any, path: str, around: list[Any]) -> None:
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
    elif isinstance(value, (dict, list, tuple)):
        _check_container(value, path, around)
    else:
        raise NexusError("INVALID", f"{path} is {type(value).__name__}, which JSON does not carry")


def _check_container(value: Any, path: str, around: list[Any]) -> None:
    if any(value is outer for outer in around):
        raise NexusError("INVALID", f"{path} is part of itself, which JSON does not carry")
    if len(around) >= MAX_DEPTH:
        raise NexusError("INVALID", f"{path[:200]} is nested deeper than {MAX_DEPTH}")
    around.append(value)
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                raise NexusError("INVALID", f"{path} has the key {key!r}, which is no text")
            _check_text(key, path)
            _check(member, f"{path}.{key}", around)
    else:
        for index, member in enumerate(value):
            _check(member, f"{path}[{index}]", around)
    around.pop()


def _check_text(text: str, path: str) -> None:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise NexusError("INVALID", f"{path} has half of a surrogate pair, which UTF-8 does not carry") from error
