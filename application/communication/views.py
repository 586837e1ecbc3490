"""Messages as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.orchestration.task_specification import Priority


class DestinationView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a message goes; exactly one of these.

    Attributes:
        to_agent: This agent.
        to_agents: These agents.
        topic: Everybody who subscribed to it.
        capability: Agents that have a skill or a specialization of this name.
        mode: Of these ``all`` or ``any``, the least loaded one.
        role: Agents whose label ``role`` says so.
        broadcast: All agents.
    """

    to_agent: str | None = None
    to_agents: tuple[str, ...] | None = None
    topic: str | None = None
    capability: str | None = None
    mode: str | None = None
    role: str | None = None
    broadcast: bool = False


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


def destination_fields(to: Destination) -> dict[str, Any]:
    """Return what a view says of a destination."""
    if len(to.agents) == 1:
        return {"to_agent": to.agents[0]}
    if to.agents:
        return {"to_agents": to.agents}
    if to.capability is not None:
        return {"capability": to.capability, "mode": "any" if to.any_one else "all"}
    if to.topic is not None:
        return {"topic": to.topic}
    return {"broadcast": True} if to.role is None else {"role": to.role}


def destination_view(to: Destination) -> DestinationView:
    """Return a destination as it is shown."""
    return DestinationView(**destination_fields(to))


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
