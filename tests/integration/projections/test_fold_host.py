"""Folds in memory: snapshots, takeovers, poison, and the event loop that they must not hold."""

import asyncio
from collections.abc import Iterator
from itertools import pairwise

import anyio
import psycopg
import pytest

from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.fold_snapshots import PostgresFoldSnapshots, StoredFold
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.refolding import refold
from aia_mas.application.event_log.slices import Slices
from aia_mas.domain.kernel.steps import Steps
from aia_mas.projections.system_metrics import SystemMetrics

from .conftest import (
    MAPPER,
    PATIENCE,
    Pen,
    eventually,
    node,
    one,
    running,
)
from .histories import World
from .positions import Positions, snapshots, state_of


async def test_a_fold_sees_every_event_once_in_order(log: PostgresEventLog, pen: Pen) -> None:
    world = World(1)
    await pen.write_all(world.history(1500))
    fold = Positions()
    host = FoldHost(log, fold)
    async with running(host.run):
        for size in (1, 50, 1200):
            position = await pen.write_all(world.history(size))
            assert await host.reached(position, PATIENCE)

    assert fold.seen == list(range(1, position + 1))


async def test_a_stopped_fold_continues_from_its_snapshot(log: PostgresEventLog, pen: Pen) -> None:
    world = World(1)
    first = await pen.write_all(world.history(100))
    host = FoldHost(log, Positions(), snapshots(log))
    async with running(host.run):
        assert await host.reached(first, PATIENCE)

    second = await pen.write_all(world.history(100))
    fold = Positions()
    host = FoldHost(log, fold, snapshots(log))
    async with running(host.run):
        assert await host.reached(second, PATIENCE)

    assert fold.restored == [first]
    assert fold.seen == list(range(1, second + 1))


async def test_a_standby_continues_from_the_leaders_snapshot_and_keeps_folding(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    world = World(1)
    leader = FoldHost(log, Positions(), snapshots(log), every=50)
    async with running(leader.run):
        position = await pen.write_all(world.history(200))

        async def saved() -> bool:
            return bool(await one(database, "select max(position) from fold_snapshots"))

        await eventually(saved)
        fold = Positions()
        async with node(database) as other:
            standby = FoldHost(other, fold, snapshots(other))
            async with running(standby.run):
                assert await standby.reached(position, PATIENCE)
                position = await pen.write_all(world.history(20))
                assert await standby.reached(position, PATIENCE)

    assert len(fold.restored) == 1
    assert fold.seen == list(range(1, position + 1))


@pytest.mark.parametrize(
    "damage",
    [
        "update fold_snapshot_pieces set piece = 'no snapshot'",
        "update fold_snapshots set position = 1000000",
        """with moved as (insert into fold_snapshots select gen_random_uuid(), name, version,
            generation, position from fold_snapshots) delete from fold_snapshots""",
        """with moved as (insert into fold_snapshots select store_id, name, 2,
            generation, position from fold_snapshots) delete from fold_snapshots""",
    ],
    ids=["damaged", "ahead of the log", "of another store", "of another version"],
)
async def test_a_snapshot_that_does_not_fit_costs_time_only(
    database: str, log: PostgresEventLog, pen: Pen, damage: str
) -> None:
    world = World(1)
    position = await pen.write_all(world.history(50))
    host = FoldHost(log, Positions(), snapshots(log))
    async with running(host.run):
        assert await host.reached(position, PATIENCE)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(damage.encode())

    fold = Positions()
    host = FoldHost(log, fold, snapshots(log))
    async with running(host.run):
        position = await pen.write_all(world.history(50))
        assert await host.reached(position, PATIENCE)

    assert fold.restored == []
    assert fold.seen == list(range(1, position + 1))


async def test_a_failed_snapshot_fails_nothing(log: PostgresEventLog, pen: Pen) -> None:
    class Unspeakable(Positions):
        def snapshot(self) -> Steps[Iterator[bytes]]:
            yield from super().snapshot()
            raise RuntimeError("cannot be put into words")

    fold = Unspeakable()
    host = FoldHost(log, fold, snapshots(log), every=10)
    world = World(1)
    async with running(host.run):
        for _ in range(5):
            position = await pen.write_all(world.history(20))
            assert await host.reached(position, PATIENCE)

    assert fold.snapshots >= 5
    assert fold.seen == list(range(1, position + 1))


async def test_a_large_fold_is_stored_less_often(log: PostgresEventLog, pen: Pen) -> None:
    """Else storing it would cost more than folding what has happened since."""

    class Large(Positions):
        def snapshot(self) -> Steps[Iterator[bytes]]:
            pieces = yield from super().snapshot()
            return iter([*pieces, b"," * 100 * 200])

    fold, store = Large(), snapshots(log)
    host = FoldHost(log, fold, store, every=10)
    world = World(1)
    async with running(host.run):
        assert await host.reached(await pen.write_all(world.history(15)), PATIENCE)
        with anyio.fail_after(PATIENCE):
            while (stored := await store.load(fold.name, fold.version)) is None:
                await anyio.sleep(0.01)
        for made in (1, 1, 2):
            # At first within the 200 events that its size is worth, then beyond them.
            position = await pen.write_all(world.history(60 if made == 1 else 150))
            assert (position > stored.position + 200) == (made == 2)
            assert await host.reached(position, PATIENCE)
            assert fold.snapshots == made


async def test_no_copy_is_made_while_another_waits_to_be_stored(
    log: PostgresEventLog, pen: Pen
) -> None:
    fold = Positions()
    host = FoldHost(log, fold, snapshots(log), every=10)
    position = await pen.write_all(World(1).history(40))
    events = await log.read(0, position)
    assert position > 30

    async with anyio.create_task_group() as tasks:
        await host._fold(events[:15], tasks)
        await host._fold(events[15:], tasks)

    assert fold.snapshots == 1


async def test_a_snapshot_holds_what_was_folded_at_its_position(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """Nothing is folded while it is copied, and more is while it is encoded."""

    store = snapshots(log)
    kept: list[StoredFold] = []

    class Keeping(PostgresFoldSnapshots):
        async def save(self, name: str, version: int, stored: StoredFold) -> None:
            kept.append(stored)
            await super().save(name, version, stored)

    poison = frozenset(range(7, 2000, 13))
    fold = Positions(seconds_per_event=0.0002, poison=poison)
    host = FoldHost(log, fold, Keeping(log.pool, log.store_id), every=25)
    world = World(1)
    async with running(host.run):
        for _ in range(15):
            position = await pen.write_all(world.history(30))
            assert await host.reached(position, PATIENCE)

    assert len(kept) > 3
    for stored in kept:
        expected = [at for at in range(1, stored.position + 1) if at not in poison]
        assert b",".join(stored.pieces) == ",".join(map(str, expected)).encode()
    newest = await store.load("positions", 1)
    assert newest is not None
    assert newest.position == position


async def test_a_fold_does_not_hold_the_event_loop(
    pen: Pen, log: PostgresEventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 0.1 ms per event a page of 1,000 would hold it for 100 ms; others run in between."""
    # Where others are slow a slice may be longer; what it then may be is bounded here, too.
    monkeypatch.setattr(Slices, "LONGEST", 0.01)
    position = await pen.write_all(World(1).history(1000))
    fold = Positions(seconds_per_event=0.0001)
    host = FoldHost(log, fold)
    turns: list[int] = []
    async with running(host.run):
        while host.position < position:
            turns.append(len(fold.seen))
            await asyncio.sleep(0)

    steps = [after - before for before, after in pairwise(turns)]
    # A hundred events at most, and one more that ends the slice.
    assert max(steps) <= Slices.LONGEST / 0.0001 + 1


async def test_folds_survive_an_outage_of_the_store(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    world = World(1)
    async with node(database) as other:
        fold = Positions()
        host = FoldHost(other, fold, snapshots(other), every=10, retry_after=0.01)
        async with running(host.run):
            for _ in range(5):
                position = await pen.write_all(world.history(40))
                await one(
                    database,
                    """select count(pg_terminate_backend(pid)) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid()""",
                )
                assert await host.reached(position, PATIENCE)

    assert fold.seen == list(range(1, position + 1))
    assert host.skipped == 0


async def test_a_live_view_equals_its_rebuild_wherever_its_snapshots_were_taken(
    log: PostgresEventLog, pen: Pen
) -> None:
    world = World(3, tasks_=80)
    position = 0
    for _ in range(6):
        host = FoldHost(log, SystemMetrics(), snapshots(log), every=40)
        async with running(host.run):
            position = await pen.write_all(world.history(100))
            assert await host.reached(position, PATIENCE)
    live = SystemMetrics()
    async with running(FoldHost(log, live, snapshots(log)).run):
        with anyio.fail_after(PATIENCE):
            while live.as_of < position:
                await anyio.sleep(0.001)
    fresh = SystemMetrics()
    await refold(log, fresh)

    assert state_of(live) == state_of(fresh)
    assert live.current() == fresh.current()
    assert live.history() == fresh.history()


async def test_a_fold_over_the_log_in_memory_needs_no_store() -> None:
    log = MemoryEventLog(MAPPER)
    fold = Positions()
    async with log.running():
        host = FoldHost(log, fold)
        async with running(host.run):
            position = await Pen(log).write_all(World(1).history(20))
            assert await host.reached(position, PATIENCE)

    assert fold.seen == list(range(1, position + 1))
