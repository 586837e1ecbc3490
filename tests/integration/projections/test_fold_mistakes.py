"""What folds in memory do about events that they cannot fold, and how they are rebuilt."""

import pytest

from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.refolding import FoldStopped, refold

from .conftest import (
    EVENTS,
    PATIENCE,
    Elsewhere,
    FromTheFuture,
    Pen,
    eventually,
    node,
    one,
    running,
)
from .histories import World
from .positions import Positions, snapshots


async def test_an_event_that_cannot_be_folded_is_skipped_live_and_recorded(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    fold = Positions(poison=frozenset({2}))
    host = FoldHost(log, fold, snapshots(log))
    async with running(host.run):
        position = await pen.write_all(World(1).history(5))
        assert await host.reached(position, PATIENCE)

    assert fold.seen == [at for at in range(1, position + 1) if at != 2]
    assert host.skipped == 1
    assert await one(database, "select position || ' ' || reason from fold_skips") == (
        "2 ValueError: not this one"
    )


async def test_an_unreadable_event_is_skipped_where_it_concerns_the_fold(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write(("task/1", FromTheFuture()), ("weather/1", Elsewhere()))
    async with node(database) as fresh:
        fold = Positions()
        host = FoldHost(fresh, fold, snapshots(fresh), categories=frozenset({"task"}))
        async with running(host.run):
            assert await host.reached(2, PATIENCE)
        with pytest.raises(FoldStopped, match=r"position 1 \(task.teleported.v9 of task/1\)"):
            await refold(fresh, Positions(), frozenset({"task"}))
        assert await refold(fresh, Positions(), frozenset({"agent"})) == 2

    assert (fold.seen, host.skipped) == ([], 1)
    assert await one(database, "select count(*) from fold_skips") == 1


async def test_a_snapshot_without_an_event_that_can_be_read_now_is_not_trusted(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """As after an update: the older release went on without what only the newer one knows."""
    await pen.write(("task/1", FromTheFuture()), ("task/2", FromTheFuture()))
    async with node(database) as older:
        host = FoldHost(older, Positions(), snapshots(older))
        async with running(host.run):
            assert await host.reached(2, PATIENCE)
        # Started again it trusts its snapshot: it can still not read them.
        fold = Positions()
        host = FoldHost(older, fold, snapshots(older))
        position = await pen.write_all(World(1).history(5))
        async with running(host.run):
            assert await host.reached(position, PATIENCE)
        assert fold.seen == list(range(3, position + 1))

    newer = PostgresEventLog(database, EventMapper((*EVENTS, FromTheFuture)))
    async with newer.running(), node(database) as old:
        folds = [Positions(), Positions()]
        lagging = FoldHost(old, folds[0], snapshots(old), look=0.02)
        async with running(lagging.run):
            assert await lagging.reached(position, PATIENCE)
            assert 1 not in folds[0].seen
            host = FoldHost(newer, folds[1], snapshots(newer))
            async with running(host.run):
                assert await host.reached(position, PATIENCE)

            async def mended() -> bool:
                return folds[0].seen == folds[1].seen

            # It is given to the others, and what was skipped is forgotten.
            await eventually(mended)
    assert folds[1].restored == []
    assert folds[1].seen == list(range(1, position + 1))
    assert await one(database, "select count(*) from fold_skips") == 0
    assert await one(database, "select generation from fold_snapshots") == 1


async def test_an_event_that_the_fold_itself_refuses_is_no_reason_to_distrust(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """It would be refused again: only a rebuild by somebody who mended the fold helps."""
    for _ in range(2):
        fold = Positions(poison=frozenset({2}))
        host = FoldHost(log, fold, snapshots(log))
        async with running(host.run):
            position = await pen.write_all(World(1).history(5))
            assert await host.reached(position, PATIENCE)

    assert len(fold.restored) == 1
    assert await one(database, "select count(*) from fold_skips") == 1


async def test_a_rebuild_stops_at_what_cannot_be_folded_and_changes_nothing(
    log: PostgresEventLog, pen: Pen
) -> None:
    fold = Positions(poison=frozenset({3}))
    host = FoldHost(log, fold, snapshots(log))
    async with running(host.run):
        position = await pen.write_all(World(1).history(5))
        assert await host.reached(position, PATIENCE)
        before = list(fold.seen)
        with pytest.raises(FoldStopped, match="position 3"):
            await host.rebuild(Positions(poison=frozenset({3})))
        assert fold.seen == before


async def test_a_rebuilt_fold_is_taken_over_by_every_node(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """As after a mistake in the fold was mended; quiet nodes look for it by themselves."""
    wrong = frozenset({4})
    here, there = Positions(poison=wrong), Positions(poison=wrong)
    world = World(1)
    async with node(database) as other:
        host = FoldHost(log, here, snapshots(log), look=0.02)
        far = FoldHost(other, there, snapshots(other), look=0.02)
        async with running(host.run, far.run):
            position = await pen.write_all(world.history(30))
            assert await host.reached(position, PATIENCE)
            assert await far.reached(position, PATIENCE)

            # As the command line does: a host that runs nothing.
            await FoldHost(log, Positions(), snapshots(log)).rebuild(Positions())

            async def mended() -> bool:
                return 4 in here.seen and 4 in there.seen

            await eventually(mended)
            position = await pen.write_all(world.history(20))
            assert await host.reached(position, PATIENCE)
            assert await far.reached(position, PATIENCE)
            assert await one(database, "select count(*) from fold_skips") == 0
            everything = list(range(1, position + 1))
            assert here.seen == everything
            assert there.seen == everything
