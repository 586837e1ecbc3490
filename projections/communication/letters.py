"""What is known of a letter, and how it expires."""

from __future__ import annotations

from datetime import datetime

from aia_mas.projections.communication.message_rows import DeliveryRow, FailedDelivery
from aia_mas.projections.communication.standing import MessageStatus
from aia_mas.projections.task_details import read


def letter_key(position: int, recipient: str) -> str:
    """Return the key of a letter."""
    return f"{position}/{recipient}"


def failures_of(row: DeliveryRow) -> list[FailedDelivery]:
    """Return the deliveries of a letter that failed."""
    return read(row.failures, list[FailedDelivery]) or []


def expire(row: DeliveryRow, position: int, at: datetime) -> None:
    """Have a letter expire, unless something ended it before.

    The first outcome holds: whatever was noted of it behind the expiry is taken back, since it may
    be folded before, together with it, or only read with it.

    Args:
        row: The letter.
        position: Of the event by which its message expired.
        at: When that was.
    """
    if row.ended is not None and row.ended < position:
        return
    failures = failures_of(row)
    deliveries = [(row.attempt, row.transport, row.delivered_at, row.delivered)]
    deliveries += [
        (each.attempt, each.transport, each.delivered_at, each.delivered) for each in failures
    ]
    told = [each for each in deliveries if each[3] is not None and each[3] < position]
    last = max(told, key=lambda each: each[0], default=(0, None, None, None))
    row.attempt, row.transport, row.delivered_at, row.delivered = last
    kept = [each for each in failures if each.position < position]
    row.failures = kept or None
    row.reason = kept[-1].reason if kept else None
    row.state = MessageStatus.EXPIRED.value
    row.ended, row.ended_at = position, at
    row.deadline = row.retry_at = None
