"""Running projections: they follow the log, outlive failures and change leaders."""

import anyio
import psycopg

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.domain.orchestration.task_events import TaskSubmitted
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.table import Projection
from aia_mas.projections.task_board_fold import TASK_BOARD

from .conftest import (
    PATIENCE,
    Elsewhere,
    Pen,
    checkpoint,
    contents,
    eventually,
    keeper,
    node,
    one,
    rows,
    runner,
    running,
)
from .happenings import registered, submitted
from .histories import NOW, World


async def test_two_nodes_follow_one_projection_and_both_know_how_far_it_is(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    async with node(database) as other:
        here = runner(log, database, TASK_BOARD, "here")
        there = runner(other, database, TASK_BOARD, "there")
        async with running(here.run, there.run):
            position = await pen.write_all(World(1).history(300))
            with anyio.fail_after(PATIENCE):
                assert await here.progress.reached(position)
                assert await there.progress.reached(position)

    assert await checkpoint(database, TASK_BOARD) == position


async def test_waiting_for_a_position_gives_up_after_its_time(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    board = runner(log, database, TASK_BOARD)
    async with running(board.run):
        position = (await pen.write(("task/1", submitted()))).last
        assert await board.progress.reached(position, PATIENCE)
        assert not await board.progress.reached(position + 1, 0.05)


async def test_events_that_do_not_concern_a_projection_move_its_checkpoint(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    board = runner(log, database, TASK_BOARD)
    async with running(board.run):
        for number in range(3):
            await pen.write((f"agent/{number}", registered()), (f"weather/{number}", Elsewhere()))
        with anyio.fail_after(PATIENCE):
            await board.progress.reached(6)

    assert await checkpoint(database, TASK_BOARD) == 6
    assert await rows(database, "task_board_v3") == []
    assert await rows(database, "projection_parked") == []


async def test_a_connection_killed_mid_batch_loses_and_doubles_nothing(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """The runner's backend is killed while its statement waits, and again and again after that."""
    position = await pen.write_all(World(2).history(400))
    board = runner(log, database, TASK_BOARD)

    async with await psycopg.AsyncConnection.connect(database) as holder:
        # The statement of the runner waits at the checkpoint with its rows on the way.
        await holder.execute("select from projection_checkpoints for update")
        async with running(board.run):
            kill = """select count(pg_terminate_backend(pid)) from pg_stat_activity
                where wait_event_type = 'Lock' and application_name like 'mas projection/%%'"""

            async def killed() -> bool:
                return bool(await one(database, kill))

            await eventually(killed)
            await holder.rollback()
            for seed in range(3, 8):
                await one(database, kill.replace("wait_event_type = 'Lock' and", ""))
                position = await pen.write_all(World(seed).history(100))
                assert await board.progress.reached(position, PATIENCE)

    live = await contents(database, TASK_BOARD)
    assert await rows(database, "projection_parked") == []
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute("truncate task_board_v3, task_board_v3_specs")
        await connection.execute("update projection_checkpoints set position = 0")
    again = runner(log, database, TASK_BOARD)
    async with running(again.run):
        await again.progress.reached(position, PATIENCE)
    assert await contents(database, TASK_BOARD) == live


async def test_terminating_every_backend_leaves_no_projection_failures(
    database: str, pen: Pen, log: PostgresEventLog
) -> None:
    """What a restart of PostgreSQL does to its clients, while events come in."""
    projections = [
        runner(log, database, projection) for projection in (AGENT_DIRECTORY, TASK_BOARD)
    ]
    world = World(11)
    async with running(*(projection.run for projection in projections)):
        position = 0
        for _ in range(4):
            position = await pen.write_all(world.history(150))
            await one(
                database,
                """select count(pg_terminate_backend(pid)) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()""",
            )
        position = await pen.write_all(world.history(50))
        for projection in projections:
            assert await projection.progress.reached(position, PATIENCE)

    assert await rows(database, "projection_parked") == []
    assert await one(database, "select max(stopped) from projection_checkpoints") is None


async def test_a_leader_takes_over_where_the_last_one_stopped(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    world = World(5)
    keepers = []
    position = 0
    for holder in ("first", "second", "third"):
        directory = runner(log, database, AGENT_DIRECTORY, holder)
        async with running(directory.run):
            position = await pen.write_all(world.history(120))
            assert await directory.progress.reached(position, PATIENCE)
            keepers.append(await one(database, "select holder from leases"))

    assert keepers == ["first", "second", "third"]
    work = sorted(
        (name, sum(task.agent_id == name and task.live for task in world.tasks.values()))
        for name in world.agents
    )
    async with await psycopg.AsyncConnection.connect(database) as connection:
        cursor = await connection.execute(
            """select agent_id, coalesce(active_tasks, 0) from agent_directory_v3
            left join agent_directory_v3_work using (agent_id) order by 1"""
        )
        assert await cursor.fetchall() == work


async def test_a_large_event_goes_through(database: str, log: PostgresEventLog, pen: Pen) -> None:
    spec = TaskSpecification(task_type="big", payload={"text": "ü" * 2**20})
    large = TaskSubmitted(spec=spec, submitted_at=NOW, owner="owner")
    await pen.write(("task/0", submitted()))
    await pen.write(("task/1", large))
    head = (await pen.write(("task/2", submitted()))).last

    board = runner(log, database, TASK_BOARD)
    async with running(board.run):
        assert await board.progress.reached(head, PATIENCE)
    size = "select length(payload->>'text') from task_board_v3_specs where task_id = '1'"
    assert await one(database, size) == 2**20


async def test_a_missing_migration_stops_nothing_else(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    newer = Projection("task_board", 99, TASK_BOARD.tables, TASK_BOARD.categories)
    head = (await pen.write(("task/1", submitted()))).last
    lost, board = runner(log, database, newer), runner(log, database, TASK_BOARD)
    async with running(lost.run, board.run):
        assert await board.progress.reached(head, PATIENCE)
        assert not await lost.progress.reached(head, 0.1)


async def test_the_lease_is_given_back_at_the_end(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    board = runner(log, database, TASK_BOARD)
    async with running(board.run):
        assert await board.progress.reached((await pen.write(("task/1", submitted()))).last)
    assert await keeper(log, "next").take(board.lease_name) is not None
