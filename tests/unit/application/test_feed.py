"""The window on the end of the log: contiguous whatever arrives, bounded, and never asleep."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.application.event_log.feed import Feed
from aia_mas.application.event_log.progress import Progress
from aia_mas.application.event_log.records import RecordedEvent

from .conftest import PATIENCE, settle

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _event(position: int, size: int = 10) -> RecordedEvent:
    return RecordedEvent(position, "s", position, "t", None, NOW, "c", "a", None, None, size)


def _events(first: int, last: int) -> list[RecordedEvent]:
    return [_event(position) for position in range(first, last + 1)]


def _kept(feed: Feed) -> list[RecordedEvent]:
    return [event for event in feed._events if event is not None]


def _window(feed: Feed, after: int) -> list[int] | None:
    events = feed.since(after)
    return None if events is None else [event.position for event in events]


async def test_what_continues_the_window_is_kept() -> None:
    feed = Feed()
    feed.publish(_events(1, 2))
    feed.publish(_events(3, 3))

    assert feed.position == 3
    assert _window(feed, 0) == [1, 2, 3]
    assert _window(feed, 2) == [3]
    assert _window(feed, 3) == []
    assert _window(feed, 99) == []


async def test_what_is_known_is_not_taken_twice() -> None:
    feed, heard = Feed(), list[int]()
    feed.listen(lambda events: heard.extend(event.position for event in events))
    for first, last in ((1, 3), (1, 3), (2, 5), (5, 5), (4, 6)):
        feed.publish(_events(first, last))

    assert _window(feed, 0) == heard == [1, 2, 3, 4, 5, 6]


async def test_nothing_beyond_a_gap_is_taken_and_the_reader_is_told() -> None:
    feed = Feed()
    feed.publish(_events(1, 1))
    waiting = asyncio.create_task(feed.gap(timeout=PATIENCE))
    await settle()
    assert not waiting.done()

    feed.publish(_events(3, 4))
    with anyio.fail_after(PATIENCE):
        await waiting
    assert _window(feed, 0) == [1]

    async def read(after: int, limit: int) -> list[RecordedEvent]:
        return _events(after + 1, 4)[:limit]

    await feed.catch_up(read)
    assert _window(feed, 0) == [1, 2, 3, 4]


async def test_a_look_asked_for_while_reading_is_not_lost() -> None:
    feed, reads = Feed(), list[int]()

    async def read(after: int, limit: int) -> list[RecordedEvent]:
        reads.append(after)
        feed.look()  # somebody commits behind the back of this read
        return []

    await feed.catch_up(read)
    with anyio.fail_after(PATIENCE):
        await feed.gap(timeout=3600)


async def test_catching_up_reads_page_by_page_to_the_end() -> None:
    feed, pages = Feed(), list[int]()

    async def read(after: int, limit: int) -> list[RecordedEvent]:
        page = _events(after + 1, min(after + limit, 2500))
        pages.append(len(page))
        return page

    await feed.catch_up(read)

    assert feed.position == 2500
    assert pages == [1000, 1000, 500]


async def test_own_commits_and_pages_read_may_overlap() -> None:
    feed = Feed()

    async def read(after: int, limit: int) -> list[RecordedEvent]:
        page = _events(after + 1, 5)
        feed.publish(_events(1, 3))  # arrives while the page is on its way
        return page

    await feed.catch_up(read)
    assert _window(feed, 0) == [1, 2, 3, 4, 5]


async def test_the_window_is_bounded_in_events() -> None:
    feed = Feed(capacity=10)
    for position in range(1, 101):
        feed.publish([_event(position)])
        window = _window(feed, feed.position - 1)
        assert window == [position]
        assert len(feed._events) <= 20

    assert feed.position == 100
    assert _window(feed, 0) is None
    assert _window(feed, 90) == list(range(91, 101))


async def test_the_window_is_bounded_in_bytes() -> None:
    feed = Feed(capacity_bytes=1000)
    for position in range(1, 101):
        feed.publish([_event(position, size=400)])
        assert feed._bytes == sum(event.size for event in _kept(feed)) <= 2400
    feed.publish([_event(101, size=10_000)])

    assert feed.position == 101, "even when nothing of it fits"
    feed.publish([_event(102)])
    assert _window(feed, 101) == [102]


async def test_a_full_window_gives_up_few_events_at_a_time() -> None:
    """To give up fifty thousand at once would hold up everybody else."""
    feed = Feed(capacity=5_000, capacity_bytes=60_000)
    feed.publish(_events(1, 5_000))
    most, kept = 0, len(_kept(feed))
    for position in range(5_001, 15_001):
        # Each of the large ones pushes out what a thousand small ones take.
        feed.publish([_event(position, size=10_000 if position % 1_000 == 0 else 10)])
        before, kept = kept, sum(map(bool, feed._events))
        most = max(most, before + 1 - kept)
        assert kept <= 5_000
        assert feed._bytes <= 120_000
        assert len(feed._events) <= 12_000
    assert most <= 100
    assert _window(feed, 14_999) == [15_000]


async def test_catching_up_goes_on_behind_a_page_that_its_bytes_ended() -> None:
    feed = Feed()

    async def read(after: int, limit: int) -> list[RecordedEvent]:
        return [_event(after + 1, size=5 * 2**20)] if after < 7 else []

    await feed.catch_up(read)
    assert feed.position == 7


async def test_a_restart_begins_behind_a_position() -> None:
    feed = Feed()
    feed.publish(_events(1, 5))
    waiting = asyncio.create_task(feed.wait(5, timeout=PATIENCE))
    await settle()

    feed.start(8)

    assert await waiting
    assert feed.position == 8
    assert _window(feed, 5) is None
    assert _window(feed, 8) == []


async def test_everybody_who_waits_is_woken() -> None:
    feed = Feed()
    waiting = [asyncio.create_task(feed.wait(after)) for after in (0, 0, 1, 2)]
    await settle()
    feed.publish(_events(1, 2))
    await settle()

    assert [task.done() for task in waiting] == [True, True, True, False]
    assert await feed.wait(1), "and nobody waits for what is there"
    feed.publish(_events(3, 3))
    assert await waiting[3]


async def test_waiting_ends_in_time_however_much_happens() -> None:
    """Every event wakes it, and each time there is less left of its time."""
    feed = Feed()
    waiting = asyncio.create_task(feed.wait(10**9, timeout=0.05))
    position = 0
    with anyio.fail_after(PATIENCE):
        while not waiting.done():
            position += 1
            feed.publish([_event(position)])
            await asyncio.sleep(0.001)

    assert not await waiting
    assert not feed._waiters


async def test_whoever_stops_waiting_is_forgotten() -> None:
    feed = Feed()
    waiting = [asyncio.create_task(feed.wait(0)) for _ in range(5)]
    await settle()
    for task in waiting:
        task.cancel()
    await settle()

    assert not feed._waiters


@given(
    st.lists(st.tuples(st.integers(1, 30), st.integers(0, 8), st.integers(0, 50)), max_size=40),
    st.integers(1, 6),
)
def test_the_window_is_always_a_run_of_the_log(
    arrivals: list[tuple[int, int, int]], capacity: int
) -> None:
    """Whatever arrives, in whatever order, and however little is kept."""
    feed, heard = Feed(capacity=capacity, capacity_bytes=100), list[int]()
    feed.listen(lambda events: heard.extend(event.position for event in events))
    for first, count, size in arrivals:
        feed.publish([_event(first + number, size) for number in range(count)])
        kept = [event.position for event in _kept(feed)]
        assert kept == list(range(feed.position - len(kept) + 1, feed.position + 1))
        assert feed._bytes == sum(event.size for event in _kept(feed))
        assert len(kept) <= 2 * capacity + 8
    assert heard == list(range(1, feed.position + 1))


# -------------------------------------------------------------------------------------- progress


async def test_a_position_is_waited_for() -> None:
    progress = Progress(3)
    assert await progress.reached(3)
    waiting = {
        position: asyncio.create_task(progress.reached(position)) for position in (7, 5, 5, 6)
    }
    await settle()
    assert progress.has_waiters

    progress.move(6)
    await settle()
    assert {position: task.done() for position, task in waiting.items()} == {
        7: False,
        5: True,
        6: True,
    }
    progress.move(2)
    progress.move(9)
    assert await waiting[7]
    assert not progress.has_waiters


async def test_a_wait_for_a_position_ends_in_time() -> None:
    progress = Progress()
    assert not await progress.reached(1, timeout=0.001)
    waiting = asyncio.create_task(progress.reached(1))
    await settle()
    waiting.cancel()
    await settle()

    assert not progress.has_waiters
    assert not await progress.somebody_waits(timeout=0.001)


async def test_somebody_is_noticed_to_wait() -> None:
    progress = Progress()
    noticing = asyncio.create_task(progress.somebody_waits())
    await settle()
    assert not noticing.done()
    waiting = asyncio.create_task(progress.reached(1))

    assert await noticing
    progress.move(1)
    assert await waiting


@pytest.mark.parametrize("size", [0, 1])
async def test_nothing_published_is_nothing_new(size: int) -> None:
    feed = Feed()
    feed.publish(_events(1, size))
    feed.publish([])

    assert feed.position == size


async def test_the_oldest_event_behind_a_position_is_found_in_the_window() -> None:
    feed = Feed(capacity=4)
    assert feed.first_after(0) is None
    feed.publish(_events(1, 6))
    feed._trim(100)

    def found(position: int) -> int | None:
        event = feed.first_after(position)
        return None if event is None else event.position

    assert (found(4), found(5), found(6), found(99)) == (5, 6, None, None)
    assert found(0) == 3  # what came before has left the window
