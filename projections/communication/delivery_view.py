"""How the delivery of a message to one recipient goes, as the API shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from aia_mas.projections.communication.letters import expire
from aia_mas.projections.communication.message_rows import DeliveryRow, FailedDelivery
from aia_mas.projections.communication.standing import MessageStatus


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


def delivery_of(letter: DeliveryRow) -> Delivery:
    """Return how the delivery of a letter goes."""
    status = MessageStatus(letter.state)
    acknowledged = status is MessageStatus.ACKNOWLEDGED
    return Delivery(
        recipient=letter.recipient,
        status=status,
        attempts=letter.attempt,
        transport=letter.transport or None,
        delivered_at=letter.delivered_at,
        deadline=letter.deadline,
        retry_at=letter.retry_at,
        reason=letter.reason,
        acknowledged_at=letter.ended_at if acknowledged else None,
        ended_at=None if acknowledged else letter.ended_at,
        redriven_at=letter.queued_at,
    )


DELIVERY_COLUMNS = ", ".join(
    f"d.{name}::text" if name == "failures" else f"d.{name}"
    for name in DeliveryRow.__struct_fields__
)
"""The columns of a letter (table ``d``)."""
DELIVERY_LARGE = ("d.failures", "d.reason")
"""Those of them that may be long."""


_WIDTH = len(DeliveryRow.__struct_fields__)
_failures = msgspec.json.Decoder(list[FailedDelivery]).decode


def letter_of(row: Sequence[Any]) -> DeliveryRow:
    """Return the letter of a row of ``LETTER_COLUMNS``."""
    letter = DeliveryRow(*row[:_WIDTH])
    failures: Any = letter.failures
    if isinstance(failures, str):
        letter.failures = _failures(failures)
    gone, gone_at = row[_WIDTH : _WIDTH + 2]
    if gone is not None:
        expire(letter, gone, gone_at)
    return letter
