"""Messages as their recipients get them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.communication.told import (
    DestinationView,
    destination_fields,
    destination_view,
)
from aia_mas.domain.orchestration.task_specification import Priority

__all__ = [
    "DestinationView",
    "MessageView",
    "destination_fields",
    "destination_view",
    "message_view",
]


class MessageView(DestinationView, frozen=True, kw_only=True, omit_defaults=True):
    """A message as its recipient gets it.

    Attributes:
        message_id: Its id; whoever gets it twice knows it by this.
        from_agent: The sender.
        message_type: What it is.
        priority: Its class.
        payload: Any JSON.
        encrypted: The payload is stored encrypted.
        headers: What else is said about it.
        correlation_id: What ties it to others.
        reply_to: Where answers go.
        deliver_after: It was not to be delivered before, UTC.
        expires_at: When it expires, UTC.
        ack_seconds: Within how many seconds it is to be acknowledged.
        sent_at: When it was sent, UTC.
    """

    message_id: str
    from_agent: str
    message_type: str
    priority: Priority
    payload: Any
    encrypted: bool = False
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    correlation_id: str | None = None
    reply_to: str | None = None
    deliver_after: datetime | None = None
    expires_at: datetime | None = None
    ack_seconds: float
    sent_at: datetime


def message_view(message_id: str, event: MessageSent, payload: Any) -> MessageView:
    """Return a message as its recipient gets it.

    Args:
        message_id: Its id.
        event: How it was sent.
        payload: Its payload, readable.
    """
    return MessageView(
        **destination_fields(event.to),
        message_id=message_id,
        from_agent=event.from_agent,
        message_type=event.message_type,
        priority=event.priority,
        payload=payload,
        encrypted=event.sealed is not None,
        headers=event.headers,
        correlation_id=event.correlation_id,
        reply_to=event.reply_to,
        deliver_after=event.deliver_after,
        expires_at=event.expires_at,
        ack_seconds=event.ack_seconds,
        sent_at=event.sent_at,
    )
