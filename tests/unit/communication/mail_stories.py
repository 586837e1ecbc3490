"""What the read model tells of messages, compared with plain messages."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import asdict

from aia.testing.messages import MemoryMessages
from aia.testing.tables import Tables
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
from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.kernel import Event
from aia_mas.projections.communication.messages_fold import MESSAGES

from .plain_mail import PlainMail


def too_late(plain: PlainMail, now: datetime) -> list[Event]:
    """Return all that may be told of deliveries that are over; the first outcome holds."""
    ended, later = sorted(plain.outcomes), now + timedelta(seconds=9)
    return [
        DeliveriesNoted(items=tuple(Noted(*each, 9, "poll", now, later) for each in ended), at=now),
        DeliveriesFailed(
            items=tuple(Failed(*each, 9, "poll", now, "refused", later) for each in ended), at=now
        ),
        DeliveriesReturned(items=tuple(Returned(*each, 9) for each in ended), at=now),
        DeliveriesDropped(items=tuple(Dropped(*each, 2, 1) for each in ended), at=now),
        DeliveriesAcknowledged(
            items=tuple(Acknowledged(*each, 9, "poll", now) for each in ended), at=now
        ),
    ]


async def check_stories(
    events: Sequence[RecordedEvent], plain: PlainMail, late: Sequence[Event]
) -> None:
    """Check that the read model tells the outcome of the last letter to each recipient.

    Of members of groups at whom a message did nothing but expire, it knows nothing before they say
    something (``late``: that, and what others say when it is too late).
    """
    tables = Tables(MESSAGES)
    ids = {each.position: each.stream.partition("/")[2] for each in events}
    messages = MemoryMessages(tables, lambda: plain.position)
    outcomes = defaultdict[str, dict[str, str]](dict)
    for (position, name), outcome in sorted(plain.outcomes.items()):
        outcomes[ids[position]][name] = outcome
    sent = [ids[each.position] for each in events if isinstance(each.event, MessageSent)]
    for each in events:
        tables.apply(each)
    for message_id in sent:
        stands = await _standing(messages, message_id)
        expected = outcomes[message_id]
        silent = expected.keys() - stands.keys()
        assert {expected[name] for name in silent} <= {"expired"}
        assert stands == {name: expected[name] for name in stands}
    for event in late:
        position, now = len(events) + 1, events[-1].recorded_at
        recorded = RecordedEvent(
            position, "deliveries/late", 1, event.topic, event, now, "c", "a", None, None
        )
        tables.apply(recorded)
    for message_id in sent:
        assert await _standing(messages, message_id) == outcomes[message_id]


async def _standing(messages: MemoryMessages, message_id: str) -> dict[str, str]:
    story = (await messages.find(message_id, limit=500)).item
    assert story is not None
    stands = {each.recipient: each.status.value for each in story.deliveries}
    counts = {how: count for how, count in asdict(story.counts).items() if count}
    assert counts == Counter(stands.values())
    return stands
