"""Pages are bounded by bytes, whatever the rows hold, and still make up the whole list."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskCompleted, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.projections import AgentDirectory, AgentFilter, TaskBoard, TaskFilter
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.table import Projection
from aia_mas.projections.task_board_fold import TASK_BOARD

from .conftest import PATIENCE, Pen, runner, running
from .histories import NOW, Happening

Fold = Callable[..., Awaitable[None]]
MB = 10**6
MANY = 500


@pytest.fixture
def fold(database: str, log: PostgresEventLog, pen: Pen) -> Fold:
    """Append events, and fold them."""

    async def fold(projection: Projection, *happenings: Happening) -> None:
        runs = runner(log, database, projection)
        async with running(runs.run):
            head = await pen.write_all([happening] for happening in happenings)
            assert await runs.progress.reached(head, PATIENCE)

    return fold


def task(name: str, payload: str) -> Happening:
    spec = TaskSpecification(task_type="t", payload=payload)
    return f"task/{name}", TaskSubmitted(spec=spec, submitted_at=NOW, owner="o")


def finished(name: str, result: str) -> list[Happening]:
    given: dict[str, Any] = {"agent_id": "a", "attempt": 1, "lease": "l"}
    return [
        (f"task/{name}", TaskAssigned(**given, lease_seconds=9.0, assigned_at=NOW)),
        (f"task/{name}", TaskCompleted(**given, result=result, completed_at=NOW)),
    ]


def even(size: int) -> str:
    """Return a text that a database stores in a hundredth of its size."""
    return "x" * size


def mixed(size: int) -> str:
    """Return a text that cannot be compressed to less than half."""
    return random.Random(size).randbytes(size // 2).hex()


async def pages(board: TaskBoard, sort: str, limit: int = MANY) -> list[list[str]]:
    found, cursor = [], None
    while True:
        page = await board.list(TaskFilter(), sort, cursor, limit)
        found.append([item.task_id for item in page.items])
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("text", [even, mixed])
async def test_large_tasks_make_pages_short(
    fold: Fold, log: PostgresEventLog, text: Callable[[int], str]
) -> None:
    sizes = (3, 3, 3, 0, 6, 3)
    tasks = [task(f"{number}", text(size * MB)) for number, size in enumerate(sizes)]
    await fold(TASK_BOARD, *tasks)
    board = TaskBoard(log.pool)

    assert await pages(board, "submitted_at") == [["0", "1"], ["2", "3"], ["4"], ["5"]]
    assert await pages(board, "-updated_at") == [["5"], ["4", "3"], ["2", "1"], ["0"]]
    assert await pages(board, "submitted_at", 1) == [[name] for name in "012345"]


async def test_results_count_as_well_and_one_task_is_always_shown(
    fold: Fold, log: PostgresEventLog
) -> None:
    large = [task("0", even(5 * MB)), *finished("0", even(5 * MB)), task("1", ""), task("2", "")]
    await fold(TASK_BOARD, *large)

    assert await pages(TaskBoard(log.pool), "submitted_at") == [["0"], ["1", "2"]]


async def test_agents_of_former_releases_with_much_metadata_make_pages_short(
    fold: Fold, log: PostgresEventLog
) -> None:
    able = Capabilities(metadata={"x": even(3 * MB)})
    registered = AgentRegistered(capabilities=able, owner="o", registered_at=NOW)
    await fold(AGENT_DIRECTORY, *[(f"agent/{number}", registered) for number in range(3)])
    directory = AgentDirectory(log.pool)

    page = await directory.list(AgentFilter(), limit=MANY)
    assert [agent.agent_id for agent in page.items] == ["0", "1"]
    rest = await directory.list(AgentFilter(), cursor=page.next_cursor, limit=MANY)
    assert [agent.agent_id for agent in rest.items] == ["2"]
    assert rest.next_cursor is None
