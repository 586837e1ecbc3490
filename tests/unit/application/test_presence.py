"""Signs of life as one node knows them: shared, bounded, and honest about outages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import anyio

from aia_mas.application.presence import KEPT, MemoryPresence, Presence, Seen

from .conftest import PATIENCE, SteppedClock

INTERVAL = 0.5


class Store(MemoryPresence):
    """A store that can be away, or hang."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.hangs = False
        self.asked: list[datetime] = []
        self.hung = asyncio.Event()

    async def write(self, seen: Seen) -> None:
        await self._check()
        await super().write(seen)

    async def read(self, since: datetime) -> Seen:
        await self._check()
        self.asked.append(since)
        return await super().read(since)

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
    store, clock = Store(), SteppedClock()
    async with _running(store, clock) as presence:
        await clock.step(INTERVAL)
        presence.beat("agent", "a")
        assert presence.last_seen("agent", "a") == clock.now()
        assert presence.last_seen("task", "a") is None
        assert await store.read(clock.now() - KEPT) == {}
        await clock.step(INTERVAL)
        assert set(await store.read(clock.now() - KEPT)) == {("agent", "a")}


async def test_what_others_saw_later_counts_and_what_they_saw_before_does_not() -> None:
    store, clock = Store(), SteppedClock()
    async with _running(store, clock) as presence:
        await clock.step(INTERVAL)
        presence.beat("agent", "a")
        before, here = clock.now() - timedelta(seconds=1), clock.now()
        await store.write({("agent", "a"): before})
        await clock.step(INTERVAL)
        assert presence.last_seen("agent", "a") == here

        later = here + timedelta(seconds=1)
        await store.write({("agent", "a"): later})
        await clock.step(INTERVAL)
        assert presence.last_seen("agent", "a") == later


async def test_a_round_reads_a_little_of_the_one_before_again() -> None:
    """Rows may become visible a little later than their time says."""
    store, clock = Store(), SteppedClock()
    async with _running(store, clock) as presence:
        for _ in range(3):
            await clock.step(INTERVAL)
        late = clock.now() - timedelta(seconds=4)
        await store.write({("agent", "late"): late})
        await clock.step(INTERVAL)

        assert presence.last_seen("agent", "late") == late
        assert store.asked[0] < store.asked[-1], "but not everything"


async def test_an_outage_resets_since() -> None:
    store, clock = Store(), SteppedClock()
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
        assert presence.since == clock.now()
        assert set(await store.read(start)) == {("agent", "a")}, "what was heard meanwhile is kept"


async def test_a_store_that_does_not_answer_is_away() -> None:
    """It would be the worst outage of all: nothing fails, and nobody is heard of."""
    store, clock = Store(), SteppedClock()
    async with _running(store, clock, patience=0.01) as presence:
        store.hangs = True
        await clock.step(INTERVAL)
        assert store.hung.is_set()
        assert _is_away(presence)

        store.hangs = False
        await clock.step(INTERVAL)
        assert not _is_away(presence)
        assert presence.since == clock.now()


async def test_beats_of_an_outage_do_not_replace_newer_ones() -> None:
    store, clock = Store(), SteppedClock()
    async with _running(store, clock) as presence:
        presence.beat("agent", "a")
        store.away = True
        await clock.step(INTERVAL)
        presence.beat("agent", "a")
        newest = clock.now()
        await clock.step(INTERVAL)
        store.away = False
        await clock.step(INTERVAL)

        assert (await store.read(newest - KEPT))["agent", "a"] == newest


async def test_who_was_not_heard_of_for_long_is_forgotten() -> None:
    store, clock = Store(), SteppedClock()
    async with _running(store, clock) as presence:
        for number in range(100):
            presence.beat("task", f"t{number}")
        presence.beat("agent", "lives")
        for _ in range(20):
            await clock.step(KEPT.total_seconds() / 10 + 1)
            presence.beat("agent", "lives")

        assert set(presence._seen) == {("agent", "lives")}
        assert set(await store.read(clock.now() - 100 * KEPT)) == {("agent", "lives")}


async def test_a_store_that_is_away_does_not_hold_up_the_end() -> None:
    store = Store()
    presence = Presence(store, SteppedClock())
    presence.beat("agent", "a")
    store.away = True
    with anyio.fail_after(PATIENCE):
        await presence.flush()
