"""Frames of the link: a varint length, then a protobuf envelope (docs/PROTOCOL.md, "Frames")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .errors import NexusError

REQUEST, RESPONSE, ERROR, PART, END, CANCEL, DIRECT, ACK, PING, GOAWAY, GRANT = range(1, 12)

PART_BYTES = 32 * 1024
"""A larger body goes in parts of this size."""
MAX_FRAME_BYTES = PART_BYTES + 2 * 8 * 1024 + 4 * 1024

_LENGTH = 2
_VARINT = 0
_MAX_UINT32 = 0xFFFF_FFFF
_FIXED = {1: 8, 5: 4}


@dataclass(slots=True)
class Frame:
    """One envelope; what is not in it is 0 or empty."""

    kind: int = 0
    id: int = 0
    cmd: str = ""
    body: bytes = b""
    type: int = 0
    timeout_ms: int = 0
    code: int = 0
    message: str = ""
    size: int = 0
    grant: str = ""
    issuer_certificate: str = ""


def encode_varint(value: int) -> bytes:
    """An unsigned varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_frame(frame: Frame) -> bytes:
    """The bytes of a frame, its length in front."""
    out = bytearray()
    _put_number(out, 1, frame.kind)
    _put_number(out, 2, frame.id)
    _put_bytes(out, 3, frame.cmd.encode())
    _put_bytes(out, 4, frame.body)
    _put_number(out, 5, frame.type)
    _put_number(out, 6, frame.timeout_ms)
    _put_number(out, 7, (frame.code << 1) ^ (frame.code >> 31) if frame.code else 0)
    _put_bytes(out, 8, frame.message.encode())
    _put_number(out, 9, frame.size)
    _put_bytes(out, 10, frame.grant.encode())
    _put_bytes(out, 11, frame.issuer_certificate.encode())
    return encode_varint(len(out)) + bytes(out)


def _put_number(out: bytearray, field: int, value: int) -> None:
    if value:
        out.append(field << 3 | _VARINT)
        out += encode_varint(value)


def _put_bytes(out: bytearray, field: int, value: bytes) -> None:
    if value:
        out.append(field << 3 | _LENGTH)
        out += encode_varint(len(value))
        out += value


class FrameDecoder:
    """Takes bytes as they come and gives whole frames. Raises ``INVALID`` at the byte that can't be right."""

    def __init__(self, max_frame_bytes: int = MAX_FRAME_BYTES) -> None:
        self._max = max_frame_bytes
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now."""
        buffer = self._buffer
        buffer += data
        start = 0
        try:
            while (found := self._length(buffer, start)) is not None:
                length, begin = found
                if begin + length > len(buffer):
                    break
                yield decode_envelope(bytes(buffer[begin : begin + length]))
                start = begin + length
        finally:
            del buffer[:start]

    def _length(self, buffer: bytearray, start: int) -> tuple[int, int] | None:
        value = shift = 0
        for index in range(start, len(buffer)):
            byte = buffer[index]
            value |= (byte & 0x7F) << shift
            if value > self._max:
                raise NexusError("INVALID", f"a frame of over {self._max} bytes")
            if byte < 0x80:
                if byte == 0 and shift > 0:
                    raise NexusError("INVALID", "a length that is not in its shortest form")
                return value, index + 1
            shift += 7
            if shift > 14:
                raise NexusError("INVALID", "a length that does not end")
        return None


def decode_envelope(data: bytes) -> Frame:
    """The envelope that these bytes are. Unknown fields are left out. Raises ``INVALID``."""
    frame = Frame()
    position = 0
    try:
        while position < len(data):
            tag, position = _varint(data, position)
            field, wire = tag >> 3, tag & 7
            if wire == _VARINT:
                value, position = _varint(data, position)
                _set_number(frame, field, value)
            elif wire == _LENGTH:
                length, position = _varint(data, position)
                if position + length > len(data):
                    raise NexusError("INVALID", "a field that is longer than its frame")
                _set_bytes(frame, field, data[position : position + length])
                position += length
            elif wire in _FIXED and position + _FIXED[wire] <= len(data):
                position += _FIXED[wire]
            else:
                raise NexusError("INVALID", "what is no envelope")
    except (IndexError, UnicodeDecodeError) as error:
        raise NexusError("INVALID", "what is no envelope") from error
    return frame


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift > 63:
            raise NexusError("INVALID", "a number that does not end")


_NUMBERS = {1: "kind", 2: "id", 5: "type", 6: "timeout_ms", 9: "size"}
_TEXTS = {3: "cmd", 8: "message", 10: "grant", 11: "issuer_certificate"}


def _set_number(frame: Frame, field: int, value: int) -> None:
    if field in _NUMBERS:
        setattr(frame, _NUMBERS[field], value & _MAX_UINT32)
    elif field == 7:
        value &= _MAX_UINT32
        frame.code = (value >> 1) ^ -(value & 1)


def _set_bytes(frame: Frame, field: int, value: bytes) -> None:
    if field == 4:
        frame.body = value
    elif field in _TEXTS:
        setattr(frame, _TEXTS[field], value.decode())
