"""A list read as a whole is of one moment, whatever happens meanwhile."""

import json
from typing import Any

import anyio
import anyio.lowlevel
import psycopg
import pytest

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.interfaces.realtime.selection import EVERYTHING, Selection
from aia_mas.projections.snapshot_reading import Reading, reading
from aia_mas.projections.task_board_fold import TASK_BOARD
from aia_mas.projections.task_items import TASK_ITEMS

from .conftest import PATIENCE, Pen, runner, running
from .histories import NOW, Happening


def task(number: int) -> Happening:
    specification = TaskSpecification(task_type="analysis", payload={"it": "is private"})
    event = TaskSubmitted(spec=specification, submitted_at=NOW, owner="owner")
    return f"task/{number}", event


def assigned(number: int) -> Happening:
    event = TaskAssigned(
        agent_id="a", attempt=1, lease="lease", lease_seconds=30.0, assigned_at=NOW, price=0
    )
    return f"task/{number}", event


async def rest(of: Reading) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while page := await of.next():
        items += [json.loads(item) for item in page]
    return items


async def test_what_happens_while_it_is_read_is_not_in_it(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    board = runner(log, database, TASK_BOARD)
    async with running(board.run):
        head = await pen.write_all([task(number)] for number in range(130))
        assert await board.progress.reached(head, PATIENCE)
        async with reading(database, TASK_ITEMS, EVERYTHING, 1_000) as opened:
            assert opened.position == head
            items = [json.loads(item) for item in await opened.next()]
            assert 0 < len(items) < 130
            changes = [[assigned(number)] for number in range(130)]
            later = await pen.write_all([*changes, [task(130)]])
            assert await board.progress.reached(later, PATIENCE)
            items += await rest(opened)
        async with reading(database, TASK_ITEMS, EVERYTHING, 1_000) as again:
            assert again.position == later
            after = await rest(again)
    assert [item["task_id"] for item in items] == [str(number) for number in reversed(range(130))]
    assert {item["status"] for item in items} == {"queued"}
    assert max(item["position"] for item in items) == head
    assert len(after) == 131
    assert {item["status"] for item in after[1:]} == {"assigned"}


async def test_it_and_its_position_come_from_one_moment(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    live = runner(log, database, TASK_BOARD)
    seen: list[tuple[int, int]] = []
    async with running(live.run), anyio.create_task_group() as tasks:

        async def write() -> None:
            for number in range(150):
                await pen.write(task(number))
            assert await live.progress.reached(150, PATIENCE)
            tasks.cancel_scope.cancel()

        tasks.start_soon(write)
        while True:
            async with reading(database, TASK_ITEMS, EVERYTHING, 1_000) as opened:
                seen.append((len(await rest(opened)), opened.position))
    assert len(set(seen)) > 3
    assert all(count == position for count, position in seen)


async def test_no_more_than_the_limit_and_the_newest_first(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    board = runner(log, database, TASK_BOARD)
    async with running(board.run):
        head = await pen.write_all([task(number)] for number in range(130))
        assert await board.progress.reached(head, PATIENCE)
    async with reading(database, TASK_ITEMS, EVERYTHING, 70) as opened:
        items = await rest(opened)
    assert [item["task_id"] for item in items] == [str(number) for number in range(129, 59, -1)]


@pytest.mark.parametrize("task_type", ["100%", "%s", "%(x)s", "it's \\", "{}", "analysis"])
async def test_a_type_is_looked_for_as_it_is_written(
    database: str, log: PostgresEventLog, pen: Pen, task_type: str
) -> None:
    specification = TaskSpecification(task_type=task_type)
    odd = TaskSubmitted(spec=specification, submitted_at=NOW, owner="owner")
    board = runner(log, database, TASK_BOARD)
    async with running(board.run):
        head = await pen.write_all([[("task/odd", odd)], [task(2)]])
        assert await board.progress.reached(head, PATIENCE)
    wanted = Selection(task_types=frozenset({task_type}))
    async with reading(database, TASK_ITEMS, wanted, 70) as opened:
        items = await rest(opened)
    assert [item["task_id"] for item in items if item["task_type"] == task_type][-1] == "odd"
    assert {item["task_type"] for item in items} == {task_type}


async def test_whoever_is_stopped_while_it_is_read_leaves_no_connection(
    database: str, log: PostgresEventLog
) -> None:
    with anyio.move_on_after(0.01):
        async with reading(database, TASK_ITEMS, EVERYTHING, 70) as opened:
            while True:
                await opened.next()
                await anyio.lowlevel.checkpoint()
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        with anyio.fail_after(PATIENCE):
            count = -1
            while count:
                cursor = await connection.execute(
                    "select count(*) from pg_stat_activity where application_name = 'mas snapshot'"
                    " and datname = current_database()"
                )
                row = await cursor.fetchone()
                count = row[0] if row else 0


@pytest.mark.parametrize("fault", ["away", "no table"])
async def test_a_list_that_cannot_be_read_says_so(database: str, fault: str) -> None:
    source = (
        TASK_ITEMS._replace(query="select * from nowhere") if fault == "no table" else TASK_ITEMS
    )
    conninfo = database if fault == "no table" else "host=127.0.0.1 port=1 dbname=x"
    with pytest.raises(psycopg.Error):
        async with reading(conninfo, source, EVERYTHING, 70):
            pass
