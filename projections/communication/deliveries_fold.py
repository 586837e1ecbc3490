"""How events change letters: what is known of the delivery of a message to one recipient.

A letter that has ended stays so, as in the mailroom: what is recorded of it later changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from aia_mas.application.event_log.fold_snapshots import printable
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.communication.delivery_events import (
    Acknowledged,
    DeliveriesAcknowledged,
    DeliveriesDropped,
    DeliveriesFailed,
    DeliveriesNoted,
    DeliveriesReturned,
    Dropped,
    Failed,
    Noted,
    Returned,
)
from aia_mas.domain.communication.message_events import (
    Died,
    MessageDied,
    MessageDropped,
    MessageRedriven,
    MessageSent,
)
from aia_mas.projections.communication.letters import expire, failures_of, letter_key
from aia_mas.projections.communication.message_rows import DeliveryRow, FailedDelivery
from aia_mas.projections.communication.standing import MessageStatus
from aia_mas.projections.table import MissingRow, RowFold, Table

_QUEUED = MessageStatus.QUEUED.value
_DELIVERED = MessageStatus.DELIVERED.value
_FAILED = MessageStatus.FAILED.value
_ACKNOWLEDGED = MessageStatus.ACKNOWLEDGED.value
_DEAD = MessageStatus.DEAD.value
_DROPPED = MessageStatus.DROPPED.value

Changed = Iterator[tuple[str, RowFold[DeliveryRow]]]


def _sent(recorded: RecordedEvent) -> Changed:
    position = recorded.position
    for recipient in recorded.event.recipients:
        yield letter_key(position, recipient), partial(_queued, position, recipient)


def _queued(
    position: int, recipient: str, _row: DeliveryRow | None, _recorded: RecordedEvent
) -> DeliveryRow:
    return DeliveryRow(
        letter_key(position, recipient), position, position, recipient, _QUEUED, attempt=0
    )


def _redriven(recorded: RecordedEvent) -> Changed:
    event: MessageRedriven = recorded.event
    position = recorded.position
    for recipient in event.recipients:
        yield letter_key(position, recipient), partial(_queued_again, position, recipient)


def _queued_again(
    position: int, recipient: str, _row: DeliveryRow | None, recorded: RecordedEvent
) -> DeliveryRow:
    event: MessageRedriven = recorded.event
    row = _queued(position, recipient, None, recorded)
    row.sent = event.sent
    row.queued_at, row.by = event.at, event.by
    return row


def _each(
    change: Callable[[DeliveryRow, Any, RecordedEvent], None],
) -> Callable[[RecordedEvent], Changed]:
    """Return the fold of a batch, whose items change a letter each unless that has ended."""

    def fold(item: Any, row: DeliveryRow | None, recorded: RecordedEvent) -> DeliveryRow:
        # Of members of groups nothing was known until now.
        row = row or _queued(item.position, item.recipient, None, recorded)
        if row.ended is None:
            change(row, item, recorded)
        return row

    def changes(recorded: RecordedEvent) -> Changed:
        for item in recorded.event.items:
            yield letter_key(item.position, item.recipient), partial(fold, item)

    return changes


def _note(row: DeliveryRow, item: Noted, recorded: RecordedEvent) -> None:
    if item.attempt <= _failed(row) or _is_spent(row):
        return  # it has failed meanwhile
    _deliver(row, item, recorded)
    row.state, row.deadline = _DELIVERED, item.deadline
    row.retry_at = row.reason = None


def _acknowledge(row: DeliveryRow, item: Acknowledged, recorded: RecordedEvent) -> None:
    if _is_spent(row):
        return  # it is dead, that is only not yet written
    _deliver(row, item, recorded)
    _end(row, _ACKNOWLEDGED, recorded)


def _fail(row: DeliveryRow, item: Failed, recorded: RecordedEvent) -> None:
    if item.attempt <= _failed(row) or _is_spent(row):
        return  # two saw the same attempt fail
    _deliver(row, item, recorded)
    reason = printable(item.reason)
    told = row.attempt == item.attempt  # now, or when it was noted
    failure = FailedDelivery(
        attempt=item.attempt,
        transport=(row.transport if told else item.transport) or "",
        delivered_at=(row.delivered_at if told else None) or item.delivered_at,
        delivered=(row.delivered if told else None) or recorded.position,
        reason=reason,
        failed_at=recorded.event.at,
        position=recorded.position,
        retry_at=item.retry_at,
    )
    row.failures = [*failures_of(row), failure]
    row.state, row.retry_at, row.reason, row.deadline = _FAILED, item.retry_at, reason, None


def _take_back(row: DeliveryRow, item: Returned, _recorded: RecordedEvent) -> None:
    if row.state != _DELIVERED or item.attempt <= _failed(row):
        return  # it has failed meanwhile
    failures = failures_of(row)
    row.state, row.deadline = _QUEUED, None
    if failures:
        row.state, row.retry_at, row.reason = _FAILED, failures[-1].retry_at, failures[-1].reason


def _drop(row: DeliveryRow, item: Dropped, recorded: RecordedEvent) -> None:
    if _is_spent(row):
        return  # it is dead, that is only not yet written
    _end(row, _DROPPED, recorded)
    row.reason = _too_many(item)


def _deliver(row: DeliveryRow, item: Noted | Acknowledged | Failed, told: RecordedEvent) -> None:
    """Note a delivery, unless the log has told of it before."""
    if item.delivered_at is not None and item.attempt > row.attempt:
        row.attempt, row.transport = item.attempt, item.transport
        row.delivered_at, row.delivered = item.delivered_at, told.position


def _failed(row: DeliveryRow) -> int:
    """Return the number of the last delivery that failed, 0 when none has."""
    failures = failures_of(row)
    return failures[-1].attempt if failures else 0


def _is_spent(row: DeliveryRow) -> bool:
    """Tell whether there is no further attempt."""
    return row.state == _FAILED and row.retry_at is None


def _died(recorded: RecordedEvent) -> Changed:
    event: MessageDied = recorded.event
    for item in event.items:
        yield letter_key(event.position, item.recipient), partial(_bury, event.position, item)


def _bury(
    position: int, item: Died, row: DeliveryRow | None, recorded: RecordedEvent
) -> DeliveryRow:
    row = row or _queued(position, item.recipient, None, recorded)
    if row.ended is None:
        _end(row, _DEAD, recorded)
        row.reason = printable(item.reason)
    return row


def _dropped(row: DeliveryRow | None, recorded: RecordedEvent) -> DeliveryRow:
    event: MessageDropped = recorded.event
    row = row or _queued(event.position, event.recipient, None, recorded)
    if row.ended is None:
        _end(row, _DROPPED, recorded)
        row.reason = _too_many(event)
    return row


def _too_many(told: MessageDropped | Dropped) -> str:
    return f"{told.waiting} were waiting, at most {told.bound} may"


def _end(row: DeliveryRow, state: str, recorded: RecordedEvent) -> None:
    row.state, row.ended, row.ended_at = state, recorded.position, recorded.event.at
    row.deadline = row.retry_at = row.reason = None


def _letter(recorded: RecordedEvent) -> str:
    event: MessageDropped = recorded.event
    return letter_key(event.position, event.recipient)


def expired(row: DeliveryRow | None, recorded: RecordedEvent) -> DeliveryRow:
    """Fold the expiry of its message into a letter."""
    if row is None:
        raise MissingRow(recorded.stream)
    expire(row, recorded.position, recorded.event.at)
    return row


DELIVERIES = Table(
    "_deliveries",
    DeliveryRow,
    _letter,
    {MessageDropped: _dropped},
    many={
        MessageSent: _sent,
        MessageRedriven: _redriven,
        MessageDied: _died,
        DeliveriesNoted: _each(_note),
        DeliveriesAcknowledged: _each(_acknowledge),
        DeliveriesFailed: _each(_fail),
        DeliveriesReturned: _each(_take_back),
        DeliveriesDropped: _each(_drop),
    },
    makes={MessageSent, MessageRedriven},
)
"""The table of letters."""
