"""How events of messages become rows (migration 0017)."""

from __future__ import annotations

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication import delivery_events, message
from aia_mas.domain.communication.message_events import MessageExpired, MessageSent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.projections.communication.deliveries_fold import DELIVERIES
from aia_mas.projections.communication.message_rows import ExpiryRow, MessageRow
from aia_mas.projections.table import Projection, Table


def _sent(_row: MessageRow | None, recorded: RecordedEvent) -> MessageRow:
    event: MessageSent = recorded.event
    return MessageRow(
        message_id=entity_of(recorded.stream),
        position=recorded.position,
        from_agent=event.from_agent,
        destination=event.to,
        goes_to=event.goes_to,
        recipients=event.recipients,
        topics=tuple(
            dict.fromkeys(to.topic for to in (event.to, *event.goes_to) if to.topic is not None)
        ),
        spread=any(to.is_group for to in event.destinations),
        message_type=event.message_type,
        priority=event.priority,
        payload=event.payload,
        sealed=event.sealed,
        headers=event.headers,
        correlation_id=event.correlation_id,
        reply_to=event.reply_to,
        deliver_after=event.deliver_after,
        expires_at=event.expires_at,
        ack_seconds=event.ack_seconds,
        max_attempts=event.max_attempts,
        size=event.size,
        why=event.why,
        sent_at=event.sent_at,
    )


def _expired(_row: ExpiryRow | None, recorded: RecordedEvent) -> ExpiryRow:
    return ExpiryRow(
        key=str(recorded.position),
        message_id=entity_of(recorded.stream),
        position=recorded.position,
        at=recorded.event.at,
    )


MESSAGES = Projection(
    "messages",
    1,
    (
        Table(
            "",
            MessageRow,
            lambda recorded: entity_of(recorded.stream),
            {MessageSent: _sent},
            makes={MessageSent},
        ),
        DELIVERIES,
        Table(
            "_expiries",
            ExpiryRow,
            lambda recorded: str(recorded.position),
            {MessageExpired: _expired},
            makes={MessageExpired},
        ),
    ),
    frozenset({message.CATEGORY, delivery_events.CATEGORY}),
)
