"""The task board: what it shows, and how it is filtered, sorted and paged through."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import anyio
import anyio.lowlevel
import msgspec
import pytest

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskFailed,
    TaskProgressed,
    TaskReleased,
    TaskRequeued,
    TaskResultRefused,
    TaskStarted,
    TaskStatus,
    TaskSubmitted,
    Usage,
)
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
    terms_of,
)
from aia_mas.projections import Task, TaskBoard, TaskFilter
from aia_mas.projections.task_board_fold import TASK_BOARD

from .conftest import PATIENCE, Pen, runner, running
from .histories import NOW, Happening, World

Fold = Callable[..., Awaitable[TaskBoard]]


def at(minutes: int) -> Any:
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def fold(database: str, log: PostgresEventLog, pen: Pen) -> Fold:
    """Append events, fold them, and return the board."""

    async def fold(*happenings: Happening) -> TaskBoard:
        board = runner(log, database, TASK_BOARD)
        async with running(board.run):
            head = await pen.write_all([happening] for happening in happenings)
            assert await board.progress.reached(head, PATIENCE)
        return TaskBoard(log.pool)

    return fold


def task(name: str, owner: str = "owner", submitted_at: Any = NOW, **spec: Any) -> Happening:
    specification = TaskSpecification(**{"task_type": "analysis"} | spec)
    event = TaskSubmitted(spec=specification, submitted_at=submitted_at, owner=owner)
    return f"task/{name}", event


def assigned(name: str, agent_id: str = "a", attempt: int = 1) -> Happening:
    return f"task/{name}", TaskAssigned(
        agent_id=agent_id,
        attempt=attempt,
        lease=f"lease-{attempt}",
        lease_seconds=30.0,
        assigned_at=at(attempt),
        price=15 * 10**18,
    )


def completed(name: str, **result: Any) -> Happening:
    fields = {"agent_id": "a", "attempt": 1, "lease": "lease-1", "completed_at": at(5)} | result
    return f"task/{name}", TaskCompleted(**fields)


async def shown(board: TaskBoard, name: str) -> Task:
    found = await board.get(name)
    assert found is not None
    return found


async def names(board: TaskBoard, sort: str = "submitted_at", **filters: Any) -> list[str]:
    return [item.task_id for item in (await board.list(TaskFilter(**filters), sort)).items]


async def test_a_task_is_shown_as_it_was_submitted(fold: Fold) -> None:
    board = await fold(
        task(
            "1",
            description="Analyse\n'Q3'",
            requirements=Requirements(skills={"python": 0.5}, data_sources=("sales_db",)),
            payload={"b": 2**70, "a": [1.5, None, "ü"]},
            priority=Priority.HIGH,
            max_cost=50 * 10**18,
            payer="budget",
            cost_tags=("q3", "sales, eu"),
            deadline=at(60),
            not_before=at(1),
            timeout_seconds=12.5,
            lease_seconds=7.0,
            max_attempts=2,
            tags=("q3", "sales, eu"),
            parent="p",
            correlation="c",
            dedup_key="d",
            concurrency_key="k",
            concurrency_limit=3,
        )
    )
    found = await shown(board, "1")

    assert (found.status, found.agent_id, found.attempt, found.lease) == ("queued", None, 0, None)
    assert (found.task_type, found.description) == ("analysis", "Analyse\n'Q3'")
    assert found.requirements == Requirements(skills={"python": 0.5}, data_sources=("sales_db",))
    assert bytes(found.payload) == '{"b":1180591620717411303424,"a":[1.5,null,"ü"]}'.encode()
    assert (found.priority, found.max_cost, found.payer) == ("high", "50", "budget")
    assert (found.deadline, found.not_before, found.retry_at) == (at(60), at(1), at(1))
    assert (found.timeout_seconds, found.lease_seconds, found.max_attempts) == (12.5, 7.0, 2)
    assert found.cost_tags == ("q3", "sales, eu")
    assert (found.tags, found.parent, found.correlation) == (("q3", "sales, eu"), "p", "c")
    assert (found.dedup_key, found.concurrency_key, found.concurrency_limit) == ("d", "k", 3)
    assert (found.owner, found.submitted_at, found.version) == ("owner", NOW, 1)
    assert bytes(found.result) == b"null"
    assert await board.get("2") is None
    msgspec.json.encode(found)


async def test_a_plain_life_is_shown_step_by_step(fold: Fold) -> None:
    board = await fold(task("1"), assigned("1"))
    found = await shown(board, "1")
    assert (found.status, found.agent_id, found.lease) == ("assigned", "a", "lease-1")
    assert (found.attempt, found.price, found.lease_seconds) == (1, "15", 30.0)

    started = TaskStarted(agent_id="a", attempt=1, lease="lease-1", started_at=at(2))
    progressed = TaskProgressed(agent_id="a", attempt=1, percent=40.0, message="half", at=at(3))
    await fold(("task/1", started), ("task/1", progressed))
    found = await shown(board, "1")
    assert (found.status, found.started_at) == ("running", at(2))
    assert found.progress is not None
    assert (found.progress.percent, found.progress.message) == (40.0, "half")

    usage = Usage(model="m", tokens_in=10, tokens_out=2, cost=10**17)
    await fold(completed("1", result={"ok": [True]}, quality=0.75, usage=usage))
    found = await shown(board, "1")
    assert (found.status, found.agent_id, found.finished_at) == ("completed", "a", at(5))
    assert (bytes(found.result), found.quality) == (b'{"ok":[true]}', 0.75)
    assert found.usage is not None
    assert (found.usage.model, found.usage.tokens_in, found.usage.cost) == ("m", 10, "0.1")
    assert (found.version, found.position) == (5, 5)


async def test_failures_releases_and_retries_are_shown(fold: Fold) -> None:
    failed = TaskFailed(
        agent_id="a",
        attempt=1,
        error_code="boom",
        message="it did",
        retryable=True,
        retry_at=at(9),
        outcome=TaskStatus.QUEUED,
        failed_at=at(8),
    )
    board = await fold(task("1"), assigned("1"), ("task/1", failed))
    found = await shown(board, "1")
    assert (found.status, found.agent_id, found.lease) == ("queued", None, None)
    assert (found.attempt, found.retry_at, found.finished_at) == (1, at(9), None)
    assert found.error is not None
    assert (found.error.code, found.error.agent_id, found.error.attempt) == ("boom", "a", 1)

    released = TaskReleased(
        agent_id="b",
        attempt=2,
        reason="timed_out",  # type: ignore[arg-type]
        outcome=TaskStatus.DEAD,
        released_at=at(12),
    )
    await fold(assigned("1", "b", 2), ("task/1", released))
    found = await shown(board, "1")
    assert (found.status, found.reason, found.finished_at) == ("dead", "timed_out", at(12))

    terms = terms_of(TaskSpecification(task_type="analysis", priority=Priority.LOW))
    refused = TaskResultRefused(
        agent_id="b", lease="lease-2", action="complete", reason="stale_lease", at=at(13)
    )
    requeued = TaskRequeued(attempt=2, terms=terms, by="me", at=at(14))
    await fold(("task/1", refused), ("task/1", requeued))
    found = await shown(board, "1")
    assert (found.status, found.reason, found.finished_at) == ("queued", None, None)
    assert (found.priority, found.refused, found.attempt) == ("low", 1, 2)

    await fold(("task/1", TaskCancelled(reason="enough", by="me", at=at(15))))
    found = await shown(board, "1")
    assert (found.status, found.reason, found.finished_at) == ("cancelled", "enough", at(15))


async def test_every_filter_restricts(fold: Fold) -> None:
    board = await fold(
        task("1", tags=("x",), parent="p"),
        task(
            "2",
            owner="other",
            task_type="review",
            submitted_at=at(10),
            correlation="c",
            dedup_key="d",
        ),
        task(
            "3",
            tags=("x", "y"),
            priority=Priority.LOW,
            submitted_at=at(20),
            concurrency_key="k",
        ),
        assigned("1"),
        assigned("3", "b"),
        completed("3", agent_id="b"),
    )

    assert await names(board) == ["1", "2", "3"]
    assert await names(board, status=("queued",)) == ["2"]
    assert await names(board, status=("assigned", "completed")) == ["1", "3"]
    assert await names(board, agent_id="b") == ["3"]
    assert await names(board, agent_id="b", status=("assigned",)) == []
    assert await names(board, task_type="review") == ["2"]
    assert await names(board, priority=("low", "high")) == ["3"]
    assert await names(board, priority=("normal",)) == ["1", "2"]
    assert await names(board, owner="other") == ["2"]
    assert await names(board, tag="x") == ["1", "3"]
    assert await names(board, tag="y", owner="owner") == ["3"]
    assert await names(board, parent="p") == ["1"]
    assert await names(board, correlation="c") == ["2"]
    assert await names(board, concurrency_key="k") == ["3"]
    assert await names(board, dedup_key="d") == ["2"]
    assert await names(board, dedup_key="k") == []
    assert await names(board, since=at(10)) == ["2", "3"]
    assert await names(board, until=at(10)) == ["1"]
    assert await board.count(TaskFilter(tag="x")) == 2


async def test_sort_orders(fold: Fold) -> None:
    board = await fold(
        task("z", priority=Priority.LOW),
        task("y", priority=Priority.CRITICAL),
        task("x", priority=Priority.CRITICAL),
        assigned("z"),
    )

    assert [item.task_id for item in (await board.list()).items] == ["x", "y", "z"]
    assert await names(board, "submitted_at") == ["z", "y", "x"]
    assert await names(board, "-updated_at") == ["z", "x", "y"]
    assert await names(board, "priority") == ["y", "x", "z"]
    with pytest.raises(InvalidValue, match="sort is one of priority, submitted_at, updated_at"):
        await board.list(sort="owner")
    with pytest.raises(InvalidValue, match="status is one of queued"):
        await board.list(TaskFilter(status=("100%s", "queued")))
    with pytest.raises(InvalidValue, match="priority is one of critical"):
        await board.count(TaskFilter(priority=("urgent",)))


@pytest.mark.parametrize("sort", ["submitted_at", "-submitted_at", "updated_at", "-priority"])
@pytest.mark.parametrize(
    "filters", [TaskFilter(), TaskFilter(owner="owner"), TaskFilter(status=("queued", "completed"))]
)
async def test_pages_of_any_size_make_up_the_whole_list(
    log: PostgresEventLog, database: str, pen: Pen, sort: str, filters: TaskFilter
) -> None:
    runs = runner(log, database, TASK_BOARD)
    async with running(runs.run):
        head = await pen.write_all(World(9, tasks_=60).history(300))
        assert await runs.progress.reached(head, PATIENCE)
    board = TaskBoard(log.pool)
    whole = [item.task_id for item in (await board.list(filters, sort, None, 500)).items]
    assert len(whole) == await board.count(filters) > 5

    for size in (1, 7):
        found: list[str] = []
        cursor = None
        while True:
            page = await board.list(filters, sort, cursor, size)
            found += [item.task_id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == whole


async def test_the_board_agrees_with_the_aggregates(
    log: PostgresEventLog, database: str, pen: Pen
) -> None:
    world = World(21, tasks_=80)
    runs = runner(log, database, TASK_BOARD)
    async with running(runs.run):
        head = await pen.write_all(world.history(600))
        assert await runs.progress.reached(head, PATIENCE)
    board = TaskBoard(log.pool)

    assert len(world.tasks) == 80
    for name, state in world.tasks.items():
        found = await shown(board, name)
        assert (found.status, found.agent_id, found.attempt, found.lease, found.refused) == (
            state.status,
            state.agent_id,
            state.attempt,
            state.lease,
            state.refusals,
        )
        assert (found.priority, found.deadline) == (state.terms.priority, state.terms.deadline)


async def test_a_page_and_its_position_come_from_one_moment(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    """Whoever goes on from that position misses nothing and gets nothing twice."""
    board = TaskBoard(log.pool)
    live = runner(log, database, TASK_BOARD)
    seen: list[tuple[int, int]] = []
    async with running(live.run), anyio.create_task_group() as tasks:

        async def write() -> None:
            for number in range(150):
                await pen.write(task(f"{number}"))
            assert await live.progress.reached(150, PATIENCE)
            tasks.cancel_scope.cancel()

        tasks.start_soon(write)
        while True:
            page = await board.list(limit=500)
            seen.append((len(page.items), page.position))
            await anyio.lowlevel.checkpoint()

    assert len(set(seen)) > 3
    assert all(count == position for count, position in seen)
    nothing = await board.list(TaskFilter(task_type="unheard of"))
    assert nothing == ([], None, 150)
    assert await board.find("0") == (await board.get("0"), 150)
    assert await board.find("nobody") == (None, 150)
    assert await board.find("nul\0") == (None, 150)
