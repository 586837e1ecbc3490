"""Messages in PostgreSQL: as the mailroom has them, as in memory, and as rebuilt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from aia.testing.messages import MemoryMessages
from aia.testing.tables import Tables
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.registry import event_mapper
from aia_mas.domain.communication.delivery_events import (
    Acknowledged,
    DeliveriesAcknowledged,
    DeliveriesDropped,
    DeliveriesNoted,
    Dropped,
    Noted,
)
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.errors import MessageClosed
from aia_mas.domain.communication.message_events import MessageExpired, MessageSent
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.projections.communication.message_filters import (
    DeadLetterFilter,
    MessageFilter,
    ReceivedFilter,
)
from aia_mas.projections.communication.messages import Messages
from aia_mas.projections.communication.messages_fold import MESSAGES
from aia_mas.projections.communication.standing import OPEN, MessageStatus
from aia_mas.projections.communication.story import RecipientCounts
from aia_mas.projections.listing import Page
from aia_mas.projections.rebuilding import rebuild

from .conftest import PATIENCE, Pen, contents, one, rows, runner, running
from .message_histories import NAMES, NOW, TOPIC, Correspondence

PARKED = "select count(*) from projection_parked"


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresEventLog]:
    async with PostgresEventLog(database, event_mapper()).running() as running_log:
        yield running_log


@pytest.fixture
def pen(log: PostgresEventLog) -> Pen:
    return Pen(log)


async def folded(log: PostgresEventLog, database: str, position: int) -> None:
    """Have the read model come to a position."""
    live = runner(log, database, MESSAGES)
    async with running(live.run):
        assert await live.progress.reached(position, PATIENCE)


async def remembered(log: PostgresEventLog) -> MemoryMessages:
    """Return the same read model in memory."""
    tables = Tables(MESSAGES)
    events = await log.read(0, 100_000)
    for event in events:
        tables.apply(event)
    return MemoryMessages(tables, lambda: events[-1].position)


def plain(items: Any) -> Any:
    """Return what clients are sent: payloads are compared as JSON, not as texts."""
    return msgspec.json.decode(msgspec.json.encode(items))


async def test_letters_are_open_where_the_mailroom_has_them_and_a_rebuild_is_equal(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """The live one came to be in many batches, by two leaders; the rebuild in few."""
    world, position = Correspondence(1), 0
    for holder in ("first", "second"):
        live = runner(log, database, MESSAGES, holder)
        async with running(live.run):
            for size in (1, 3, 40, 250, 7):
                position = await pen.write_all(world.history(size))
                assert await live.progress.reached(position, PATIENCE)
    stored, room = Messages(log.pool), world.room
    seen = set()
    for place, name, message_id in world.given:
        number = room.directory.number(name)
        standing = await stored.state_of(message_id, name)
        newest = max(each for each, *rest in world.given if rest == [name, message_id])
        assert standing.found
        if place == newest and standing.status is not None:
            seen.add(standing.status)
            assert (standing.status in OPEN) == room.is_open(place, number), (place, name)
            arrived = standing.status is MessageStatus.ACKNOWLEDGED
            assert arrived == ((place, number) in world.arrived), (place, name)
    assert seen == set(MessageStatus)
    dead = {(name, each) for name, state in world.states.items() for each in state.dead}
    letters = (await stored.dead_letters(limit=500)).items
    assert {(each.message_id, each.recipient) for each in letters} == dead
    assert letters
    before = await contents(database, MESSAGES)

    async with PostgresEventLog(database, log.mapper).running() as fresh:
        assert await rebuild(MESSAGES, fresh, database) == position

    assert await contents(database, MESSAGES) == before
    assert all(before.values())
    assert await one(database, PARKED) == 0


MESSAGE_FILTERS = [
    MessageFilter(),
    MessageFilter(from_agent="ann"),
    MessageFilter(recipient="zoe"),
    MessageFilter(message_type="größe", priority=("critical", "low")),
    MessageFilter(topic=TOPIC),
    MessageFilter(correlation_id="c1"),
    MessageFilter(since=NOW + timedelta(seconds=60), until=NOW + timedelta(seconds=180)),
    *(MessageFilter(status=(status.value,)) for status in MessageStatus),
    MessageFilter(status=("dead", "expired")),
    MessageFilter(status=("acknowledged", "queued"), recipient="bob"),
]
RECEIVED_FILTERS = [
    ReceivedFilter(),
    ReceivedFilter(from_agent="system", message_type="greeting", priority=("high", "normal")),
    ReceivedFilter(since=NOW + timedelta(seconds=60), until=NOW + timedelta(seconds=180)),
    *(ReceivedFilter(status=(status.value,)) for status in MessageStatus),
]
DEAD_FILTERS = [
    DeadLetterFilter(),
    DeadLetterFilter(recipient="bob"),
    DeadLetterFilter(reason="refused"),
    DeadLetterFilter(reason="timed_out", priority=("low", "normal", "high")),
    DeadLetterFilter(from_agent="dora", message_type="greeting"),
    DeadLetterFilter(since=NOW + timedelta(seconds=60), until=NOW + timedelta(seconds=300)),
]


async def test_lists_and_stories_are_those_in_memory(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    world = Correspondence(10)
    await folded(log, database, await pen.write_all(world.history(300)))
    stored, memory = Messages(log.pool), await remembered(log)

    counted = 0
    for wanted in MESSAGE_FILTERS:
        for sort in ("sent_at", "-sent_at"):
            await same(
                lambda cursor, w=wanted, s=sort: stored.list(w, s, cursor, 7),
                lambda cursor, w=wanted, s=sort: memory.list(w, s, cursor, 7),
            )
        count = await stored.count(wanted)
        assert count == await memory.count(wanted)
        counted += count > 0
    assert counted == len(MESSAGE_FILTERS)
    for received in RECEIVED_FILTERS:
        for name in ("bob", "zoe"):
            await same(
                lambda cursor, w=received, n=name: stored.received(n, w, cursor=cursor, limit=9),
                lambda cursor, w=received, n=name: memory.received(n, w, cursor=cursor, limit=9),
            )
            count = await stored.count_received(name, received)
            assert count == await memory.count_received(name, received)
    for dead in DEAD_FILTERS:
        for sort in ("died_at", "-died_at"):
            await same(
                lambda cursor, w=dead, s=sort: stored.dead_letters(w, s, cursor, 3),
                lambda cursor, w=dead, s=sort: memory.dead_letters(w, s, cursor, 3),
            )
        count = await stored.count_dead_letters(dead)
        assert count == await memory.count_dead_letters(dead) > 0

    listed = {each.message_id: each.status for each in (await stored.list(limit=500)).items}
    events = set()
    for message_id in (*world.states, "nobody"):
        for choice in ((), ("acknowledged", "expired")):
            cursor: str | None = None
            while True:
                told = await stored.find(message_id, choice, cursor, 2)
                assert plain(told) == plain(await memory.find(message_id, choice, cursor, 2))
                if told.item is None:
                    break
                assert told.item.status == listed[message_id]
                events |= {entry.event.value for entry in told.item.history}
                cursor = told.item.next_cursor
                if cursor is None:
                    break
        for name in NAMES:
            assert await stored.state_of(message_id, name) == await memory.state_of(
                message_id, name
            )
        assert await stored.sealed(message_id) == await memory.sealed(message_id)
    assert len(events) == 9
    assert (await stored.find("nobody")).item is None


Paging = Callable[[str | None], Awaitable[Page[Any]]]


async def same(stored: Paging, memory: Paging) -> None:
    """Compare two lists, page by page."""
    cursor: str | None = None
    while True:
        page = await stored(cursor)
        assert plain(page) == plain(await memory(cursor))
        cursor = page.next_cursor
        if cursor is None:
            return


def broadcast(**changes: Any) -> MessageSent:
    said: dict[str, Any] = {
        "from_agent": "system",
        "to": Destination(broadcast=True),
        "message_type": "news",
        "payload": {"amount": 2**70},
        "ack_seconds": 30.0,
        "max_attempts": 3,
        "digest": "",
        "sent_at": NOW,
    }
    return MessageSent(**{**said, **changes})


def acknowledged(position: int, first: int, count: int) -> DeliveriesAcknowledged:
    items = (
        Acknowledged(position, f"agent-{number:05}", 1, "socket", NOW)
        for number in range(first, first + count)
    )
    return DeliveriesAcknowledged(items=tuple(items), at=NOW)


async def test_a_broadcast_is_one_row_until_ten_thousand_acknowledge_it(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    sent = (await pen.write(("message/m1", broadcast()))).last
    await folded(log, database, sent)
    stored = Messages(log.pool)
    _, letters = MESSAGES.table_names()
    assert await rows(database, letters) == []
    found = (await stored.find("m1")).item
    assert found is not None
    assert (found.status, found.broadcast, found.waiting) == ("queued", True, None)
    assert bytes(found.payload) == b'{"amount":1180591620717411303424}'

    batches = [[("deliveries/n1", acknowledged(sent, 1_000 * n, 1_000))] for n in range(10)]
    await folded(log, database, await pen.write_all(batches))

    found = (await stored.find("m1", limit=3)).item
    assert found is not None
    assert found.counts.acknowledged == 10_000
    assert [each.recipient for each in found.deliveries] == [f"agent-0000{n}" for n in range(3)]
    following = (await stored.find("m1", cursor=found.next_cursor, limit=1)).item
    assert following is not None
    assert following.deliveries[0].recipient == "agent-00003"
    assert len(following.history) == 3  # sent, and delivered to this one, who acknowledged it


async def test_an_expiry_ends_what_is_open_without_a_word_about_each(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    names = tuple(f"agent-{number:05}" for number in range(200))
    until = NOW + timedelta(seconds=9)
    named = broadcast(to=Destination(agents=names), recipients=names, expires_at=until)
    first = (await pen.write(("message/m1", named))).last
    await pen.write(("deliveries/n1", acknowledged(first, 0, 20)))
    await pen.write(("message/m2", named))
    group = (await pen.write(("message/m3", broadcast(expires_at=until)))).last
    noted = Noted(group, "agent-00050", 1, "socket", NOW, until)
    await pen.write(("deliveries/n1", acknowledged(group, 0, 20)))
    await pen.write(("deliveries/n1", DeliveriesNoted(items=(noted,), at=NOW)))

    ends = [[(f"message/{name}", MessageExpired(at=until))] for name in ("m1", "m3")]
    late = [[("deliveries/n1", acknowledged(position, 0, 60))] for position in (first, group)]
    too_much = tuple(Dropped(group, f"agent-{n:05}", 9, 8) for n in range(30, 60))
    late.append([("deliveries/c1", DeliveriesDropped(items=too_much, at=until))])
    await folded(log, database, await pen.write_all([*ends, *late]))

    stored = Messages(log.pool)
    for message_id, counts, waiting in (
        ("m1", RecipientCounts(acknowledged=20, expired=180), 0),
        ("m2", RecipientCounts(queued=200), 200),
        # Nothing was known of others, and what they say now is too late.
        ("m3", RecipientCounts(acknowledged=20, expired=40), None),
    ):
        found = (await stored.find(message_id)).item
        assert found is not None
        assert (found.counts, found.waiting) == (counts, waiting)
    for message_id in ("m1", "m3"):
        for name, status in (("agent-00050", "expired"), ("agent-00003", "acknowledged")):
            assert (await stored.state_of(message_id, name)).status == status
    refusal = (await stored.state_of("m3", "agent-00150")).refusal
    assert isinstance(refusal, MessageClosed)
    before = await contents(database, MESSAGES)
    await rebuild(MESSAGES, log, database)
    assert await contents(database, MESSAGES) == before


BAD: list[tuple[str, Callable[[Any], Awaitable[Any]]]] = [
    ("status", lambda messages: messages.list(MessageFilter(status=("gone",)))),
    ("priority", lambda messages: messages.list(MessageFilter(priority=("huge",)))),
    ("topic", lambda messages: messages.list(MessageFilter(topic="a\0b"))),
    ("sort", lambda messages: messages.list(sort="size")),
    ("cursor", lambda messages: messages.list(cursor="nonsense")),
    ("limit", lambda messages: messages.list(limit=501)),
    ("status", lambda messages: messages.received("ann", ReceivedFilter(status=("",)))),
    ("cursor", lambda messages: messages.received("ann", cursor="%")),
    ("reason", lambda messages: messages.dead_letters(DeadLetterFilter(reason="\ud800"))),
    ("limit", lambda messages: messages.dead_letters(limit=0)),
    ("status", lambda messages: messages.find("m1", ("",))),
    ("cursor", lambda messages: messages.find("m1", cursor="e30")),
    ("limit", lambda messages: messages.find("m1", limit=501)),
]


async def test_what_cannot_be_asked_is_refused_by_its_name_and_odd_ids_are_nobodys(
    log: PostgresEventLog,
) -> None:
    for messages in (Messages(log.pool), MemoryMessages(Tables(MESSAGES), lambda: 0)):
        for field, ask in BAD:
            with pytest.raises(InvalidValue) as refused:
                await ask(messages)
            assert refused.value.field == field
        assert (await messages.find("a\0b")).item is None
        assert not (await messages.state_of("a\0b", "\ud800")).found
        assert (await messages.received("a\0b")).items == []
        assert await messages.sealed("\ud800") is None
