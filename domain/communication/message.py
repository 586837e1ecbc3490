"""A message as its own events tell it; how its deliveries go stands in batches elsewhere."""

from __future__ import annotations

from collections.abc import Collection
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
        dead: Recipients for whom it is dead, and the position of the event by which it had been
            queued for them.
        expired_at: Until when what is out of time has expired, UTC; None: nothing has.
        again: Recipients for whom it was queued again and neither died nor expired since then, and
            when it expires for them, UTC: a time of its own, which may be before ``expired_at``
            when a clock was set back. Those for whom it never expires are not among them.
        redriven: Recipients for whom it was queued again and is not dead again, and what ``dead``
            said of them before.
    """

    sent: MessageSent
    dead: dict[str, int]
    expired_at: datetime | None = None
    again: dict[str, datetime] = msgspec.field(default_factory=dict)
    redriven: dict[str, int] = msgspec.field(default_factory=dict)

    def died(self, recipient: str) -> int:
        """Return by which event that was queued which died last for a recipient; 0: none did."""
        return self.dead.get(recipient) or self.redriven.get(recipient, 0)


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
            some = {item.recipient: event.position for item in event.items}
            known = replace(
                state,
                dead={**state.dead, **some},
                again=_without(state.again, some),
                redriven=_without(state.redriven, some),
            )
            return known
        case MessageRedriven():
            names = dict.fromkeys(event.recipients)
            again = _without(state.again, names)
            if event.expires_at is not None:
                again.update(dict.fromkeys(names, event.expires_at))
            known = replace(
                state,
                dead=_without(state.dead, names),
                again=again,
                redriven={**state.redriven, **{name: state.died(name) for name in names}},
            )
            return known
        case MessageDropped():
            known = state
            return known
    raise KeyError(type(event))


def _without(some: dict[str, T], recipients: Collection[str]) -> dict[str, T]:
    return {name: value for name, value in some.items() if name not in recipients}
