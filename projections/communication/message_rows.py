"""The rows of messages, field by field as in migration 0017."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.message_events import Sealed


class QueuedAgain(msgspec.Struct, gc=False):
    """A dead letter that was queued again, and may expire.

    Attributes:
        position: Of the event that says so.
        recipient: For whom.
        expires_at: When it expires, UTC.
    """

    position: int
    recipient: str
    expires_at: datetime


class MessageRow(msgspec.Struct, gc=False):
    """A row of ``messages_v1``: a message as it was sent, and what it takes to have it expire.

    ``position`` is that of the event by which it was sent, ``topics`` are those that it goes to,
    and ``spread`` says that it goes to a group, of whose members only the mailroom knows.
    ``expired`` is the position of the event by which it expired for those whom it was sent to at
    first, ``again`` has the letters that were queued again and have a time of their own.
    """

    message_id: str
    position: int
    from_agent: str
    destination: Destination
    goes_to: tuple[Destination, ...]
    recipients: tuple[str, ...]
    topics: tuple[str, ...]
    spread: bool
    message_type: str
    priority: str
    payload: Any
    sealed: Sealed | None
    headers: dict[str, str]
    correlation_id: str | None
    reply_to: str | None
    deliver_after: datetime | None
    expires_at: datetime | None
    ack_seconds: float
    max_attempts: int
    size: int
    why: tuple[str, ...]
    sent_at: datetime
    again: list[QueuedAgain] | None = None
    expired: int | None = None
    expired_at: datetime | None = None


class FailedDelivery(msgspec.Struct, gc=False):
    """An element of ``DeliveryRow.failures``.

    Attributes:
        attempt: Its number.
        transport: How it was made.
        delivered_at: When it was made, UTC.
        delivered: The position of the event that told of it first.
        reason: Why it failed.
        failed_at: When, UTC.
        position: Of the event that said so.
        retry_at: When the next one was due, UTC; None: never.
    """

    attempt: int
    transport: str
    delivered_at: datetime
    delivered: int
    reason: str
    failed_at: datetime
    position: int
    retry_at: datetime | None


class DeliveryRow(msgspec.Struct, gc=False, omit_defaults=True):
    """A row of ``messages_v1_deliveries``: a letter to one recipient.

    A letter is queued by the event at ``position``: that of the sending (``sent``), or one by which
    a dead letter was queued again (``queued_at``, ``by``). All defaults are nulls, and left out of
    what is sent to the database: acknowledgements come by the ten thousand.

    Attributes:
        key: Position and recipient.
        position: See above.
        sent: See above.
        recipient: Who.
        state: See ``MessageStatus``. That a letter to a member of a group expired stands in the row
            of the message only, since nobody knows all of them; see ``expire``.
        attempt: The number of the last delivery, 0 before the first.
        transport: How that was made.
        delivered_at: When it was.
        delivered: The position of the event that told of it first.
        deadline: Until when it is to be acknowledged, while that is out.
        failures: The deliveries that failed; see ``failures_of``.
        retry_at: When it is delivered again.
        reason: Why the last delivery failed, or why it was dropped.
        ended: The position of the event that ended it.
        ended_at: When it ended.
        queued_at: When it was queued again.
        by: Who wanted that.
    """

    key: str
    position: int
    sent: int
    recipient: str
    state: str
    attempt: int
    transport: str | None = None
    delivered_at: datetime | None = None
    delivered: int | None = None
    deadline: datetime | None = None
    failures: list[FailedDelivery] | None = None
    retry_at: datetime | None = None
    reason: str | None = None
    ended: int | None = None
    ended_at: datetime | None = None
    queued_at: datetime | None = None
    by: str | None = None
