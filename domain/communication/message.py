"""A message as its own events tell it; how its deliveries go stands in batches elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Any

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

CATEGORY = "message"
"""The kind of these streams."""


class MessageState(State, frozen=True, kw_only=True):
    """A message, folded from its stream.

    Attributes:
        sent: What was sent.
        dead: Recipients for whom it is dead, and how many deliveries had failed.
        expired_at: Until when what is out of time has expired, UTC; None: nothing has. A dead
            letter that was queued again has its own time.
    """

    sent: MessageSent
    dead: dict[str, int]
    expired_at: datetime | None = None


def message_stream(message_id: str) -> str:
    """Return the stream id of a message."""
    return stream_of(CATEGORY, message_id)


def evolve(state: Any, event: Event) -> MessageState:
    """Fold one event of the stream into the state."""
    match event:
        case MessageSent():
            return MessageState(sent=event, dead={})
        case MessageExpired():
            known: MessageState = replace(state, expired_at=event.at)
            return known
        case MessageDied():
            known = replace(state, dead={**state.dead, event.recipient: event.attempts})
            return known
        case MessageRedriven():
            dead = state.dead.copy()
            dead.pop(event.recipient, None)
            known = replace(state, dead=dead)
            return known
        case MessageDropped():
            known = state
            return known
    raise KeyError(type(event))
