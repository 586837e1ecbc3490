"""Signs of life as one node knows them: shared, bounded, and honest about outages."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import anyio

from aia_mas.application.presence import Presence
from aia_mas.application.presence.presence import KEPT

from .conftest import SteppedClock
from .presence_in_memory import INTERVAL, Store, is_away, running


async def test_a_sign_of_life_is_known_at_once_and_shared_with_the_next_round() -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with running(store, clock) as presence:
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
    async with running(store, clock) as presence:
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
    async with running(store, clock) as presence:
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
    async with running(store, clock) as presence:
        start = presence.since
        await clock.step(INTERVAL)
        assert not is_away(presence)
        assert presence.since == start

        store.away = True
        for _ in range(3):
            await clock.step(INTERVAL)
            presence.beat("agent", "a")
            assert is_away(presence)
            assert presence.since == start

        store.away = False
        await clock.step(INTERVAL)
        assert not is_away(presence)
        assert presence.since == clock.monotonic()
        assert set(store.of_others) == {("agent", "a")}, "what was heard meanwhile is kept"


async def test_a_store_that_does_not_answer_is_away() -> None:
    """It would be the worst outage of all: nothing fails, and nobody is heard of."""
    clock = SteppedClock()
    store = Store(clock)
    async with running(store, clock, patience=0.01) as presence:
        store.hangs = True
        await clock.step(INTERVAL)
        assert store.hung.is_set()
        assert is_away(presence)

        store.hangs = False
        await clock.step(INTERVAL)
        assert not is_away(presence)
        assert presence.since == clock.monotonic()


async def test_beats_of_an_outage_do_not_replace_newer_ones() -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with running(store, clock) as presence:
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
    async with running(store, clock) as presence:
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
    async with running(store, clock) as here, running(store, clock) as there:
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
    async with running(store, clock) as presence:
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
    async with running(store, clock) as presence:
        await clock.step(INTERVAL)
        assert is_away(presence)
        known = len(presence)
        assert known > 4_000
        store.reads, store.away = float("inf"), False
        asked = len(store.asked)
        await clock.step(INTERVAL)
        assert not is_away(presence)
        assert len(presence) == 9_000
        assert len(store.asked) - asked <= (9_000 - known) / 100 + 2


async def test_more_signs_of_life_of_one_moment_than_a_page_holds() -> None:
    clock = SteppedClock()
    store = Store(clock)
    at = clock.now() - timedelta(seconds=10)
    moments = {("agent", f"a{number}"): at for number in range(2_000)}
    await store.write({**moments, ("agent", "later"): clock.now()}, clock.now())
    async with running(store, clock) as presence:
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
