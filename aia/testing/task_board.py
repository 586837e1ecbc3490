"""The task board in memory: the queries of ``TaskBoard`` over the rows of the same fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec

from aia.testing.pages import Order, page_of
from aia.testing.snapshots import is_wanted_task, memory_reading
from aia.testing.tables import Tables
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.task_events import TaskStatus
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.projections.economy.task_rewards import TaskRewardRow
from aia_mas.projections.listing import Found, Page, check_texts
from aia_mas.projections.snapshot_reading import Reading, Wanted
from aia_mas.projections.task_board import TaskFilter
from aia_mas.projections.task_items import told_task
from aia_mas.projections.task_rows import TaskRow, TaskSpecRow
from aia_mas.projections.task_view import COLUMNS, Task, task_of


class _Row(NamedTuple):
    t: TaskRow
    s: TaskSpecRow
    r: TaskRewardRow | None


class MemoryTaskBoard:
    """Answers as ``TaskBoard`` does."""

    def __init__(self, tables: Tables, rewards: Tables, position: Callable[[], int]) -> None:
        """Read tables, of the board and of rewards (``position``: how far the board has come)."""
        self._tables = tables
        self._rewards = rewards
        self._position = position

    async def get(self, task_id: str) -> Task | None:
        """Return a task."""
        return (await self.find(task_id)).item

    async def find(self, task_id: str) -> Found[Task]:
        """Return the same, and the position at which it stood so."""
        known = task_id in self._tables.rows[0]
        return Found(_task(self._row(task_id)) if known else None, self._position())

    async def list(
        self,
        filters: TaskFilter = TaskFilter(),  # noqa: B008 - immutable
        sort: str = "-submitted_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Task]:
        """Return one page of tasks; see ``TaskBoard.list``."""
        return page_of(
            self._chosen(filters),
            _task,
            _ORDERS,
            _key,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def ids(self, filters: TaskFilter, limit: int) -> Sequence[str]:
        """Return the ids of tasks, those submitted first, at most ``limit``."""
        rows = sorted(self._chosen(filters), key=lambda row: row.s.submitted_position)
        return [row.t.task_id for row in rows[:limit]]

    async def count(self, filters: TaskFilter = TaskFilter()) -> int:  # noqa: B008 - immutable
        """Return how many tasks there are."""
        return sum(1 for _ in self._chosen(filters))

    def snapshot(self, wanted: Wanted, limit: int) -> AbstractAsyncContextManager[Reading]:
        """Open all tasks that are wanted, those submitted last first."""
        rows = sorted(
            self._chosen(TaskFilter()), key=lambda row: row.s.submitted_position, reverse=True
        )
        tasks = (task for task in map(_task, rows) if is_wanted_task(task, wanted))
        return memory_reading(map(told_task, tasks), limit, self._position())

    def _chosen(self, filters: TaskFilter) -> Iterator[_Row]:
        _check(filters)
        rows = (self._row(task_id) for task_id in self._tables.rows[0])
        return (row for row in rows if _fits(row, filters))

    def _row(self, task_id: str) -> _Row:
        states, specs = self._tables.rows
        return _Row(states[task_id], specs[task_id], self._rewards.rows[0].get(task_id))


def _check(filters: TaskFilter) -> None:
    check_texts(filters)
    for name, words, choice in (
        ("status", TaskStatus, filters.status),
        ("priority", Priority, filters.priority),
    ):
        known = [word.value for word in words]
        if not set(choice) <= set(known):
            raise InvalidValue(f"{name} is one of {', '.join(known)}", field=name)


def _fits(row: _Row, filters: TaskFilter) -> bool:
    state, spec, _ = row
    equal = (
        (state.agent_id, filters.agent_id),
        (spec.task_type, filters.task_type),
        (spec.owner, filters.owner),
        (spec.parent, filters.parent),
        (spec.correlation, filters.correlation),
        (spec.concurrency_key, filters.concurrency_key),
        (spec.dedup_key, filters.dedup_key),
    )
    return (
        (not filters.status or state.status in filters.status)
        and (not filters.priority or state.priority in filters.priority)
        and all(wanted is None or held == wanted for held, wanted in equal)
        and (filters.tag is None or filters.tag in spec.tags)
        and (filters.since is None or spec.submitted_at >= filters.since)
        and (filters.until is None or spec.submitted_at < filters.until)
    )


def _key(row: _Row) -> str:
    return row.t.task_id


_ORDERS = {
    "submitted_at": Order(lambda row: Fraction(row.t.submitted_position)),
    "updated_at": Order(lambda row: Fraction(row.t.position)),
    "priority": Order(lambda row: Fraction((row.t.urgency << 48) + row.t.submitted_position)),
}


def _column(text: str) -> Callable[[_Row], Any]:
    """Return what reads a column of ``COLUMNS`` as the database would give it."""
    table, _, name = text.strip().removesuffix("::text").partition(".")
    number = _Row._fields.index(table)
    kinds = {
        field.name: field.type
        for field in msgspec.structs.fields((TaskRow, TaskSpecRow, TaskRewardRow)[number])
    }
    if kinds[name] is not Any:
        # What there is no row of is null, as it is where two tables are joined.
        return lambda row: getattr(row[number], name, None)

    def as_json(row: _Row) -> str | None:
        value = getattr(row[number], name)
        return None if value is None else msgspec.json.encode(value).decode()

    return as_json


_COLUMNS = [_column(text) for text in COLUMNS.split(",")]


def _task(row: _Row) -> Task:
    return task_of(tuple(column(row) for column in _COLUMNS))
