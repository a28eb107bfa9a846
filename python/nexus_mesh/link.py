"""The link to the sidecar: calls in both directions, and events, over its standard input and output."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from . import frames
from .bodies import MAX_BODY_BYTES, decode_json, encode_json
from .errors import NUMBERS, NexusError, error_from_wire
from .failure import failure_of
from .frames import Frame, FrameDecoder, encode_frame

LINK_VERSION = 1
"""The version of the link (docs/LINK.md)."""

_ENVELOPE_BYTES = 64 * 1024
_READ_BYTES = 256 * 1024
_MAX_ID = 0xFFFF_FFFF
_log = logging.getLogger("nexus_mesh")


class _Call:
    """A call that was begun here, and the answer that arrives in parts."""

    __slots__ = ("parts", "result", "size")

    def __init__(self, result: asyncio.Future[Any]) -> None:
        self.result = result
        self.parts = bytearray()
        self.size = 0


class _Arrival:
    """A call or an event of the sidecar, while its body arrives in parts."""

    __slots__ = ("frame", "parts", "task")

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.parts = bytearray(frame.body)
        self.task: asyncio.Task[None] | None = None


class Link:
    """One connection to a sidecar. When it ends, calls under way fail with ``LOST``."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_call: Callable[[dict[str, Any]], Awaitable[Any]],
        on_event: Callable[[dict[str, Any], Callable[[], None]], None],
    ) -> None:
        """``on_call`` answers a call; ``on_event`` takes an event, and calls what it is given to acknowledge it."""
        self._reader = reader
        self._writer = writer
        self._on_call = on_call
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._calls: dict[int, _Call] = {}
        self._arrivals: dict[int, _Arrival] = {}
        self._next_id = 1
        self._batch: list[bytes] = []
        self._reading = self._loop.create_task(self._read())
        self.closed: asyncio.Future[None] = self._loop.create_future()

    async def request(self, cmd: str, body: Any, timeout: float) -> Any:
        """Asks the sidecar. ``timeout`` is in seconds, and travels. Cancelling the task cancels the call."""
        if self.closed.done():
            raise NexusError("UNREACHABLE", "the sidecar has ended")
        data = encode_json(body, MAX_BODY_BYTES + _ENVELOPE_BYTES)
        identity = self._take_id()
        call = _Call(self._loop.create_future())
        self._calls[identity] = call
        # The sidecar answers a timeout itself; this is for when it does not.
        timer = self._loop.call_later(timeout + 2, self._expire, identity, timeout)
        try:
            self._send_body(Frame(frames.REQUEST, identity, cmd, timeout_ms=max(1, int(timeout * 1000))), data)
            await self._drain()
            return await call.result
        except asyncio.CancelledError:
            self._send(Frame(frames.CANCEL, identity))
            raise
        finally:
            timer.cancel()
            self._calls.pop(identity, None)

    async def close(self) -> None:
        """Ends the link; the sidecar ends with it."""
        self._flush()
        self._writer.close()
        self._reading.cancel()
        self._end()

    def _take_id(self) -> int:
        while self._next_id in self._calls:
            self._next_id = self._next_id + 2 if self._next_id + 2 <= _MAX_ID else 1
        identity = self._next_id
        self._next_id = identity + 2 if identity + 2 <= _MAX_ID else 1
        return identity

    def _expire(self, identity: int, timeout: float) -> None:
        call = self._calls.get(identity)
        if call is not None and not call.result.done():
            self._send(Frame(frames.CANCEL, identity))
            call.result.set_exception(NexusError("TIMEOUT", f"no answer within {timeout} s"))

    async def _read(self) -> None:
        decoder = FrameDecoder()
        try:
            while data := await self._reader.read(_READ_BYTES):
                for frame in decoder.feed(data):
                    self._take(frame)
        except (NexusError, OSError) as error:
            _log.error("the link to the sidecar broke: %s", error)
            self._writer.close()
        finally:
            self._end()

    def _end(self) -> None:
        if self.closed.done():
            return
        self.closed.set_result(None)
        for call in self._calls.values():
            if not call.result.done():
                call.result.set_exception(NexusError("LOST", "the sidecar ended before the answer came"))
        for arrival in self._arrivals.values():
            if arrival.task is not None:
                arrival.task.cancel()

    def _take(self, frame: Frame) -> None:
        kind = frame.kind
        if kind in (frames.REQUEST, frames.DIRECT):
            self._open(frame)
        elif kind == frames.PING:
            self._send(Frame(frames.ACK, frame.id))
        elif kind == frames.CANCEL:
            arrival = self._arrivals.pop(frame.id, None)
            if arrival is not None and arrival.task is not None:
                arrival.task.cancel()
        elif frame.id in self._calls:
            self._take_answer(self._calls[frame.id], frame)
        elif frame.id in self._arrivals and kind in (frames.PART, frames.END):
            arrival = self._arrivals[frame.id]
            arrival.parts += frame.body
            if kind == frames.END:
                self._run(arrival)

    def _take_answer(self, call: _Call, frame: Frame) -> None:
        if call.result.done():
            return
        if frame.kind == frames.ERROR:
            self._fail(call, frame)
        elif frame.kind in (frames.RESPONSE, frames.PART):
            call.parts += frame.body
            call.size = max(call.size, frame.size)
            if frame.kind == frames.RESPONSE and frame.size <= len(frame.body):
                self._resolve(call)
        elif frame.kind == frames.END:
            self._resolve(call)

    def _fail(self, call: _Call, frame: Frame) -> None:
        try:
            data = decode_json(frame.body) if frame.code == NUMBERS["APPLICATION"] and frame.body else None
            call.result.set_exception(error_from_wire(frame.code, frame.message, data))
        except NexusError as error:
            call.result.set_exception(error)

    def _resolve(self, call: _Call) -> None:
        try:
            call.result.set_result(decode_json(bytes(call.parts)))
        except NexusError as error:
            call.result.set_exception(error)

    def _open(self, frame: Frame) -> None:
        arrival = _Arrival(frame)
        self._arrivals[frame.id] = arrival
        if frame.size <= len(frame.body):
            self._run(arrival)

    def _run(self, arrival: _Arrival) -> None:
        frame = arrival.frame
        body = decode_json(bytes(arrival.parts))
        arrival.parts = bytearray()
        if frame.kind == frames.DIRECT:
            self._on_event(body, lambda: self._acknowledge(frame.id))
        else:
            arrival.task = self._loop.create_task(self._answer(frame.id, body))

    def _acknowledge(self, identity: int) -> None:
        if self._arrivals.pop(identity, None) is not None:
            self._send(Frame(frames.ACK, identity))

    async def _answer(self, identity: int, call: dict[str, Any]) -> None:
        try:
            data = encode_json({"body": await self._on_call(call)}, MAX_BODY_BYTES + _ENVELOPE_BYTES)
        except asyncio.CancelledError:
            return
        except Exception as error:  # whatever a handler raises
            answer = failure_of(identity, call.get("cmd"), error)
            if self._arrivals.pop(identity, None) is not None:
                self._send(answer)
            return
        if self._arrivals.pop(identity, None) is not None:
            self._send_body(Frame(frames.RESPONSE, identity), data)
            await self._drain()

    def _send_body(self, first: Frame, data: bytes) -> None:
        if len(data) <= frames.PART_BYTES:
            first.body = data
            self._send(first)
            return
        first.size = len(data)
        first.body = data[: frames.PART_BYTES]
        self._send(first)
        for start in range(frames.PART_BYTES, len(data), frames.PART_BYTES):
            self._send(Frame(frames.PART, first.id, body=data[start : start + frames.PART_BYTES]))
        self._send(Frame(frames.END, first.id))

    # Frames of one turn of the event loop leave in one write.
    def _send(self, frame: Frame) -> None:
        if not self._batch:
            self._loop.call_soon(self._flush)
        self._batch.append(encode_frame(frame))

    def _flush(self) -> None:
        if self._batch:
            data = b"".join(self._batch)
            self._batch.clear()
            if not self._writer.is_closing():
                self._writer.write(data)

    async def _drain(self) -> None:
        if self._writer.transport.get_write_buffer_size() > _READ_BYTES:
            try:
                await self._writer.drain()
            except OSError:
                self._end()
