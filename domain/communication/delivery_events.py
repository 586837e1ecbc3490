"""What happens to messages all the time, in batches: the events of ``deliveries/<writer>``.

A writer is one run of a node, or of the courier; nobody else writes its stream. An acknowledgement
of ten thousand recipients is a few events, not ten thousand.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of

CATEGORY = "deliveries"
"""The kind of these streams."""
CONNECTED = frozenset({"socket", "stream", "redis", "handler"})
"""Transports by which messages come as long as a connection is open."""
DISCONNECTED = "disconnected"
"""Why a delivery failed over such a connection that is lost."""


class Noted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A delivery whose acknowledgement is still out after a while.

    Attributes:
        position: Of the event by which the message was queued for the recipient.
        recipient: Who.
        attempt: Which delivery, from 1.
        transport: How: ``socket``, ``poll``, ``webhook``, ``redis``, ``stream``, ``handler``, or
            ``reply``: to who waited for an answer.
        delivered_at: When, UTC.
        deadline: Until when it is to be acknowledged, UTC.
    """

    position: int
    recipient: str
    attempt: int
    transport: str
    delivered_at: datetime
    deadline: datetime


class Acknowledged(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A recipient has what it was sent.

    Attributes:
        position: As in ``Noted``.
        recipient: Who.
        attempt: Which delivery, from 1; 0: nobody knows, it was delivered by a node that is gone.
        transport: How it was delivered, or empty.
        delivered_at: When it was delivered, UTC; None: nobody knows.
    """

    position: int
    recipient: str
    attempt: int
    transport: str
    delivered_at: datetime | None


class Failed(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A delivery failed.

    Attributes:
        position: As in ``Noted``.
        recipient: Who.
        attempt: Which delivery, from 1.
        transport: How it was delivered.
        delivered_at: When, UTC.
        reason: ``refused``, ``timed_out``, ``disconnected`` or ``undeliverable``; after a colon
            what the recipient said.
        retry_at: When it is delivered again, UTC; None: never.
    """

    position: int
    recipient: str
    attempt: int
    transport: str
    delivered_at: datetime
    reason: str
    retry_at: datetime | None


class Returned(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A delivery was taken back by whoever made it, and does not count as an attempt.

    Attributes:
        position: As in ``Noted``.
        recipient: Who.
        attempt: Which delivery, from 1; the next one has the same number.
    """

    position: int
    recipient: str
    attempt: int


class Dropped(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A message had to make room: the recipient had more waiting than it may have.

    Attributes:
        position: As in ``Noted``.
        recipient: Who.
        waiting: How many messages waited.
        bound: How many may.
    """

    position: int
    recipient: str
    waiting: int
    bound: int


class DeliveriesNoted(Event, frozen=True, kw_only=True):
    """Messages are with their recipients (``items``: which; ``at``: when it was noted, UTC)."""

    topic: ClassVar[str] = "deliveries.noted.v1"
    items: tuple[Noted, ...]
    at: datetime


class DeliveriesAcknowledged(Event, frozen=True, kw_only=True):
    """Recipients have what they were sent (``items``: what; ``at``: when they said so, UTC)."""

    topic: ClassVar[str] = "deliveries.acknowledged.v1"
    items: tuple[Acknowledged, ...]
    at: datetime


class DeliveriesFailed(Event, frozen=True, kw_only=True):
    """Deliveries failed (``items``: which, and what becomes of them; ``at``: when, UTC)."""

    topic: ClassVar[str] = "deliveries.failed.v1"
    items: tuple[Failed, ...]
    at: datetime


class DeliveriesReturned(Event, frozen=True, kw_only=True):
    """Messages are with their recipients no more (``items``: which; ``at``: since when, UTC)."""

    topic: ClassVar[str] = "deliveries.returned.v1"
    items: tuple[Returned, ...]
    at: datetime


class DeliveriesDropped(Event, frozen=True, kw_only=True):
    """Messages had to make room (``items``: which, at whom; ``at``: when, UTC).

    What has no further attempt is dead, even before that is written: it is not dropped as well.
    """

    topic: ClassVar[str] = "deliveries.dropped.v1"
    items: tuple[Dropped, ...]
    at: datetime


EVENTS: tuple[type[Event], ...] = (
    DeliveriesNoted,
    DeliveriesAcknowledged,
    DeliveriesFailed,
    DeliveriesReturned,
    DeliveriesDropped,
)
"""Every event of such a stream, for the topic registry."""


class DeliveriesState(State, frozen=True, kw_only=True):
    """How much a writer has written (``batches``: events)."""

    batches: int = 0


def deliveries_stream(writer: str) -> str:
    """Return the stream of a writer."""
    return stream_of(CATEGORY, writer)


def evolve(state: DeliveriesState | None, _event: Event) -> DeliveriesState:
    """Fold one event of the stream into the state."""
    return DeliveriesState(batches=1 if state is None else state.batches + 1)
