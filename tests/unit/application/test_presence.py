"""Signs of life as one node knows them: shared, bounded, and honest about outages."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from aia_mas.application.presence import MemoryPresence, Presence, Seen
from aia_mas.application.presence.presence import KEPT
from aia_mas.application.presence.store_time import StoreTime

from .conftest import PATIENCE, SteppedClock

INTERVAL = 0.5


class Store(MemoryPresence):
    """A store that can be away, or hang, with a clock of its own.

    Attributes:
        away: It refuses every call.
        hangs: It answers no call.
        reads: How many pages it gives before it is away.
        asked: Since when it was read.
        pages: How much was read or written in one call, at most.
        ahead: How far its clock is ahead of that of the nodes.
    """

    def __init__(self, clock: SteppedClock) -> None:
        super().__init__(clock)
        self.away = False
        self.hangs = False
        self.reads = float("inf")
        self.asked: list[datetime] = []
        self.pages = 0
        self.ahead = timedelta(0)
        self.hung = asyncio.Event()

    async def now(self) -> datetime:
        await self._check()
        return await super().now() + self.ahead

    async def write(self, seen: Seen, now: datetime) -> None:
        await self._check()
        self.pages = max(self.pages, len(seen))
        await super().write(seen, now)

    async def read(self, since: datetime, until: datetime, limit: int) -> Seen:
        await self._check()
        self.away = self.reads <= 1
        self.reads -= 1
        self.asked.append(since)
        page = await super().read(since, until, limit)
        self.pages = max(self.pages, len(page))
        return page

    @property
    def of_others(self) -> dict[tuple[str, str], datetime]:
        """What is known, signs of life of the nodes themselves aside."""
        return {key: at for key, at in self._seen.items() if key[0] != "node"}

    async def _check(self) -> None:
        if self.away:
            raise ConnectionRefusedError
        if self.hangs:
            self.hung.set()
            await asyncio.Event().wait()


@asynccontextmanager
async def _running(
    store: Store, clock: SteppedClock, patience: float = 5.0
) -> AsyncIterator[Presence]:
    presence = Presence(store, clock, interval=INTERVAL, patience=patience)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(presence.run)
        yield presence
        tasks.cancel_scope.cancel()


def _is_away(presence: Presence) -> bool:
    return not presence.available


async def test_a_sign_of_life_is_known_at_once_and_shared_with_the_next_round() -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock) as presence:
        await clock.step(INTERVAL)
        presence.beat("agent", "a")
        assert presence.last_seen("agent", "a") == clock.now()
        assert presence.last_seen("task", "a") is None
        assert store.of_others == {}
        await clock.step(INTERVAL)
        assert set(store.of_others) == {("agent", "a")}


async def test_what_others_saw_later_counts_and_what_they_saw_before_does_not() -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock) as presence:
        await clock.step(INTERVAL)
        presence.beat("agent", "a")
        before, here = clock.now() - timedelta(seconds=1), clock.now()
        await store.write({("agent", "a"): before}, here)
        await clock.step(INTERVAL)
        assert presence.last_seen("agent", "a") == here

        await clock.step(INTERVAL)
        later = here + timedelta(seconds=0.25)
        await store.write({("agent", "a"): later}, later)
        await clock.step(INTERVAL)
        assert presence.last_seen("agent", "a") == later


async def test_a_round_reads_a_little_of_the_one_before_again() -> None:
    """Rows may become visible a little later than their time says."""
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock) as presence:
        for _ in range(3):
            await clock.step(INTERVAL)
        late = clock.now() - timedelta(seconds=4)
        await store.write({("agent", "late"): late}, clock.now())
        await clock.step(INTERVAL)

        assert presence.last_seen("agent", "late") == late
        assert store.asked[0] < store.asked[-1], "but not everything"


async def test_an_outage_resets_since() -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock) as presence:
        start = presence.since
        await clock.step(INTERVAL)
        assert not _is_away(presence)
        assert presence.since == start

        store.away = True
        for _ in range(3):
            await clock.step(INTERVAL)
            presence.beat("agent", "a")
            assert _is_away(presence)
            assert presence.since == start

        store.away = False
        await clock.step(INTERVAL)
        assert not _is_away(presence)
        assert presence.since == clock.monotonic()
        assert set(store.of_others) == {("agent", "a")}, "what was heard meanwhile is kept"


async def test_a_store_that_does_not_answer_is_away() -> None:
    """It would be the worst outage of all: nothing fails, and nobody is heard of."""
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock, patience=0.01) as presence:
        store.hangs = True
        await clock.step(INTERVAL)
        assert store.hung.is_set()
        assert _is_away(presence)

        store.hangs = False
        await clock.step(INTERVAL)
        assert not _is_away(presence)
        assert presence.since == clock.monotonic()


async def test_beats_of_an_outage_do_not_replace_newer_ones() -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock) as presence:
        presence.beat("agent", "a")
        store.away = True
        await clock.step(INTERVAL)
        presence.beat("agent", "a")
        newest = clock.now()
        await clock.step(INTERVAL)
        store.away = False
        await clock.step(INTERVAL)

        assert store.of_others["agent", "a"] == newest


async def test_who_was_not_heard_of_for_long_is_forgotten() -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock) as presence:
        for number in range(100):
            presence.beat("task", f"t{number}")
        presence.beat("agent", "lives")
        for _ in range(20):
            await clock.step(KEPT.total_seconds() / 10 + 1)
            presence.beat("agent", "lives")
        await clock.step(INTERVAL)

        assert set(presence._seen) == set(store.of_others) == {("agent", "lives")}


async def test_what_is_over_is_forgotten_at_once_here_and_there() -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock) as here, _running(store, clock) as there:
        for number in range(600):
            here.beat("task", f"t{number}")
            clock.advance(0.0001)
        here.beat("agent", "a")
        for _ in range(3):
            await clock.step(INTERVAL)
        assert len(there) == 601

        here.beat("task", "t0")
        for number in range(600):
            here.over(("task", f"t{number}"))
            there.over(("task", f"t{number}"))
        for _ in range(3):
            await clock.step(INTERVAL)
        assert set(store.of_others) == {("agent", "a")}
        assert len(here) == len(there) == 1
        assert not here._over
        assert store.pages == 100


async def test_a_start_under_load_reads_what_it_needs_page_by_page() -> None:
    clock = SteppedClock()
    store = Store(clock)
    times = [clock.now() - timedelta(seconds=number / 100) for number in range(20_000)]
    many = {("agent", f"a{number}"): at for number, at in enumerate(times)}
    await store.write(many, clock.now())
    store.pages = 0
    async with _running(store, clock) as presence:
        await clock.step(INTERVAL)
        assert presence.available
        assert len(presence) == 9_001, "the last 90 seconds"
        assert store.pages <= 100


async def test_a_start_that_is_interrupted_goes_on_where_it_was() -> None:
    clock = SteppedClock()
    store = Store(clock)
    times = [clock.now() - timedelta(seconds=number / 100) for number in range(9_000)]
    await store.write({("agent", f"a{n}"): at for n, at in enumerate(times)}, clock.now())
    store.reads = 50
    async with _running(store, clock) as presence:
        await clock.step(INTERVAL)
        assert _is_away(presence)
        known = len(presence)
        assert known > 4_000
        store.reads, store.away = float("inf"), False
        asked = len(store.asked)
        await clock.step(INTERVAL)
        assert not _is_away(presence)
        assert len(presence) == 9_000
        assert len(store.asked) - asked <= (9_000 - known) / 100 + 2


async def test_more_signs_of_life_of_one_moment_than_a_page_holds() -> None:
    clock = SteppedClock()
    store = Store(clock)
    at = clock.now() - timedelta(seconds=10)
    moments = {("agent", f"a{number}"): at for number in range(2_000)}
    await store.write({**moments, ("agent", "later"): clock.now()}, clock.now())
    async with _running(store, clock) as presence:
        await clock.step(INTERVAL)
        assert len(presence) == 2_001


async def test_the_event_loop_is_not_held_while_many_are_read() -> None:
    clock = SteppedClock()
    store = Store(clock)
    await store.write({("agent", f"a{n}"): clock.now() for n in range(200)}, clock.now())
    presence = Presence(store, clock)
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        monotonic = presence._time.monotonic
        presence._time.monotonic = lambda at: (time.sleep(0.0005), monotonic(at))[1]  # type: ignore[method-assign]
        await presence._exchange()
        tasks.cancel_scope.cancel()
    assert turns >= 60, "a turn for every millisecond or two"


# ----------------------------------------------------------------------------- clocks, and holes


@pytest.mark.parametrize("seconds", [3600, -3600])
async def test_the_clock_of_a_node_may_be_set(seconds: float) -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock) as presence:
        presence.beat("agent", "a")
        await clock.step(INTERVAL)
        since = presence.since
        clock.set(seconds)
        store.ahead -= timedelta(seconds=seconds)
        await clock.step(INTERVAL)

        assert presence.last_seen("agent", "a") == clock.now() - timedelta(seconds=2 * INTERVAL)
        assert presence.since == since


@pytest.mark.parametrize("seconds", [3600, -3600])
async def test_the_clock_of_the_store_may_be_set(seconds: float) -> None:
    """What the store says of before cannot be relied on: every window begins anew."""
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock) as here, _running(store, clock) as there:
        here.beat("agent", "a")
        for _ in range(3):
            await clock.step(INTERVAL)
        store.ahead += timedelta(seconds=seconds)
        await clock.step(INTERVAL)
        assert clock.monotonic() - there.since <= INTERVAL
        since = there.since

        here.beat("agent", "a")
        at = clock.now()
        for _ in range(3):
            await clock.step(INTERVAL)
        assert there.last_seen("agent", "a") == at, "it is heard all the same"
        for _ in range(10):
            await clock.step(INTERVAL)
        assert there.since == since
        assert there.last_seen("agent", "a") == at


async def test_nodes_whose_clocks_differ_understand_each_other() -> None:
    clock, other = SteppedClock(), SteppedClock()
    other.set(-86_400)
    store = Store(clock)
    async with _running(store, clock) as here, _running(store, other) as there:
        there.beat("agent", "a")
        await other.step(INTERVAL)
        await clock.step(INTERVAL)
        seen = here.last_seen("agent", "a")
        assert seen is not None
        assert abs(seen - clock.now()) <= timedelta(seconds=INTERVAL)


async def test_a_store_that_forgot_everything_resets_since() -> None:
    """It was away so shortly that no call failed."""
    clock = SteppedClock()
    store = Store(clock)
    async with _running(store, clock) as presence:
        for _ in range(20):
            await clock.step(INTERVAL)
        assert presence.since == 0
        store._seen.clear()
        await clock.step(INTERVAL)
        assert presence.since == clock.monotonic()
        await clock.step(INTERVAL)
        assert presence.since == clock.monotonic() - INTERVAL


def test_what_takes_long_to_be_answered_is_no_step() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    time_there = StoreTime()
    assert not time_there.compare(noon, 100.0, 100.1)
    assert not time_there.compare(noon + timedelta(seconds=10), 110.0, 119.0)
    assert not time_there.compare(noon + timedelta(seconds=29), 120.0, 129.0)
    assert time_there.monotonic(time_there.stored(150.0)) < 154.0
    assert time_there.compare(noon + timedelta(seconds=45), 140.0, 140.1)
    assert time_there.compare(noon + timedelta(seconds=42), 140.2, 140.3)
    assert time_there.monotonic(time_there.stored(150.0)) == pytest.approx(150.1, abs=1e-5)


async def test_a_store_that_is_away_does_not_hold_up_the_end() -> None:
    clock = SteppedClock()
    store = Store(clock)
    presence = Presence(store, clock)
    presence.beat("agent", "a")
    store.away = True
    with anyio.fail_after(PATIENCE):
        await presence.flush()
