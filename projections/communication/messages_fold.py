"""How events of messages become rows (migration 0017)."""

from __future__ import annotations

from collections.abc import Iterator

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication import delivery_events, message
from aia_mas.domain.communication.message_events import MessageExpired, MessageRedriven, MessageSent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.projections.communication.deliveries_fold import DELIVERIES, expired
from aia_mas.projections.communication.letters import letter_key
from aia_mas.projections.communication.message_rows import DeliveryRow, MessageRow, QueuedAgain
from aia_mas.projections.table import Derived, MissingRow, Projection, RowFold, Table
from aia_mas.projections.task_details import read


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


def _queued_again(row: MessageRow | None, recorded: RecordedEvent) -> MessageRow:
    event: MessageRedriven = recorded.event
    row = _known(row, recorded)
    assert event.expires_at is not None
    row.again = _again(row)
    for recipient in event.recipients:
        row.again.append(QueuedAgain(recorded.position, recipient, event.expires_at))
    return row


def _expired(row: MessageRow | None, recorded: RecordedEvent) -> MessageRow:
    event: MessageExpired = recorded.event
    row = _known(row, recorded)
    if row.expired is None and row.expires_at is not None and row.expires_at <= event.at:
        row.expired, row.expired_at = recorded.position, event.at
    return row


def _expired_letters(
    row: MessageRow, recorded: RecordedEvent
) -> Iterator[tuple[str, RowFold[DeliveryRow]]]:
    event: MessageExpired = recorded.event
    if row.expired == recorded.position:
        for recipient in row.recipients:
            yield letter_key(row.position, recipient), expired
    for letter in _again(row):
        if letter.expires_at <= event.at:
            yield letter_key(letter.position, letter.recipient), expired


def _again(row: MessageRow) -> list[QueuedAgain]:
    return read(row.again, list[QueuedAgain]) or []


def _known(row: MessageRow | None, recorded: RecordedEvent) -> MessageRow:
    if row is None:
        raise MissingRow(recorded.stream)
    return row


def _message(recorded: RecordedEvent) -> str | None:
    event = recorded.event
    if isinstance(event, MessageRedriven) and event.expires_at is None:
        return None
    return entity_of(recorded.stream)


MESSAGES = Projection(
    "messages",
    1,
    (
        Table(
            "",
            MessageRow,
            _message,
            {MessageSent: _sent, MessageRedriven: _queued_again, MessageExpired: _expired},
            makes={MessageSent},
        ),
        DELIVERIES,
    ),
    frozenset({message.CATEGORY, delivery_events.CATEGORY}),
    derived=(Derived(0, 1, frozenset({MessageExpired}), _expired_letters),),
)
