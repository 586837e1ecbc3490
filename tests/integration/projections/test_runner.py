"""Running projections: who may move a checkpoint, and what they do when things fail."""

import asyncio
from typing import Any

import anyio
import psycopg
import pytest

from aia_mas.application.event_log.errors import Fenced
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import Unreadable
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUpdated
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskCompleted, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.batches import fold_batch
from aia_mas.projections.checkpoint_writer import CheckpointMoved, CheckpointWriter
from aia_mas.projections.sessions import connect
from aia_mas.projections.table import Projection
from aia_mas.projections.task_board_fold import TASK_BOARD

from .conftest import (
    PATIENCE,
    Elsewhere,
    FromTheFuture,
    Pen,
    checkpoint,
    contents,
    eventually,
    keeper,
    lease_of,
    node,
    one,
    rows,
    runner,
    running,
)
from .histories import NOW, World


def registered(**capabilities: Any) -> AgentRegistered:
    return AgentRegistered(
        capabilities=Capabilities(**capabilities), owner="owner", registered_at=NOW
    )


def submitted(description: str = "") -> TaskSubmitted:
    spec = TaskSpecification(task_type="analysis", description=description)
    return TaskSubmitted(spec=spec, submitted_at=NOW, owner="owner")


def assigned(agent_id: str, lease: str = "lease") -> TaskAssigned:
    return TaskAssigned(
        agent_id=agent_id, attempt=1, lease=lease, lease_seconds=60.0, assigned_at=NOW
    )


def completed(agent_id: str) -> TaskCompleted:
    return TaskCompleted(agent_id=agent_id, attempt=1, lease="lease", completed_at=NOW)


async def test_a_checkpoint_raced_by_two_runners_is_moved_by_one_and_nothing_is_folded_twice(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write(("agent/a", registered()))
    for number in range(5):
        await pen.write((f"task/{number}", submitted()), (f"task/{number}", assigned("a")))
    lease = await lease_of(log, AGENT_DIRECTORY)
    events = await log.read(0, 100)

    async with (
        await connect(database, "first") as first,
        await connect(database, "second") as second,
    ):
        writers = [
            CheckpointWriter(AGENT_DIRECTORY, connection, fence=lease.fence)
            for connection in (first, second)
        ]
        for writer in writers:
            await writer.open()
        outcomes = await asyncio.gather(
            *(writer.write(events) for writer in writers), return_exceptions=True
        )

    assert sorted(type(outcome) for outcome in outcomes if outcome) == [CheckpointMoved]
    assert await checkpoint(database, AGENT_DIRECTORY) == 11
    assert await one(database, "select active_tasks from agent_directory_v1_work") == 5


async def test_a_runner_waiting_behind_the_other_ones_transaction_loses_and_writes_nothing(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write(("agent/a", registered()))
    lease = await lease_of(log, AGENT_DIRECTORY)
    events = await log.read(0, 100)

    async with (
        await psycopg.AsyncConnection.connect(database) as other,
        await connect(database, "late") as connection,
    ):
        writer = CheckpointWriter(AGENT_DIRECTORY, connection, fence=lease.fence)
        await writer.open()
        await other.execute("update projection_checkpoints set position = 1")
        late = asyncio.create_task(writer.write(events))

        async def waits() -> bool:
            blocked = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
            return bool(await one(database, blocked))

        await eventually(waits)
        await other.commit()
        with pytest.raises(CheckpointMoved):
            await late

    assert await rows(database, "agent_directory_v1") == []


async def test_events_that_do_not_continue_the_checkpoint_are_not_folded(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write(("task/1", submitted()), ("task/2", submitted()), ("task/3", submitted()))
    lease = await lease_of(log, TASK_BOARD)
    first, second, third = await log.read(0, 10)
    async with await connect(database, "writer") as connection:
        writer = CheckpointWriter(TASK_BOARD, connection, fence=lease.fence)
        await writer.open()
        await writer.write([first])
        for run in ([first], [third], [first, second]):
            with pytest.raises(CheckpointMoved):
                await writer.write(run)
        await writer.write([second, third])

    assert await checkpoint(database, TASK_BOARD) == 3


async def test_only_rows_that_are_neither_new_nor_remembered_are_read(
    database: str, log: PostgresEventLog, pen: Pen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read costs a turn to the database, and most tasks are written by one leader."""
    await pen.write(("task/1", submitted()), ("task/1", assigned("a")), ("task/2", submitted()))
    await pen.write(("task/2", assigned("a")))
    events = await log.read(0, 100)
    loaded: list[set[str]] = []
    load = CheckpointWriter._load

    async def counted(self: CheckpointWriter, number: int, keys: set[str], slices: Any) -> None:
        loaded.append(keys)
        await load(self, number, keys, slices)

    monkeypatch.setattr(CheckpointWriter, "_load", counted)
    async with await connect(database, "one") as connection:
        writer = CheckpointWriter(TASK_BOARD, connection)
        await writer.open()
        await writer.write(events[:3])
        await writer.write(events[3:])
        assert loaded == []
        position = (await pen.write(("task/1", completed("a")))).last
        other = CheckpointWriter(TASK_BOARD, connection)
        await other.open()
        await other.write(await log.read(position - 1, 1))

    assert loaded == [{"1"}]
    found = await one(
        database, "select string_agg(status, ',' order by task_id) from task_board_v2"
    )
    assert found == "completed,assigned"


async def test_a_stopped_former_leader_cannot_move_the_checkpoint(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write(("agent/a", registered()))
    events = await log.read(0, 100)
    old = await lease_of(log, AGENT_DIRECTORY, "stopped")

    async with await connect(database, "stopped") as connection:
        stopped = CheckpointWriter(AGENT_DIRECTORY, connection, fence=old.fence)
        await stopped.open()
        await lease_of(log, AGENT_DIRECTORY, "new leader")
        with pytest.raises(Fenced):
            await stopped.write(events)
        with pytest.raises(Fenced):
            await stopped.park(events[0], "it would not")

    assert await checkpoint(database, AGENT_DIRECTORY) == 0
    assert await rows(database, "agent_directory_v1") == []
    assert await rows(database, "projection_parked") == []


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
    assert await rows(database, "task_board_v2") == []
    assert await rows(database, "projection_parked") == []


@pytest.mark.parametrize("place", ["first", "middle", "last"])
async def test_a_poisonous_event_parks_its_stream_and_nothing_else(
    database: str, log: PostgresEventLog, pen: Pen, place: str
) -> None:
    names = {"first": ["bad", "a", "b"], "middle": ["a", "bad", "b"], "last": ["a", "b", "bad"]}[
        place
    ]
    await pen.write_all(
        [(f"task/{name}", submitted("\0" if name == "bad" else "fine"))] for name in names
    )
    await pen.write(("task/bad", assigned("x")), ("task/b", assigned("x")))
    head = (await pen.write(("task/bad", completed("x")))).last

    board = runner(log, database, TASK_BOARD)
    async with running(board.run):
        with anyio.fail_after(PATIENCE):
            await board.progress.reached(head)
        # Later ones of that stream are left out as well, also by the leader that parked it.
        last = (await pen.write(("task/bad", completed("x")))).last
        with anyio.fail_after(PATIENCE):
            await board.progress.reached(last)

    async with await psycopg.AsyncConnection.connect(database) as connection:
        parked = await connection.execute(
            "select projection, stream, position, topic, skipped, reason from projection_parked"
        )
        ((projection, stream, position, topic, skipped, reason),) = await parked.fetchall()
    assert (projection, stream, topic) == ("task_board_v2", "task/bad", "task.submitted.v1")
    assert position == names.index("bad") + 1
    assert skipped == 3
    assert "UntranslatableCharacter" in reason
    assert await one(
        database, "select array_agg(task_id || ' ' || status order by 1) from task_board_v2"
    ) == ["a queued", "b assigned"]


async def test_a_parked_stream_stays_parked_for_the_next_leader(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    head = (await pen.write(("task/bad", submitted("\0")))).last
    first = runner(log, database, TASK_BOARD, "first")
    async with running(first.run):
        await first.progress.reached(head, PATIENCE)

    head = (await pen.write(("task/bad", assigned("x")), ("task/good", submitted()))).last
    second = runner(log, database, TASK_BOARD, "second")
    async with running(second.run):
        await second.progress.reached(head, PATIENCE)

    assert await one(database, "select sum(skipped) from projection_parked") == 1
    assert await one(database, "select array_agg(task_id) from task_board_v2") == ["good"]


async def test_an_unknown_topic_parks_its_stream_where_it_concerns_the_projection(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write(("task/1", submitted()), ("task/2", submitted()))
    await pen.write(("task/1", FromTheFuture()), ("weather/1", Elsewhere()))
    await pen.write(("task/1", assigned("x")), ("task/2", assigned("x")))

    async with node(database) as fresh:
        assert isinstance((await fresh.read(2, 1))[0].event, Unreadable)
        board = runner(fresh, database, TASK_BOARD)
        async with running(board.run):
            await board.progress.reached(6, PATIENCE)

    parked = "select stream || ' ' || position || ' ' || skipped from projection_parked"
    assert await one(database, parked) == "task/1 3 1"
    assert await one(database, "select array_agg(status order by task_id) from task_board_v2") == [
        "queued",
        "assigned",
    ]


async def test_many_unreadable_events_are_parked_one_by_one(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write_all(
        [(f"task/{number}", FromTheFuture() if number % 2 else submitted())]
        for number in range(400)
    )
    async with node(database) as fresh:
        board = runner(fresh, database, TASK_BOARD)
        async with running(board.run):
            await board.progress.reached(400, PATIENCE)

    assert await one(database, "select count(*) from projection_parked") == 200
    assert await one(database, "select count(*) from task_board_v2") == 200


async def test_a_fold_that_raises_is_poison_too(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write(("agent/a", registered()))
    await pen.write(("agent/ghost", AgentUpdated(capabilities=Capabilities(), revision=2)))
    await pen.write(("agent/b", registered()))

    directory = runner(log, database, AGENT_DIRECTORY)
    async with running(directory.run):
        await directory.progress.reached(3, PATIENCE)

    assert await one(database, "select reason from projection_parked") == "MissingRow: agent/ghost"
    assert await one(database, "select array_agg(agent_id order by 1) from agent_directory_v1") == [
        "a",
        "b",
    ]


async def test_a_strict_projection_stops_at_poison_and_goes_on_when_it_is_cured(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write(("task/1", submitted()))
    await pen.write(("task/bad", submitted("\0")))
    await pen.write(("task/2", submitted()))
    strict = Projection("task_board", 2, TASK_BOARD.tables, TASK_BOARD.categories, strict=True)

    board = runner(log, database, strict)
    async with running(board.run):

        async def stopped() -> bool:
            return bool(await one(database, "select max(stopped) from projection_checkpoints"))

        await eventually(stopped)

    assert await checkpoint(database, TASK_BOARD) == 1
    assert await rows(database, "projection_parked") == []
    assert "task.submitted.v1 of task/bad" in await one(
        database, "select stopped from projection_checkpoints where projection = 'task_board_v2'"
    )

    lenient = runner(log, database, TASK_BOARD)
    async with running(lenient.run):
        await lenient.progress.reached(3, PATIENCE)
    assert await one(database, "select max(stopped) from projection_checkpoints") is None


async def test_only_what_fails_alone_is_poison(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """A failure of a whole batch that none of its events repeats parks nothing."""
    await pen.write_all([(f"task/{number}", submitted())] for number in range(8))
    lease = await lease_of(log, TASK_BOARD)
    events = await log.read(0, 100)
    sizes: list[int] = []

    class Moody(CheckpointWriter):
        async def write(self, part: Any) -> None:
            sizes.append(len(part))
            if len(part) > 2:
                raise psycopg.errors.ProgramLimitExceeded("too many at once")
            await super().write(part)

    async with await connect(database, "moody") as connection:
        writer = Moody(TASK_BOARD, connection, fence=lease.fence)
        await writer.open()
        await fold_batch(writer, events, moved=lambda _: None, strict=True)

    assert sizes == [8, 4, 2, 2, 4, 2, 2]
    assert await one(database, "select count(*) from task_board_v2") == 8
    assert await rows(database, "projection_parked") == []


async def test_circumstances_are_never_poison(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """Without its table every event fails alone; none is to blame."""
    head = (await pen.write(("task/1", submitted()))).last
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute("alter table task_board_v2 rename to elsewhere")
        board = runner(log, database, TASK_BOARD)
        async with running(board.run):
            assert not await board.progress.reached(head, 0.3)
            assert await rows(database, "projection_parked") == []
            await connection.execute("alter table elsewhere rename to task_board_v2")
            assert await board.progress.reached(head, PATIENCE)

    assert await one(database, "select task_id from task_board_v2") == "1"


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
        await connection.execute("truncate task_board_v2, task_board_v2_specs")
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
            """select agent_id, coalesce(active_tasks, 0) from agent_directory_v1
            left join agent_directory_v1_work using (agent_id) order by 1"""
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
    size = "select length(payload->>'text') from task_board_v2_specs where task_id = '1'"
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
