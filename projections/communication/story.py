"""The whole story of one message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from aia_mas.domain.communication.told import is_group
from aia_mas.projections.communication.delivery_view import Delivery, delivery_of
from aia_mas.projections.communication.envelope import envelope_fields
from aia_mas.projections.communication.letters import failures_of
from aia_mas.projections.communication.message_rows import DeliveryRow
from aia_mas.projections.communication.message_view import Message
from aia_mas.projections.communication.standing import OPEN, MessageStatus, summary


class Happened(StrEnum):
    """What happened to a message, in the order of one delivery."""

    SENT = "sent"
    REDRIVEN = "redriven"
    DELIVERED = "delivered"
    RETRIED = "retried"
    FAILED = "failed"
    ACKNOWLEDGED = "acknowledged"
    DEAD = "dead"
    DROPPED = "dropped"
    EXPIRED = "expired"


class StoryEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened to a message.

    Attributes:
        event: What; ``retried``: it was delivered again.
        at: When, UTC.
        recipient: At whom; left out: at all who had not got it.
        attempt: Which delivery, from 1.
        transport: How it was delivered.
        reason: Why it failed, died or was dropped.
        retry_at: When it was to be delivered again, UTC.
        by: Who wanted it.
        position: Where the log tells of it first.
    """

    event: Happened
    at: datetime
    recipient: str | None = None
    attempt: int | None = None
    transport: str | None = None
    reason: str | None = None
    retry_at: datetime | None = None
    by: str | None = None
    position: int


class RecipientCounts(msgspec.Struct, frozen=True, kw_only=True):
    """At how many recipients a message stands so, as far as anything is known of them.

    Attributes:
        queued: It waits for them.
        delivered: They have it, and have not acknowledged it.
        failed: A delivery failed, and there will be another.
        acknowledged: They acknowledged it.
        dead: It is not delivered any more to them.
        dropped: They had too many others waiting.
        expired: Its time ran out.
    """

    queued: int = 0
    delivered: int = 0
    failed: int = 0
    acknowledged: int = 0
    dead: int = 0
    dropped: int = 0
    expired: int = 0


class MessageStory(Message, frozen=True, kw_only=True, omit_defaults=True):
    """A message and all that became of it.

    Attributes:
        unreadable: Why an encrypted payload is not shown: `message_key_unknown` or
            `message_seal_broken`.
        waiting: How many recipients have not got it, members of groups included; left out: that
            is not known here.
        counts: How many recipients stand where.
        deliveries: Recipients by their ids, a page of them: those named, and members of groups of
            whom anything is known.
        next_cursor: What to ask with for the next page of them; null: there is none.
        history: What happened to the message, and at these recipients, in the order of the log.
    """

    unreadable: str | None = None
    waiting: int | None = None
    counts: RecipientCounts
    deliveries: list[Delivery]
    next_cursor: str | None
    history: list[StoryEntry]


def story_of(
    envelope: Sequence[Any],
    spread: bool,
    expired: tuple[int, datetime] | None,
    counts: Mapping[str, int],
    page: Sequence[DeliveryRow],
    earlier: Iterable[DeliveryRow],
    next_cursor: str | None,
) -> MessageStory:
    """Tell the story of a message.

    Args:
        envelope: Its row of ``ENVELOPE_COLUMNS``.
        spread: It goes to a group.
        expired: The position and the time at which it expired for those whom it was sent to at
            first.
        counts: How many recipients stand where.
        page: The last letters to the recipients that are shown.
        earlier: Letters to them from before it was queued again.
        next_cursor: What to ask with for the following recipients.
    """
    fields = envelope_fields(envelope)
    sent_at, by, position = (fields[name] for name in ("sent_at", "from_agent", "position"))
    history = [StoryEntry(event=Happened.SENT, at=sent_at, by=by, position=position)]
    if expired is not None:
        history.append(StoryEntry(event=Happened.EXPIRED, at=expired[1], position=expired[0]))
    for letter in (*page, *earlier):
        history += _life(letter)
    order = {kind: number for number, kind in enumerate(Happened)}
    history.sort(key=lambda each: (each.position, each.recipient or "", order[each.event]))
    return MessageStory(
        **fields,
        status=summary(counts.keys(), spread=spread, expired=expired is not None),
        waiting=None if spread else sum(counts.get(status, 0) for status in OPEN),
        counts=RecipientCounts(**counts),
        deliveries=[delivery_of(letter) for letter in page],
        next_cursor=next_cursor,
        history=history,
    )


def with_waiting(story: MessageStory, waiting: int) -> MessageStory:
    """Return a story with what only the mailroom knows of a message to a group.

    Args:
        story: As the read model tells it.
        waiting: How many recipients have not got it.
    """
    known = [name for name, count in msgspec.structs.asdict(story.counts).items() if count]
    expired = any(
        each.event is Happened.EXPIRED and each.recipient is None for each in story.history
    )
    spread = any(is_group(each) for each in story.goes_to or (story,))
    status = summary(known, spread=spread, expired=expired, waiting=waiting)
    return msgspec.structs.replace(story, waiting=waiting, status=status)


def _life(letter: DeliveryRow) -> Iterator[StoryEntry]:
    """Yield what happened to a letter, in order."""
    name = letter.recipient
    if letter.queued_at is not None:
        yield StoryEntry(
            event=Happened.REDRIVEN,
            at=letter.queued_at,
            recipient=name,
            by=letter.by,
            position=letter.position,
        )
    failures = failures_of(letter)
    for each in failures:
        yield _delivered(name, each.attempt, each.transport, each.delivered_at, each.delivered)
        yield StoryEntry(
            event=Happened.FAILED,
            at=each.failed_at,
            recipient=name,
            attempt=each.attempt,
            reason=each.reason,
            retry_at=each.retry_at,
            position=each.position,
        )
    told = failures[-1].attempt if failures else 0
    if letter.attempt > told and letter.delivered_at is not None and letter.delivered is not None:
        yield _delivered(
            name, letter.attempt, letter.transport, letter.delivered_at, letter.delivered
        )
    # That the message expired is told once, of letters queued again with their own time of each.
    told_once = letter.state == MessageStatus.EXPIRED and letter.queued_at is None
    if letter.ended is not None and letter.ended_at is not None and not told_once:
        yield StoryEntry(
            event=Happened(letter.state),
            at=letter.ended_at,
            recipient=name,
            reason=letter.reason,
            position=letter.ended,
        )


def _delivered(
    recipient: str, attempt: int, transport: str | None, at: datetime, position: int
) -> StoryEntry:
    return StoryEntry(
        event=Happened.DELIVERED if attempt <= 1 else Happened.RETRIED,
        at=at,
        recipient=recipient,
        attempt=attempt,
        transport=transport or None,
        position=position,
    )
