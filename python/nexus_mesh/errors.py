"""The one exception of this package, and the numbers of its codes."""

from __future__ import annotations

NUMBERS = {
    "INVALID": -400,
    "REFUSED": -401,
    "TIMEOUT": -408,
    "TOO_LARGE": -413,
    "BUSY": -429,
    "STOPPED": -498,
    "CANCELLED": -499,
    "NO_HANDLER": -500,
    "HANDLER_FAILED": -501,
    "APPLICATION": -502,
    "NO_WORKER": -2000,
    "UNREACHABLE": -2001,
    "LOST": -2002,
    "FORBIDDEN": -3000,
}
"""The number of each code, on the wire and on the bridge."""

_ERRORS = {"NO_WORKER": "no worker found", "TIMEOUT": "timeout"}
_CODES = {number: code for code, number in NUMBERS.items()}


class NexusError(Exception):
    """What every failure is: look at ``code``, show ``message``."""

    def __init__(self, code: str, message: str, data: object = None) -> None:
        """``data`` goes with ``APPLICATION``, by which a handler answers an error: JSON of up to 16 KiB."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.data = data
        self._received = False

    @property
    def number(self) -> int:
        """The code's number on the wire and on the bridge."""
        return NUMBERS[self.code]

    def as_value(self) -> dict[str, object]:
        """The failure as the platform gives it: ``{error}`` of ``NO_WORKER`` and ``TIMEOUT``, else ``{code, msg}``."""
        if self.code in _ERRORS:
            return {"error": _ERRORS[self.code]}
        value: dict[str, object] = {"code": self.number, "msg": self.message}
        return value if self.data is None else {**value, "data": self.data}

    @property
    def is_answer(self) -> bool:
        """Whether a handler that raises it answers it. What another worker answered to the handler does not count."""
        return self.code == "APPLICATION" and not self._received


def error_from_wire(number: int, message: str, data: object = None) -> NexusError:
    """The error of a number from the wire; one of a later version reads as ``HANDLER_FAILED``."""
    error = NexusError(_CODES.get(number, "HANDLER_FAILED"), message, data)
    error._received = True
    return error
