"""How the delivery of a message to one recipient goes, as the API shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from aia_mas.projections.communication.deliveries_fold import failures_of
from aia_mas.projections.communication.message_rows import DeliveryRow, FailedDelivery
from aia_mas.projections.communication.standing import MessageStatus, status_of


class Delivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the delivery to one recipient goes.

    Attributes:
        recipient: Who.
        status: Where it stands.
        attempts: How many deliveries were made since it was queued (last), as far as is known.
        transport: How the last one was made.
        delivered_at: When that was, UTC.
        deadline: Until when it is to be acknowledged, UTC.
        retry_at: When it is delivered again, UTC.
        reason: Why the last delivery failed, or why it was dropped.
        acknowledged_at: When it was acknowledged, UTC.
        ended_at: When it was given up otherwise, UTC.
        redriven_at: When it was queued again (last), UTC.
    """

    recipient: str
    status: MessageStatus
    attempts: int = 0
    transport: str | None = None
    delivered_at: datetime | None = None
    deadline: datetime | None = None
    retry_at: datetime | None = None
    reason: str | None = None
    acknowledged_at: datetime | None = None
    ended_at: datetime | None = None
    redriven_at: datetime | None = None


def delivery_of(letter: DeliveryRow, expired_at: datetime | None) -> Delivery:
    """Return how the delivery of a letter goes (``expired_at``: when it expired, if it has)."""
    going_on = expired_at is None
    status = status_of(letter.state, not going_on)
    acknowledged = status is MessageStatus.ACKNOWLEDGED
    return Delivery(
        recipient=letter.recipient,
        status=status,
        attempts=letter.attempt,
        transport=letter.transport or None,
        delivered_at=letter.delivered_at,
        deadline=letter.deadline if going_on else None,
        retry_at=letter.retry_at if going_on else None,
        reason=letter.reason if going_on else _why_failed(letter),
        acknowledged_at=letter.ended_at if acknowledged else None,
        ended_at=None if acknowledged else expired_at or letter.ended_at,
        redriven_at=letter.queued_at,
    )


def _why_failed(letter: DeliveryRow) -> str | None:
    """Return why the last delivery failed, whatever was said of the letter later."""
    failures = failures_of(letter)
    return failures[-1].reason if failures else None


DELIVERY_COLUMNS = ", ".join(
    f"d.{name}::text" if name == "failures" else f"d.{name}"
    for name in DeliveryRow.__struct_fields__
)
"""The columns of a letter (table ``d``)."""
DELIVERY_LARGE = ("d.failures", "d.reason")
"""Those of them that may be long."""


_WIDTH = len(DeliveryRow.__struct_fields__)
_failures = msgspec.json.Decoder(list[FailedDelivery]).decode


def letter_of(row: Sequence[Any]) -> tuple[DeliveryRow, datetime | None]:
    """Return the letter of a row of ``DELIVERY_COLUMNS`` and when it expired, and that."""
    return letter_row(row[:_WIDTH]), row[_WIDTH]


def letter_row(row: Sequence[Any]) -> DeliveryRow:
    """Return the letter of a row of ``DELIVERY_COLUMNS``."""
    letter = DeliveryRow(*row)
    failures: Any = letter.failures
    if isinstance(failures, str):
        letter.failures = _failures(failures)
    return letter
