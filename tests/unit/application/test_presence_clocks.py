"""Presence where clocks are set and differ, and where a store forgets or stays away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio
import pytest

from aia_mas.application.presence import Presence
from aia_mas.application.presence.store_time import StoreTime

from .conftest import PATIENCE, SteppedClock
from .presence_in_memory import INTERVAL, Store, running


@pytest.mark.parametrize("seconds", [3600, -3600])
async def test_the_clock_of_a_node_may_be_set(seconds: float) -> None:
    clock = SteppedClock()
    store = Store(clock)
    async with running(store, clock) as presence:
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
    async with running(store, clock) as here, running(store, clock) as there:
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
    async with running(store, clock) as here, running(store, other) as there:
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
    async with running(store, clock) as presence:
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


async def test_a_store_known_to_be_away_is_not_asked_at_the_end() -> None:
    clock = SteppedClock()
    store = Store(clock)
    store.away = True
    async with running(store, clock) as presence:
        await clock.step(INTERVAL)
        assert not presence.available
        store.away, store.hangs = False, True
        presence.beat("agent", "a")
        await presence.flush()
        assert not store.hung.is_set()
