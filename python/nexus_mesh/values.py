"""What handlers are given, and what the link tells of it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a block is, as its verified certificate says."""

    network: str
    app: str
    uid: str
    role: str
    block: str
    resource: str
    jid: str
    peer_id: str


@dataclass(frozen=True, slots=True)
class Call:
    """What the handler of a command is given."""

    cmd: str
    body: Any
    sender: Identity
    grant_id: str | None


@dataclass(frozen=True, slots=True)
class Message:
    """What the handler of a direct or a channel is given."""

    body: Any
    sender: Identity
    channel: str | None = None
    its_me: bool = False
    its_bro: bool = False
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages of a channel that did not arrive; ``sender`` is unknown when this program was too slow for them."""

    channel: str
    missed: int
    sender: Identity | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that is not as it should be, with which the block works all the same."""

    reason: str
    message: str
    ahead_ms: int | None = None
    """With ``WRONG_CLOCK``: how far the clock of this device is ahead, below 0 when it is behind."""


@dataclass(frozen=True, slots=True)
class Status:
    """How the block stands with its mesh; ``state`` is ``connecting``, ``online``, ``degraded`` or ``offline``."""

    state: str
    reason: str | None = None
    message: str = ""
    notices: tuple[Notice, ...] = ()


def identity_of(told: dict[str, Any]) -> Identity:
    """The identity that the link tells."""
    names = ("network", "app", "uid", "role", "block", "resource", "jid")
    return Identity(**{name: told[name] for name in names}, peer_id=told["peerId"])


def call_of(told: dict[str, Any]) -> Call:
    """The call that the link tells."""
    return Call(told["cmd"], body_of(told), identity_of(told["from"]), told.get("grantId"))


def message_of(told: dict[str, Any]) -> Message:
    """The message that the link tells."""
    return Message(
        body_of(told),
        identity_of(told["from"]),
        told.get("channel"),
        told.get("itsMe", False),
        told.get("itsBro", False),
        told.get("seq"),
    )


def status_of(told: dict[str, Any]) -> Status:
    """The status that the link tells."""
    notices = tuple(Notice(notice["reason"], notice["message"], notice.get("aheadMs")) for notice in told.get("notices", ()))
    return Status(told["state"], told.get("reason"), told.get("message", ""), notices)


def gap_of(told: dict[str, Any]) -> Gap:
    """The gap that the link tells, or what it tells of messages that were dropped on it."""
    sender = identity_of(told["from"]) if "from" in told else None
    return Gap(told["channel"], told["missed"] if "missed" in told else told["count"], sender)


def body_of(told: dict[str, Any]) -> Any:
    """The body in an answer, a call or an event; raw bytes come in base64."""
    raw = told.get("bodyBase64")
    return told.get("body") if raw is None else base64.b64decode(raw)
