"""What is poison to a projection, and what it does about it."""

from typing import Any

import anyio
import psycopg
import pytest

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import Unreadable
from aia_mas.domain.orchestration.agent_events import AgentUpdated
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.batches import fold_batch
from aia_mas.projections.checkpoint_writer import CheckpointWriter
from aia_mas.projections.sessions import connect
from aia_mas.projections.table import Projection
from aia_mas.projections.task_board_fold import TASK_BOARD

from .conftest import (
    PATIENCE,
    Elsewhere,
    FromTheFuture,
    Pen,
    checkpoint,
    eventually,
    lease_of,
    node,
    one,
    rows,
    runner,
    running,
)
from .happenings import assigned, completed, registered, submitted


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
    assert (projection, stream, topic) == ("task_board_v3", "task/bad", "task.submitted.v1")
    assert position == names.index("bad") + 1
    assert skipped == 3
    assert "UntranslatableCharacter" in reason
    assert await one(
        database, "select array_agg(task_id || ' ' || status order by 1) from task_board_v3"
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
    assert await one(database, "select array_agg(task_id) from task_board_v3") == ["good"]


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
    assert await one(database, "select array_agg(status order by task_id) from task_board_v3") == [
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
    assert await one(database, "select count(*) from task_board_v3") == 200


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
    assert await one(database, "select array_agg(agent_id order by 1) from agent_directory_v3") == [
        "a",
        "b",
    ]


async def test_a_strict_projection_stops_at_poison_and_goes_on_when_it_is_cured(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    await pen.write(("task/1", submitted()))
    await pen.write(("task/bad", submitted("\0")))
    await pen.write(("task/2", submitted()))
    strict = Projection(
        "task_board", TASK_BOARD.version, TASK_BOARD.tables, TASK_BOARD.categories, strict=True
    )

    board = runner(log, database, strict)
    async with running(board.run):

        async def stopped() -> bool:
            return bool(await one(database, "select max(stopped) from projection_checkpoints"))

        await eventually(stopped)

    assert await checkpoint(database, TASK_BOARD) == 1
    assert await rows(database, "projection_parked") == []
    assert "task.submitted.v1 of task/bad" in await one(
        database, "select stopped from projection_checkpoints where projection = 'task_board_v3'"
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
    assert await one(database, "select count(*) from task_board_v3") == 8
    assert await rows(database, "projection_parked") == []


async def test_circumstances_are_never_poison(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """Without its table every event fails alone; none is to blame."""
    head = (await pen.write(("task/1", submitted()))).last
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute("alter table task_board_v3 rename to elsewhere")
        board = runner(log, database, TASK_BOARD)
        async with running(board.run):
            assert not await board.progress.reached(head, 0.3)
            assert await rows(database, "projection_parked") == []
            await connection.execute("alter table elsewhere rename to task_board_v3")
            assert await board.progress.reached(head, PATIENCE)

    assert await one(database, "select task_id from task_board_v3") == "1"
