"""What the caller is told of what a handler raised."""

from __future__ import annotations

import logging
from typing import Any

from .bodies import encode_json
from .errors import NUMBERS, NexusError
from .frames import ERROR, Frame

_MAX_DATA_BYTES = 16 * 1024
_MAX_MESSAGE = 1024
_log = logging.getLogger("nexus_mesh")


def failure_of(identity: int, cmd: Any, error: Exception) -> Frame:
    """The answer. What the handler does not answer on purpose is logged here, and goes no further."""
    if isinstance(error, NexusError) and error.is_answer:
        try:
            data = b"" if error.data is None else encode_json(error.data, _MAX_DATA_BYTES)
            message = error.message[:_MAX_MESSAGE]
            return Frame(ERROR, identity, body=data, code=error.number, message=message)
        except NexusError as failure:
            _log.error("the data of the error of %r cannot be sent: %s", cmd, failure)
            return Frame(ERROR, identity, code=NUMBERS["HANDLER_FAILED"], message="the handler failed")
    code = error.code if isinstance(error, NexusError) and error.code != "APPLICATION" else "HANDLER_FAILED"
    _log.error("the handler of %r failed: %s", cmd, error, exc_info=not isinstance(error, NexusError))
    return Frame(ERROR, identity, code=NUMBERS[code], message="the handler failed")
