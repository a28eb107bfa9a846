"""What handlers of the platform's workers are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .values import Call, Message


@dataclass(frozen=True, slots=True)
class NexusAPISpecs:
    """A call. ``servid`` is the id of the grant that let the caller in; ``servsecret`` never travels, and is None."""

    cmd: str
    body: Any
    uid: str
    role: str
    app: str
    resource: str
    servid: str | None
    servsecret: None = None


@dataclass(frozen=True, slots=True)
class NexusMessageSpecs:
    """A direct (``channel`` is None) or a message of a channel. The sender is what its certificate says."""

    fromjid: str
    app: str
    uid: str
    resource: str
    role: str
    body: Any
    itsme: bool
    itsbro: bool
    channel: str | None


def api_specs(call: Call) -> NexusAPISpecs:
    """The specs of a call."""
    sender = call.sender
    return NexusAPISpecs(call.cmd, call.body, sender.uid, sender.role, sender.app, sender.resource, call.grant_id)


def message_specs(message: Message) -> NexusMessageSpecs:
    """The specs of a message."""
    sender = message.sender
    return NexusMessageSpecs(
        sender.jid,
        sender.app,
        sender.uid,
        sender.resource,
        sender.role,
        message.body,
        message.its_me,
        message.its_bro,
        message.channel,
    )
