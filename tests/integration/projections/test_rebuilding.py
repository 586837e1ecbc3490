"""Rebuilds: equal to the live projection row for row, beside it, and all or nothing."""

import asyncio
from typing import Any
from uuid import uuid4

import anyio
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.migrations import migrate
from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.orchestration import agent, task
from aia_mas.domain.orchestration.task_events import TaskProgressed
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.batches import PoisonousEvent
from aia_mas.projections.checkpoint_writer import UnknownProjection
from aia_mas.projections.rebuilding import RebuildRunning, rebuild
from aia_mas.projections.table import Projection
from aia_mas.projections.task_board_fold import TASK_BOARD

from .conftest import (
    PATIENCE,
    FromTheFuture,
    Pen,
    checkpoint,
    contents,
    node,
    one,
    rows,
    runner,
    running,
)
from .happenings import registered, submitted
from .histories import NOW, Happening, World

PROJECTIONS = pytest.mark.parametrize(
    "projection", [AGENT_DIRECTORY, TASK_BOARD], ids=lambda projection: projection.name
)


def progressed() -> TaskProgressed:
    return TaskProgressed(agent_id="a", attempt=1, message="on it", at=NOW)


def staked(size: int) -> list[Happening]:
    bonded = StakeBonded(bonded=size, effective=size, amount=size, transfer_id=f"t{size}", at=NOW)
    return [("stake/agent-1", bonded)]


@PROJECTIONS
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_rebuild_equals_the_live_one_row_for_row(
    database: str, log: PostgresEventLog, pen: Pen, projection: Projection, seed: int
) -> None:
    """The live one came to be in many batches, by two leaders; the rebuild in few."""
    world = World(seed, tasks_=60)
    position = 0
    for holder in ("first", "second"):
        live = runner(log, database, projection, holder)
        async with running(live.run):
            for size in (1, 3, 40, 200, 7):
                position = await pen.write_all([*world.history(size), staked(size)])
                assert await live.progress.reached(position, PATIENCE)
    before = await contents(database, projection)

    async with node(database) as fresh:
        assert await rebuild(projection, fresh, database) == position

    assert await contents(database, projection) == before
    assert all(before.values())
    assert await checkpoint(database, projection) == position
    assert await leftovers(database) == []


async def test_the_histories_of_these_tests_have_everything_in_them(
    log: PostgresEventLog, pen: Pen
) -> None:
    for seed in (1, 2, 3):
        await pen.write_all(
            [(f"{stream}-{seed}", event) for stream, event in step]
            for step in World(seed, tasks_=60).history(502)
        )
    topics = {event.topic for event in await log.read(0, 10_000)}
    assert topics == {event.topic for event in (*agent.EVENTS, *task.EVENTS)}


@PROJECTIONS
async def test_the_live_projection_goes_on_during_a_rebuild_and_from_it(
    database: str, log: PostgresEventLog, pen: Pen, projection: Projection
) -> None:
    world = World(7, tasks_=100)
    live = runner(log, database, projection)
    reads: list[int] = []
    async with running(live.run), anyio.create_task_group() as tasks:
        await pen.write_all(world.history(500))
        built = anyio.Event()

        async def read() -> None:
            """Nobody is ever shown an empty or a missing table."""
            assert await live.progress.reached(1, PATIENCE)
            async with await psycopg.AsyncConnection.connect(database) as connection:
                while not built.is_set():
                    row = await (
                        await connection.execute(f"select count(*) from {projection.key}")
                    ).fetchone()
                    await connection.commit()
                    assert row is not None
                    reads.append(row[0])

        async def write() -> None:
            while not built.is_set():
                await pen.write_all(world.history(5))

        tasks.start_soon(read)
        tasks.start_soon(write)
        for _ in range(3):
            await rebuild(projection, log, database)
        built.set()
    position = await pen.write_all(world.history(50))
    async with running(live.run):
        assert await live.progress.reached(position, PATIENCE)

    assert reads == sorted(reads)
    after = await contents(database, projection)
    await rebuild(projection, log, database)
    assert await contents(database, projection) == after
    assert await rows(database, "projection_parked") == []


@PROJECTIONS
async def test_a_rebuild_stops_at_a_poisonous_event_and_changes_nothing(
    database: str, log: PostgresEventLog, pen: Pen, projection: Projection
) -> None:
    await pen.write(("agent/a", registered()), ("task/1", submitted()))
    poison = ("task/bad", submitted("\0")) if projection is TASK_BOARD else None
    await pen.write(poison or ("agent/bad", FromTheFuture()))
    head = (await pen.write(("task/2", submitted()))).last
    async with node(database) as fresh:
        live = runner(fresh, database, projection)
        async with running(live.run):
            assert await live.progress.reached(head, PATIENCE)
        before = await contents(database, projection)

        with pytest.raises(PoisonousEvent, match="position 3"):
            await rebuild(projection, fresh, database)

    assert await contents(database, projection) == before
    assert await checkpoint(database, projection) == head
    assert await one(database, "select count(*) from projection_parked") == 1
    assert await leftovers(database) == []


async def test_a_rebuild_takes_up_parked_streams_once_their_events_can_be_folded(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """As after a release that knows an event which the one before did not."""
    await pen.write(("task/1", submitted()), ("task/1", FromTheFuture()))
    await pen.write(("task/2", submitted()))
    async with node(database) as older:
        live = runner(older, database, TASK_BOARD)
        async with running(live.run):
            assert await live.progress.reached(3, PATIENCE)
    assert await one(database, "select count(*) from projection_parked") == 1

    class Knowing(PostgresEventLog):
        async def read(self, *args: Any, **options: Any) -> Any:
            events = await super().read(*args, **options)
            return [
                event if event.topic != FromTheFuture.topic else _known(event) for event in events
            ]

    async with Knowing(database, log.mapper).running() as newer:
        assert await rebuild(TASK_BOARD, newer, database) == 3

    assert await rows(database, "projection_parked") == []
    assert await one(database, "select count(*) from task_board_v3") == 2


async def test_a_running_leader_takes_over_a_rebuild_that_stands_where_it_stands(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """Equal positions are no sign that nothing changed: what was parked is there again."""
    await pen.write(("task/1", submitted("first")), ("task/2", submitted("other")))
    live = runner(log, database, TASK_BOARD)
    async with running(live.run):
        assert await live.progress.reached(2, PATIENCE)
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
            # As an older release left it, which could not fold the event.
            await connection.execute(
                """insert into projection_parked (projection, stream, position, topic, reason)
                values (%s, 'task/1', 1, 'task.submitted.v1', 'unknown')""",
                (TASK_BOARD.key,),
            )
            await connection.execute("delete from task_board_v3 where task_id = '1'")
            await connection.execute("update task_board_v3 set reason = 'wrong'")
    live = runner(log, database, TASK_BOARD)
    async with running(live.run):
        assert await live.progress.reached(2, PATIENCE)
        # The leader remembers a row of the tables that will be swapped.
        await pen.write(("task/2", progressed()))
        assert await live.progress.reached(3, PATIENCE)

        assert await rebuild(TASK_BOARD, log, database) == 3

        position = (await pen.write(("task/1", progressed()), ("task/2", progressed()))).last
        assert await live.progress.reached(position, PATIENCE)
    before = await contents(database, TASK_BOARD)
    assert [len(found) for found in before.values()] == [2, 2]

    assert await rebuild(TASK_BOARD, log, database) == position

    assert await contents(database, TASK_BOARD) == before


async def test_two_rebuilds_at_once_are_one_too_many(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write_all(World(4).history(300))

    outcomes = await asyncio.gather(
        *(rebuild(TASK_BOARD, log, database) for _ in range(3)), return_exceptions=True
    )

    failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert [type(failure) for failure in failures] == [RebuildRunning, RebuildRunning]
    assert await leftovers(database) == []


async def test_a_rebuild_that_was_killed_leaves_nothing_in_the_way_of_the_next(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    position = await pen.write_all(World(4).history(300))
    with anyio.move_on_after(0) as cut:
        await rebuild(TASK_BOARD, log, database)
    assert cut.cancelled_caught
    # As a killed process leaves it.
    await one(database, "select begin_rebuild('task_board_v3')::text")

    assert await rebuild(TASK_BOARD, log, database) == position
    assert await leftovers(database) == []


async def test_a_long_reader_delays_the_swap_but_not_the_live_projection(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """A backup holds its locks for as long as it reads."""
    world = World(4)
    live = runner(log, database, TASK_BOARD)
    async with (
        await psycopg.AsyncConnection.connect(database) as backup,
        running(live.run),
        anyio.create_task_group() as tasks,
    ):
        position = await pen.write_all(world.history(100))
        assert await live.progress.reached(position, PATIENCE)
        await backup.execute("lock table task_board_v3 in access share mode")
        tasks.start_soon(rebuild, TASK_BOARD, log, database)

        async def locked_out() -> bool:
            waiting = """select count(*) from pg_stat_activity
                where wait_event_type = 'Lock' and query like '%%finish_rebuild%%'"""
            return bool(await one(database, waiting))

        with anyio.fail_after(PATIENCE):
            while not await locked_out():
                await anyio.sleep(0.01)
        position = await pen.write_all(world.history(20))
        assert await live.progress.reached(position, PATIENCE)
        await backup.rollback()

    assert await checkpoint(database, TASK_BOARD) >= position
    assert await leftovers(database) == []


async def test_a_projection_without_a_migration_cannot_be_rebuilt(
    database: str, log: PostgresEventLog
) -> None:
    newer = Projection("task_board", 99, TASK_BOARD.tables, TASK_BOARD.categories)
    with pytest.raises(UnknownProjection):
        await rebuild(newer, log, database)


async def test_the_programs_role_folds_and_rebuilds_without_owning_a_table(
    database: str, pen: Pen
) -> None:
    """It has a role of its own, which may not change the log."""
    position = await pen.write_all(World(4).history(100))
    role = f"program_{uuid4().hex}"
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(f"create role {role} login password 'secret'")
        try:
            await migrate(database, program_role=role)
            program = make_conninfo(database, user=role, password="secret")
            async with node(program) as log:
                live = runner(log, program, TASK_BOARD)
                async with running(live.run):
                    assert await live.progress.reached(position, PATIENCE)
                    before = await contents(program, TASK_BOARD)
                    for _ in range(2):
                        assert await rebuild(TASK_BOARD, log, program) == position
                    assert await contents(program, TASK_BOARD) == before
                    position = await pen.write_all(World(5).history(10))
                    assert await live.progress.reached(position, PATIENCE)
        finally:
            await connection.execute(f"drop owned by {role}")
            await connection.execute(f"drop role {role}")


async def test_the_functions_of_a_rebuild_lead_to_no_other_tables(database: str) -> None:
    """They run with the rights of their owner."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(
            """insert into projection_checkpoints values
            ('x_v1', 0, '{events}'), ('x_v1_rebuild', 0, '{stream_heads}')"""
        )
        for function in ("begin_rebuild", "hold_projection", "finish_rebuild", "drop_projection"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(f"select {function}('x_v1')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("select drop_projection('events')")


async def leftovers(database: str) -> list[tuple[Any, ...]]:
    """Return what still stands of rebuilds."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        cursor = await connection.execute(
            """select relname from pg_class where relname like '%\\_rebuild' and relkind = 'r'
            union all select projection from projection_checkpoints
            where projection like '%\\_rebuild'"""
        )
        return await cursor.fetchall()


def _known(event: Any) -> Any:
    """Give an event back as a release has it that knows it, and does nothing with it."""
    return type(event)(
        **{name: getattr(event, name) for name in event.__struct_fields__ if name != "event"},
        event=FromTheFuture(),
    )
