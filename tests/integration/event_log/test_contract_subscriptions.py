"""What both logs promise to those who follow them: every event once, in order, without gaps."""

import asyncio

import anyio
import pytest

from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.event_log.subscription import Subscription

from .conftest import MAPPER, NEW, PATIENCE, collect, end_of, note, outcomes, positions


@pytest.mark.parametrize("after", [0, 1, 4, 7, 9, 10])
async def test_a_subscription_begins_behind_any_position(log: EventLog, after: int) -> None:
    await outcomes(log, *(note(f"s{number}") for number in range(10)))

    later = asyncio.create_task(log.append(note("later")))
    events = await collect(log, after, 11 - after)

    assert positions(events) == list(range(after + 1, 12))
    assert events == await log.read(after, 100)
    await later


async def test_a_subscription_waits_for_what_is_to_come(log: EventLog) -> None:
    subscription = Subscription(log, 0)
    waiting = asyncio.create_task(subscription.next())
    await asyncio.sleep(0)
    assert not waiting.done()

    appended = await log.append(note("a", NEW, "one", "two"))

    with anyio.fail_after(PATIENCE):
        assert positions(await waiting) == [appended.first, appended.last]
    assert subscription.position == 2


async def test_many_subscriptions_see_the_same_while_much_is_appended(log: EventLog) -> None:
    """Requests of every size, stale ones among them, by many tasks at once."""
    total = 400

    async def write(stream: str) -> None:
        place = NEW
        for number in range(total // 40):
            request = note(stream, place, *"abc"[: 1 + number % 3])
            stale = note(stream, (99, "gone"))
            accepted, rejected = await outcomes(log, request, stale)
            assert not isinstance(accepted, Exception)
            assert isinstance(rejected, Exception)
            place = end_of(request)

    async def follow(after: int, found: list[RecordedEvent]) -> None:
        async for events in Subscription(log, after, page=7).batches():
            assert len(events) <= 7
            found += events

    followers: list[tuple[int, list[RecordedEvent]]] = [(after, []) for after in (0, 3, 100)]
    async with anyio.create_task_group() as following:
        for after, found in followers:
            following.start_soon(follow, after, found)
        async with anyio.create_task_group() as writing:
            for number in range(40):
                writing.start_soon(write, f"s{number}")
        head = (await log.head()).position
        with anyio.fail_after(PATIENCE):
            for after, found in followers:
                while len(found) < head - after:
                    await log.feed.wait(after + len(found))
                    await asyncio.sleep(0)
        following.cancel_scope.cancel()

    stored = await log.read(0, 10_000)
    assert positions(stored) == list(range(1, head + 1))
    for after, found in followers:
        assert found == stored[after:]


async def test_own_events_are_in_the_window_before_their_append_is_answered(
    log: EventLog,
) -> None:
    for number in range(5):
        appended = await log.append(note(f"s{number}"))
        assert log.feed.position == appended.last
        window = log.feed.since(appended.first - 1)
        assert window is not None
        assert positions(window) == [appended.first]


async def test_whoever_is_behind_the_window_reads_pages_from_the_store(log: EventLog) -> None:
    await outcomes(log, *(note(f"s{number}") for number in range(25)))
    log.feed.start(25)
    assert log.feed.since(0) is None

    later = asyncio.create_task(log.append(note("later")))
    subscription, found = Subscription(log, 0, page=10), list[RecordedEvent]()
    with anyio.fail_after(PATIENCE):
        while len(found) < 26:
            found += await subscription.next()

    assert positions(found) == list(range(1, 27))
    await later


async def test_a_node_sees_what_another_node_appends(node: PostgresEventLog, database: str) -> None:
    await outcomes(node, *(note(f"s{number}") for number in range(30)))
    async with PostgresEventLog(database, MAPPER).running() as other:
        assert other.feed.position == 30
        await node.append(note("a"))
        await other.feed.wait(30, timeout=PATIENCE)
        await other.append(note("b"))
        await node.append(note("c"))

        for log in (node, other):
            assert positions(await collect(log, 0, 33)) == list(range(1, 34))
            assert await collect(log, 0, 33) == await node.read(0, 100)
