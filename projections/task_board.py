"""The task board: what the API shows of tasks, one by one and in lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from aia_mas.application.event_log.connections import Pool
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.task_events import TaskStatus
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.projections.economy.task_rewards import TASK_REWARDS
from aia_mas.projections.listing import Conditions, Found, Listing, Page, SortKey, check_texts
from aia_mas.projections.task_board_fold import TASK_BOARD
from aia_mas.projections.task_view import COLUMNS, LARGE, Task, task_of

__all__ = ["Task", "TaskBoard", "TaskFilter"]


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which tasks are listed; empty fields do not restrict.

    Attributes:
        status: These statuses.
        agent_id: Held or finished by this agent.
        task_type: Of this kind.
        priority: Of these classes.
        owner: Belonging to this subject.
        tag: With this tag.
        parent: Parts of this task.
        correlation: Tied together by this.
        concurrency_key: Sharing the limit of this key.
        dedup_key: Having this word for the work.
        since: Submitted at this time or later.
        until: Submitted before this time.
    """

    status: tuple[str, ...] = ()
    agent_id: str | None = None
    task_type: str | None = None
    priority: tuple[str, ...] = ()
    owner: str | None = None
    tag: str | None = None
    parent: str | None = None
    correlation: str | None = None
    concurrency_key: str | None = None
    dedup_key: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class TaskBoard:
    """Reads the board; ``ProjectionHost`` keeps it up to date."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

    async def get(self, task_id: str) -> Task | None:
        """Return a task."""
        return (await self.find(task_id)).item

    async def find(self, task_id: str) -> Found[Task]:
        """Return the same, and the position at which it stood so."""
        row, position = await _BY_STATE.one(self._pool, task_id)
        return Found(None if row is None else task_of(row), position)

    async def list(
        self,
        filters: TaskFilter = TaskFilter(),  # noqa: B008 - immutable
        sort: str = "-submitted_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Task]:
        """Return one page of tasks.

        Args:
            filters: Which ones.
            sort: submitted_at, updated_at or priority (most urgent first, oldest first among
                equals); ``-`` before it: the other way round.
            cursor: That of the page before.
            limit: At most so many, 1..500; large ones make it fewer.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        by_state = len(filters.status) == 1 or filters.agent_id is not None
        listing = _BY_STATE if by_state else _BY_SPECIFICATION
        rows, following, position = await listing.page(
            self._pool, _conditions(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([task_of(row) for row in rows], following, position)

    async def ids(self, filters: TaskFilter, limit: int) -> Sequence[str]:
        """Return the ids of tasks, those submitted first, at most ``limit``."""
        return await _BY_STATE.keys(
            self._pool, _conditions(filters), sort="submitted_at", limit=limit
        )

    async def count(self, filters: TaskFilter = TaskFilter()) -> int:  # noqa: B008 - immutable
        """Return how many tasks there are."""
        return await _BY_STATE.count(self._pool, _conditions(filters))


_STATE, _SPECS = TASK_BOARD.table_names()
_REWARDS = TASK_REWARDS.table_names()[0]


def _listing(submitted: str) -> Listing:
    """Return the list, sorted by the same column of the table whose indexes serve the filters."""
    return Listing(
        TASK_BOARD,
        select=COLUMNS,
        source=f"{_STATE} t join {_SPECS} s on s.task_id = t.task_id"
        f" left join {_REWARDS} r on r.task_id = t.task_id",
        key="t.task_id",
        sorts={
            "submitted_at": SortKey(f"{submitted}.submitted_position", "bigint"),
            "updated_at": SortKey("t.position", "bigint"),
            "priority": SortKey("(t.urgency::bigint << 48) + t.submitted_position", "bigint"),
        },
        large=LARGE,
    )


_BY_STATE = _listing("t")
_BY_SPECIFICATION = _listing("s")


def _conditions(filters: TaskFilter) -> Conditions:
    check_texts(filters)
    conditions = Conditions()
    for name, words, choice in (
        ("status", TaskStatus, filters.status),
        ("priority", Priority, filters.priority),
    ):
        known = [word.value for word in words]
        if not set(choice) <= set(known):
            raise InvalidValue(f"{name} is one of {', '.join(known)}", field=name)
        column = f"t.{name}"
        if len(choice) == 1:
            # Equality, so that an index gives the order as well.
            conditions.add(f"{column} = %s", choice[0])
        elif choice:
            conditions.add_choice(column, choice)
    for condition, value in (
        ("t.agent_id = %s", filters.agent_id),
        ("s.task_type = %s", filters.task_type),
        ("s.owner = %s", filters.owner),
        ("s.tags @> array[%s] and s.tags <> '{}'", filters.tag),
        ("s.parent = %s", filters.parent),
        ("s.correlation = %s", filters.correlation),
        ("s.concurrency_key = %s", filters.concurrency_key),
        ("s.dedup_key = %s", filters.dedup_key),
        ("s.submitted_at >= %s", filters.since),
        ("s.submitted_at < %s", filters.until),
    ):
        if value is not None:
            conditions.add(condition, value)
    return conditions
