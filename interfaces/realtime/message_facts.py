"""The topic ``messages``: every message sent, and what becomes of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia_mas.application.communication.views import DestinationView, destination_view
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication import delivery_events as batches
from aia_mas.domain.communication import message_events as events
from aia_mas.domain.kernel import Event
from aia_mas.interfaces.realtime.facts import FactTopic, Keys, Update


class DeliveryTold(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What became of one delivery.

    Attributes:
        queued_at: The position of the event by which the message was queued for the recipient.
        agent_id: The recipient.
        attempt: Which delivery, from 1; 0: nobody knows; none: it was dropped.
        transport: How it was delivered.
        reason: Why it failed.
        retry_at: When it is delivered again, UTC; none: never.
    """

    queued_at: int
    agent_id: str
    attempt: int | None = None
    transport: str = ""
    reason: str | None = None
    retry_at: datetime | None = None


class MessageTold(Update, kw_only=True, omit_defaults=True):
    """The ``data`` of a ``message_update``; a member is there where the event tells it.

    Payloads are not told. An event about many deliveries tells of the first 500 of them.

    Attributes:
        message_id: Which message; none where it is about many.
        status: ``queued``, ``delivered``, ``acknowledged``, ``failed``, ``dead``, ``dropped`` or
            ``expired``.
        from_agent: The sender.
        to: Where it was sent.
        recipients: Those who get it by name, or have it again.
        message_type: What it is.
        priority: Its class.
        correlation_id: What ties it to others.
        size: Bytes of its payload.
        agent_id: For whom it was dropped.
        deliveries: What became of deliveries; of a message that is dead, for whom it is.
        not_told: How many more deliveries the event is about; the log has them.
    """

    message_id: str | None = None
    status: str
    from_agent: str | None = None
    to: DestinationView | None = None
    recipients: tuple[str, ...] | None = None
    message_type: str | None = None
    priority: str | None = None
    correlation_id: str | None = None
    size: int | None = None
    agent_id: str | None = None
    deliveries: list[DeliveryTold] | None = None
    not_told: int = 0


MOST_TOLD = 500
"""Deliveries that one frame tells of."""

STATUSES: dict[type[Event], str] = {
    events.MessageSent: "queued",
    events.MessageRedriven: "queued",
    events.MessageExpired: "expired",
    events.MessageDied: "dead",
    events.MessageDropped: "dropped",
    batches.DeliveriesNoted: "delivered",
    batches.DeliveriesAcknowledged: "acknowledged",
    batches.DeliveriesFailed: "failed",
    batches.DeliveriesReturned: "queued",
    batches.DeliveriesDropped: "dropped",
}
"""The events that are told of, by class, and where they leave a message."""

_ABOUT_MANY = (
    batches.DeliveriesNoted,
    batches.DeliveriesAcknowledged,
    batches.DeliveriesFailed,
    batches.DeliveriesReturned,
    batches.DeliveriesDropped,
)


def told_message(name: str, entity_id: str, recorded: RecordedEvent) -> MessageTold:
    """Return what is told of an event of a message, or of deliveries.

    Args:
        name: The short name of the event.
        entity_id: What its stream is about.
        recorded: The event.
    """
    event = recorded.event
    update = MessageTold(
        event=name,
        version=recorded.version,
        at=recorded.recorded_at,
        actor=recorded.actor,
        status=STATUSES[type(event)],
    )
    if isinstance(event, _ABOUT_MANY):
        update.deliveries = [_told(item) for item in event.items[:MOST_TOLD]]
        update.not_told = len(event.items) - len(update.deliveries)
        return update
    update.message_id = entity_id
    if isinstance(event, events.MessageSent):
        update.from_agent, update.to = event.from_agent, destination_view(event.to)
        update.recipients = event.recipients or None
        update.message_type, update.priority = event.message_type, event.priority.value
        update.correlation_id, update.size = event.correlation_id, event.size
    elif isinstance(event, events.MessageRedriven):
        update.from_agent, update.recipients = event.from_agent, event.recipients
        update.message_type, update.priority = event.message_type, event.priority.value
    elif isinstance(event, events.MessageDied):
        update.deliveries = [
            DeliveryTold(
                queued_at=event.position,
                agent_id=item.recipient,
                attempt=item.attempts,
                reason=item.reason,
            )
            for item in event.items[:MOST_TOLD]
        ]
        update.not_told = len(event.items) - len(update.deliveries)
    elif isinstance(event, events.MessageDropped):
        update.agent_id = event.recipient
    return update


def _told(item: Any) -> DeliveryTold:
    return DeliveryTold(
        queued_at=item.position,
        agent_id=item.recipient,
        attempt=getattr(item, "attempt", None),
        transport=getattr(item, "transport", ""),
        reason=getattr(item, "reason", None),
        retry_at=getattr(item, "retry_at", None),
    )


def _describe(name: str, entity_id: str, recorded: RecordedEvent) -> tuple[Update, Keys]:
    told = told_message(name, entity_id, recorded)
    agent_id = told.agent_id
    if agent_id is None and told.recipients is not None and len(told.recipients) == 1:
        agent_id = told.recipients[0]
    if told.deliveries is not None and len(told.deliveries) == 1:
        agent_id = told.deliveries[0].agent_id
    return told, Keys(agent_id=agent_id, status=told.status)


MESSAGES = FactTopic(
    "messages",
    category="message",
    beside=frozenset({"deliveries"}),
    frame_type="message_update",
    events=STATUSES,
    statuses=frozenset(STATUSES.values()),
    describe=_describe,
)
"""Subscribe to it for ``message_update`` frames."""
