"""What both logs promise about reads: every filter, both directions, streams, heads, outcomes."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product

import pytest

from aia_mas.application.event_log.log import EventFilter, EventLog, StreamHead
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.pages import is_last
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import RecordedEvent, Unreadable

from .conftest import NEW, Crossed, Noted, end_of, note, positions, texts

# How a filter is made once the time in the middle of the log is known, and what it lets through.
FILTERS: dict[
    str, tuple[Callable[[datetime], EventFilter], Callable[[RecordedEvent, datetime], bool]]
] = {
    "nothing": (lambda _: EventFilter(), lambda _event, _at: True),
    "stream": (lambda _: EventFilter(stream="agent/b"), lambda e, _: e.stream == "agent/b"),
    "unknown stream": (lambda _: EventFilter(stream="agent/"), lambda _event, _at: False),
    "category": (
        lambda _: EventFilter(category="agent"),
        lambda e, _: e.stream.startswith("agent/"),
    ),
    "topic": (
        lambda _: EventFilter(topics=("test.crossed.v1",)),
        lambda e, _: e.topic == "test.crossed.v1",
    ),
    "topics": (
        lambda _: EventFilter(topics=("test.crossed.v1", "test.noted.v1", "unheard.of.v1")),
        lambda _event, _at: True,
    ),
    "actor": (lambda _: EventFilter(actor="bob"), lambda e, _: e.actor == "bob"),
    "since": (lambda at: EventFilter(since=at), lambda e, at: e.recorded_at >= at),
    "until": (lambda at: EventFilter(until=at), lambda e, at: e.recorded_at < at),
    "after": (lambda _: EventFilter(after=7), lambda e, _: e.position > 7),
    "upto": (lambda _: EventFilter(upto=7), lambda e, _: e.position <= 7),
    "upto the future": (lambda _: EventFilter(upto=10**15), lambda _event, _at: True),
    "after and upto": (
        lambda _: EventFilter(after=7, upto=9),
        lambda e, _: 7 < e.position <= 9,
    ),
    "after upto": (lambda _: EventFilter(after=9, upto=7), lambda _event, _at: False),
    "all": (
        lambda at: EventFilter(
            category="agent",
            topics=("test.noted.v1",),
            actor="bob",
            since=at - timedelta(days=1),
            until=at,
            after=1,
            upto=11,
        ),
        lambda e, at: (
            e.stream.startswith("agent/")
            and e.topic == "test.noted.v1"
            and e.actor == "bob"
            and e.recorded_at < at
            and 1 < e.position <= 11
        ),
    ),
}


async def _filled(log: EventLog) -> list[RecordedEvent]:
    """Fill the log with what filters can tell apart: 24 events, each in a commit of its own."""
    place = dict.fromkeys(("agent/a", "agent/b", "agents", "task/a"), NEW)
    number = 0
    for actor, event in product(("bob", "eve", "bob"), (Noted, Crossed)):
        for stream in place:
            number += 1
            request = note(stream, place[stream], event(text=str(number)), actor=actor)
            await log.append(request)
            place[stream] = end_of(request)
    events = await log.read(0, 100)
    assert texts(events) == [str(number) for number in range(1, 25)]
    return events


@pytest.mark.parametrize("name", FILTERS)
async def test_a_filter_lets_through_what_it_says_in_both_directions(
    log: EventLog, name: str
) -> None:
    events = await _filled(log)
    middle = events[11].recorded_at
    make, lets_through = FILTERS[name]
    where = make(middle)
    expected = [event for event in events if lets_through(event, middle)]
    assert bool(expected) == (name not in {"unknown stream", "after upto"})
    assert await log.count(where) == len(expected)

    for after in (0, 1, 11, 23, 24, 99):
        behind = [event for event in expected if event.position > after]
        before = [event for event in expected if not after or event.position < after][::-1]
        for limit in (1, 3, 1000):
            assert await log.read(after, limit, where) == behind[:limit], (after, limit)
            assert await log.read(after, limit, where, newest=True) == before[:limit], (
                after,
                limit,
            )


async def test_pages_in_either_direction_show_everything_once(log: EventLog) -> None:
    events = await _filled(log)

    forwards: list[RecordedEvent] = []
    while page := await log.read(forwards[-1].position if forwards else 0, 5):
        forwards += page
    backwards = await log.read(0, 5, newest=True)
    while page := await log.read(backwards[-1].position, 5, newest=True):
        backwards += page

    assert forwards == events
    assert backwards == events[::-1]


async def test_a_page_is_bounded_in_bytes_and_goes_on_behind_itself(log: EventLog) -> None:
    """Whatever is asked for at once: a thousand large events do not fit into memory."""
    place = NEW
    for length in (10, 5_000, 10, 20_000, 10, 10, 10):
        request = note("a", place, "x" * length)
        await log.append(request)
        place = end_of(request)
    events = await log.read(0, 100)

    forwards: list[list[RecordedEvent]] = []
    while page := await log.read(
        forwards[-1][-1].position if forwards else 0, 100, max_bytes=6_000
    ):
        assert is_last(page, 100, 6_000) == (page[-1].position == 7)
        forwards.append(page)
    assert [len(page) for page in forwards] == [4, 3]
    assert [event for page in forwards for event in page] == events

    newest = await log.read(0, 100, newest=True, max_bytes=6_000)
    assert positions(newest) == [7, 6, 5, 4]
    assert positions(await log.read(3, 100, max_bytes=1)) == [4]
    assert positions(await log.read(0, 2, max_bytes=6_000)) == [1, 2]
    assert positions(await log.read_stream("a", 2, max_bytes=6_000)) == [3, 4]
    assert positions(await log.read_stream("a", 4, max_bytes=6_000)) == [5, 6, 7]


async def test_an_empty_log_reads_as_nothing(log: EventLog) -> None:
    assert await log.read(0, 10) == []
    assert await log.read(0, 10, newest=True) == []
    assert await log.read_stream("a") == []
    assert await log.count(EventFilter()) == await log.count(EventFilter(actor="a")) == 0
    assert await log.stream_heads(["a"]) == {}
    assert (await log.head()).position == 0
    assert await log.command("a") is None


async def test_a_stream_is_read_in_order_from_any_version(log: EventLog) -> None:
    first = note("a", NEW, "1", "2", "3")
    await log.append(first)
    await log.append(note("b", NEW, "other"))
    await log.append(note("a", end_of(first), "4"))

    assert texts(await log.read_stream("a")) == ["1", "2", "3", "4"]
    assert texts(await log.read_stream("a", 2)) == ["3", "4"]
    assert texts(await log.read_stream("a", 1, 2)) == ["2", "3"]
    assert texts(await log.read_stream("a", limit=1)) == ["1"]
    assert await log.read_stream("a", 4) == []
    assert positions(await log.read_stream("a")) == [1, 2, 3, 5]


async def test_a_stream_is_read_from_its_end_as_well(log: EventLog) -> None:
    await log.append(note("a", NEW, "1", "2", "3"))
    await log.append(note("b", NEW, "other"))

    assert texts(await log.read_stream("a", newest=True)) == ["3", "2", "1"]
    assert texts(await log.read_stream("a", 3, newest=True)) == ["2", "1"]
    assert texts(await log.read_stream("a", 3, 1, newest=True)) == ["2"]
    assert await log.read_stream("a", 1, newest=True) == []
    assert await log.read_stream("c", newest=True) == []


async def test_several_streams_are_read_together_each_from_a_version_of_its_own(
    log: EventLog,
) -> None:
    first = note("b", NEW, "b1", "b2", "b3")
    await log.append(first)
    await log.append(note("a", NEW, "a1", "a2"))
    await log.append(note("b", end_of(first), "b4"))
    await log.append(note("c", NEW, "c1"))

    everything = {"b": -1, "unknown": -1, "a": -1, "c": 0}
    assert texts(await log.read_streams(everything)) == ["b1", "b2", "b3", "b4", "a1", "a2", "c1"]
    assert texts(await log.read_streams({"a": 1, "b": 2, "c": 1})) == ["a2", "b3", "b4"]
    assert await log.read_streams({"unknown": -1, "c": 7}) == []
    assert await log.read_streams({}) == []
    assert await log.read_streams({"b": 3}) == await log.read_stream("b", 3)


async def test_a_page_of_several_streams_is_bounded_and_goes_on_behind_itself(
    log: EventLog,
) -> None:
    lengths = {"c": (10, 5_000, 10), "a": (20_000, 10), "b": (10,)}
    for stream, parts in lengths.items():
        await log.append(note(stream, NEW, *("x" * length for length in parts)))

    assert positions(await log.read_streams({"c": -1, "a": -1}, 4)) == [1, 2, 3, 4]
    assert positions(await log.read_streams({"c": 1, "a": -1}, max_bytes=5_050)) == [2, 3, 4]
    page = await log.read_streams({"c": -1, "a": -1, "b": -1}, max_bytes=6_000)
    assert positions(page) == [1, 2, 3, 4]
    assert not is_last(page, 1_000, 6_000)
    rest = await log.read_streams({"a": 1, "b": -1}, max_bytes=6_000)
    assert positions(rest) == [5, 6]
    assert is_last(rest, 1_000, 6_000)
    assert positions(await log.read_streams({"a": -1, "b": -1}, max_bytes=1)) == [4]


async def test_heads_are_those_of_streams_that_exist(log: EventLog) -> None:
    first = note("a", NEW, "1", "2")
    await log.append(first)

    assert await log.stream_heads(["a", "b", "a"]) == {"a": StreamHead(2, first.command_id)}
    assert await log.stream_heads([]) == {}


async def test_events_of_other_programs_are_shown_as_unreadable(
    node: PostgresEventLog, database: str
) -> None:
    await node.append(note("a", NEW, "known", Crossed(text="unknown"), "known"))

    async with PostgresEventLog(database, EventMapper([Noted])).running() as older:
        first, second, third = await older.read(0, 10)

    assert (first.event, third.event) == (Noted(text="known"), Noted(text="known"))
    assert second.event == Unreadable("test.crossed.v1", "unknown_topic: test.crossed.v1")


async def test_auditors_read_plain_payloads_as_jsonb(node: PostgresEventLog) -> None:
    await node.append(note("a", NEW, "ünï", actor="bob"))

    async with node.pool.connection() as connection:
        cursor = await connection.execute(
            "select position, stream, actor, data ->> 'text' from readable_events"
        )
        assert await cursor.fetchall() == [(1, "a", "bob", "ünï")]
