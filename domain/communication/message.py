"""A message as its own events tell it; how its deliveries go stands in batches elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from aia_mas.domain.communication.message_events import (
    EVENTS,
    MessageDied,
    MessageDropped,
    MessageExpired,
    MessageRedriven,
    MessageSent,
)
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of

__all__ = ["CATEGORY", "EVENTS", "MessageState", "evolve", "message_stream"]

T = TypeVar("T")
CATEGORY = "message"
"""The kind of these streams."""


class MessageState(State, frozen=True, kw_only=True):
    """A message, folded from its stream.

    Attributes:
        sent: What was sent.
        dead: Recipients for whom it is dead, and how many deliveries had failed.
        expired_at: Until when what is out of time has expired, UTC; None: nothing has.
        again: Recipients for whom it was queued again and neither died nor expired since then, and
            when it expires for them, UTC: a time of its own, which may be before ``expired_at``
            when a clock was set back. Those for whom it never expires are not among them.
    """

    sent: MessageSent
    dead: dict[str, int]
    expired_at: datetime | None = None
    again: dict[str, datetime] = msgspec.field(default_factory=dict)


def message_stream(message_id: str) -> str:
    """Return the stream id of a message."""
    return stream_of(CATEGORY, message_id)


def evolve(state: Any, event: Event) -> MessageState:
    """Fold one event of the stream into the state."""
    match event:
        case MessageSent():
            return MessageState(sent=event, dead={})
        case MessageExpired():
            until = max(event.at, state.expired_at or event.at)
            again = {name: due for name, due in state.again.items() if due > event.at}
            known: MessageState = replace(state, expired_at=until, again=again)
            return known
        case MessageDied():
            dead = {**state.dead, event.recipient: event.attempts}
            known = replace(state, dead=dead, again=_without(state.again, event.recipient))
            return known
        case MessageRedriven():
            again = _without(state.again, event.recipient)
            if event.expires_at is not None:
                again[event.recipient] = event.expires_at
            known = replace(state, dead=_without(state.dead, event.recipient), again=again)
            return known
        case MessageDropped():
            known = state
            return known
    raise KeyError(type(event))


def _without(some: dict[str, T], recipient: str) -> dict[str, T]:
    return {name: value for name, value in some.items() if name != recipient}
