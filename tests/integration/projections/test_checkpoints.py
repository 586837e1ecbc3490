"""Who may move the checkpoint of a projection, and what is read for it."""

import asyncio
from typing import Any

import psycopg
import pytest

from aia_mas.application.event_log.errors import Fenced
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.checkpoint_writer import CheckpointMoved, CheckpointWriter
from aia_mas.projections.sessions import connect
from aia_mas.projections.task_board_fold import TASK_BOARD

from .conftest import (
    Pen,
    checkpoint,
    eventually,
    lease_of,
    one,
    rows,
)
from .happenings import assigned, completed, registered, submitted


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
    assert await one(database, "select active_tasks from agent_directory_v3_work") == 5


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

    assert await rows(database, "agent_directory_v3") == []


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
        database, "select string_agg(status, ',' order by task_id) from task_board_v3"
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
    assert await rows(database, "agent_directory_v3") == []
    assert await rows(database, "projection_parked") == []
