"""What can happen to a message as a whole, or rarely: the events of ``message/<message_id>``.

What happens all the time, deliveries and acknowledgements, stands in batches (``delivery_events``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.orchestration.task_specification import Priority


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A payload that only who has the key can read (AES-256-GCM).

    Attributes:
        key_id: Which key.
        nonce: 96 bits, base64.
        text: The payload as JSON, encrypted, with the tag at its end; base64.
    """

    key_id: str
    nonce: str
    text: str


class MessageSent(Event, frozen=True, kw_only=True):
    """A message was accepted, which is the same as that it is queued.

    Attributes:
        from_agent: The sender; ``system``: the system.
        to: Where it was sent.
        goes_to: Where it goes, when rules had it go elsewhere or to others, too; else empty.
        recipients: Those who get it by name: they were named, or one of a group was chosen.
        message_type: What it is, for whoever reads it.
        priority: Its class, after the rules.
        payload: Any JSON; None when it is sealed.
        sealed: The payload, encrypted.
        headers: What else is said about it, name to text.
        correlation_id: What ties it to others; an answer has that of the question.
        reply_to: Where answers go: an agent's id or a topic.
        deliver_after: It is not delivered before, UTC; None: at once.
        expires_at: After this it is not delivered any more, UTC; None: never.
        ack_seconds: How long a delivery waits for its acknowledgement.
        max_attempts: How many deliveries may fail before it is dead.
        size: Of its payload as JSON, bytes.
        digest: Tells the same message, sent again, from another one (hex).
        why: How it came to go where it goes, a sentence each.
        sent_at: When, UTC.
    """

    topic: ClassVar[str] = "message.sent.v1"
    from_agent: str
    to: Destination
    goes_to: tuple[Destination, ...] = ()
    recipients: tuple[str, ...] = ()
    message_type: str
    priority: Priority = Priority.NORMAL
    payload: Any = None
    sealed: Sealed | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    correlation_id: str | None = None
    reply_to: str | None = None
    deliver_after: datetime | None = None
    expires_at: datetime | None = None
    ack_seconds: float
    max_attempts: int
    size: int = 0
    digest: str
    why: tuple[str, ...] = ()
    sent_at: datetime

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """Where it goes."""
        return self.goes_to or (self.to,)


class MessageExpired(Event, frozen=True, kw_only=True):
    """Its time ran out; whoever had not acknowledged it gets it no more (``at``: when, UTC)."""

    topic: ClassVar[str] = "message.expired.v1"
    at: datetime


class Died(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient to whom a message is not delivered any more.

    Attributes:
        recipient: Who.
        attempts: How many deliveries failed.
        reason: Why the last one did.
    """

    recipient: str
    attempts: int
    reason: str


class MessageDied(Event, frozen=True, kw_only=True):
    """It is not delivered any more to some: they refused it for good, or it failed too often.

    Attributes:
        position: Of the event by which it was queued for them.
        items: Who they are, and how that came.
        at: When, UTC.
    """

    topic: ClassVar[str] = "message.died.v2"
    position: int
    items: tuple[Died, ...]
    at: datetime


class MessageDropped(Event, frozen=True, kw_only=True):
    """It had to make room: the recipient had more waiting than it may have.

    It stands in older logs only; now a ``DeliveriesDropped`` tells of many.

    Attributes:
        recipient: Who.
        position: Of the event by which it was queued for them.
        waiting: How many messages waited.
        bound: How many may.
        at: When, UTC.
    """

    topic: ClassVar[str] = "message.dropped.v1"
    recipient: str
    position: int
    waiting: int
    bound: int
    at: datetime


class MessageRedriven(Event, frozen=True, kw_only=True):
    """Dead letters were queued again, at the end, with all their attempts.

    Attributes:
        recipients: For whom.
        from_agent: See ``MessageSent``, as all that follow.
        message_type: What it is.
        priority: Its class.
        ack_seconds: How long a delivery waits.
        max_attempts: How many may fail.
        size: Bytes.
        expires_at: When it expires now, UTC; None: never.
        sent_at: The position of this event orders it; this is when it was sent first, UTC.
        sent: The position of ``MessageSent``.
        by: Who wanted it.
        at: When, UTC.
    """

    topic: ClassVar[str] = "message.redriven.v2"
    recipients: tuple[str, ...]
    from_agent: str
    message_type: str
    priority: Priority = Priority.NORMAL
    ack_seconds: float
    max_attempts: int
    size: int = 0
    expires_at: datetime | None = None
    sent_at: datetime
    sent: int
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (
    MessageSent,
    MessageExpired,
    MessageDied,
    MessageDropped,
    MessageRedriven,
)
"""Every event of a message's stream, for the topic registry."""
