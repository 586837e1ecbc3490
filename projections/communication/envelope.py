"""A message as it was sent, as the API shows it, and how that is read from the rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.told import (
    DestinationView,
    destination_fields,
    destination_view,
)
from aia_mas.domain.orchestration.task_specification import Priority


class Envelope(DestinationView, frozen=True, kw_only=True, omit_defaults=True):
    """A message as it was sent.

    Attributes:
        message_id: Its id.
        from_agent: The sender.
        goes_to: Where it goes, when rules had it go elsewhere or to others, too.
        recipients: Those who get it by name.
        message_type: What it is.
        priority: Its class, after the rules.
        payload: Any JSON; null in lists when it is encrypted.
        encrypted: The payload is stored encrypted.
        headers: What else is said about it.
        correlation_id: What ties it to others.
        reply_to: Where answers go.
        deliver_after: It is not delivered before, UTC.
        expires_at: When it expires, UTC.
        ack_seconds: How long a delivery waits for its acknowledgement.
        max_attempts: How many deliveries may fail.
        size: Of its payload as JSON, bytes.
        why: How it came to go where it goes, a sentence each.
        sent_at: When it was sent, UTC.
        position: Where that stands in the log.
    """

    message_id: str
    from_agent: str
    goes_to: tuple[DestinationView, ...] = ()
    recipients: tuple[str, ...] = ()
    message_type: str
    priority: Priority
    payload: msgspec.Raw
    encrypted: bool = False
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    correlation_id: str | None = None
    reply_to: str | None = None
    deliver_after: datetime | None = None
    expires_at: datetime | None = None
    ack_seconds: float
    max_attempts: int
    size: int
    why: tuple[str, ...] = ()
    sent_at: datetime
    position: int


ENVELOPE_COLUMNS = """m.message_id, m.from_agent, m.destination::text, m.goes_to::text,
    m.recipients, m.message_type, m.priority, m.payload::text, m.sealed is not null,
    m.headers::text, m.correlation_id, m.reply_to, m.deliver_after, m.expires_at, m.ack_seconds,
    m.max_attempts, m.size, m.why, m.sent_at, m.position"""
ENVELOPE_WIDTH = 20
"""How many they are."""
ENVELOPE_LARGE = (
    "m.payload", "m.headers", "m.destination", "m.goes_to", "m.recipients", "m.why",
    "m.correlation_id",
)  # fmt: skip
"""Those of them that may be of any length."""

_destination = msgspec.json.Decoder(Destination).decode
_destinations = msgspec.json.Decoder(tuple[Destination, ...]).decode
_headers = msgspec.json.Decoder(dict[str, str]).decode
_NULL = b"null"


# Any: the fields of the view, whichever class of it is made of them.
def envelope_fields(row: Sequence[Any]) -> dict[str, Any]:
    """Return what a view says of the message of a row of ``ENVELOPE_COLUMNS``."""
    return {
        **destination_fields(_destination(row[2])),
        "message_id": row[0],
        "from_agent": row[1],
        "goes_to": tuple(destination_view(each) for each in _destinations(row[3])),
        "recipients": tuple(row[4]),
        "message_type": row[5],
        "priority": Priority(row[6]),
        "payload": msgspec.Raw(_NULL if row[7] is None else row[7].encode()),
        "encrypted": row[8],
        "headers": _headers(row[9]),
        "correlation_id": row[10],
        "reply_to": row[11],
        "deliver_after": row[12],
        "expires_at": row[13],
        "ack_seconds": row[14],
        "max_attempts": row[15],
        "size": row[16],
        "why": tuple(row[17]),
        "sent_at": row[18],
        "position": row[19],
    }
