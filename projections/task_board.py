"""The task board: what the API shows of tasks, one by one and in lists."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import TupleRow

from aia_mas.application.event_log.connections import Pool
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.task_events import TaskStatus
from aia_mas.domain.orchestration.task_specification import Priority, Requirements
from aia_mas.projections.listing import Conditions, Listing, Page, SortKey, check_texts
from aia_mas.projections.task_board_fold import TASK_BOARD


class TaskError(msgspec.Struct, frozen=True):
    """Why the last failed attempt failed."""

    code: str
    message: str
    retryable: bool
    agent_id: str
    attempt: int


class TaskProgress(msgspec.Struct, frozen=True):
    """How far the attempt in force is (``percent``: 0..100, if known; ``at``: UTC)."""

    percent: float | None
    message: str
    at: datetime


class TaskUsage(msgspec.Struct, frozen=True):
    """What the attempt consumed, by the agent's own account (``cost``: tokens)."""

    model: str | None
    tokens_in: int
    tokens_out: int
    cost: str


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A task as the board shows it.

    Attributes:
        task_id: Its id.
        status: Where it stands.
        task_type: The kind of work.
        description: For people.
        requirements: Whom it suits.
        payload: The client's JSON for the agent.
        priority: Its class.
        agent_id: Who holds it, or finished it.
        attempt: The number of the last attempt, 0 before the first.
        lease: The fencing token of that attempt.
        lease_seconds: How long it may go unheard of, seconds.
        price: What that attempt costs, tokens.
        progress: How far it is.
        result: What was delivered.
        quality: The agent's own estimate, 0..1.
        usage: What it consumed.
        error: Why the last failed attempt failed.
        reason: Why it was cancelled, or taken from its agent last.
        refused: Results that were refused.
        owner: Whom it belongs to.
        payer: Whose budget pays.
        max_cost: The highest price of an agent, tokens.
        tags: For search.
        parent: The task that this one is a part of.
        correlation: What ties it to others.
        max_attempts: How many attempts may fail.
        timeout_seconds: How long one attempt may run, seconds.
        submitted_at: UTC, like the others.
        not_before: When the first attempt might begin.
        retry_at: When the next attempt may begin.
        deadline: When it expires unfinished.
        assigned_at: When the last attempt was given to an agent.
        started_at: When that began.
        finished_at: When the task ended.
        updated_at: When anything about it changed last.
        version: The version of its stream.
        position: The last event in all this.
    """

    task_id: str
    status: str
    task_type: str
    description: str
    requirements: Requirements
    payload: msgspec.Raw
    priority: str
    agent_id: str | None
    attempt: int
    lease: str | None
    lease_seconds: float
    price: str
    progress: TaskProgress | None
    result: msgspec.Raw
    quality: float | None
    usage: TaskUsage | None
    error: TaskError | None
    reason: str | None
    refused: int
    owner: str
    payer: str | None
    max_cost: str | None
    tags: tuple[str, ...]
    parent: str | None
    correlation: str | None
    max_attempts: int
    timeout_seconds: float
    submitted_at: datetime
    not_before: datetime | None
    retry_at: datetime | None
    deadline: datetime | None
    assigned_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    version: int
    position: int


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
    since: datetime | None = None
    until: datetime | None = None


HELD: tuple[str, ...] = (TaskStatus.ASSIGNED, TaskStatus.RUNNING)
"""The statuses in which an agent holds a task."""


class TaskBoard:
    """Reads the board; ``ProjectionHost`` keeps it up to date."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

    async def get(self, task_id: str) -> Task | None:
        """Return a task."""
        row = await _BY_STATE.one(self._pool, task_id)
        return None if row is None else _task(row)

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
            limit: At most so many, 1..500.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        by_state = len(filters.status) == 1 or filters.agent_id is not None
        listing = _BY_STATE if by_state else _BY_SPECIFICATION
        rows, following = await listing.page(
            self._pool, _conditions(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([_task(row) for row in rows], following)

    async def count(self, filters: TaskFilter = TaskFilter()) -> int:  # noqa: B008 - immutable
        """Return how many tasks there are."""
        return await _BY_STATE.count(self._pool, _conditions(filters))

    async def tasks_of_agent(
        self, agent_id: str, statuses: Collection[str] = HELD, limit: int = 100
    ) -> Sequence[Task]:
        """Return tasks of an agent in these statuses (default: those it holds), oldest first."""
        filters = TaskFilter(agent_id=agent_id, status=tuple(statuses))
        return (await self.list(filters, "submitted_at", None, limit)).items


_STATE, _SPECS = TASK_BOARD.table_names()

_SELECT = """t.task_id, t.status, s.task_type, s.description, s.requirements::text,
    s.payload::text, t.priority, t.agent_id, t.attempt, t.lease, t.lease_seconds, t.price::text,
    t.progress::text, t.result::text, t.quality, t.usage::text, t.error::text, t.reason, t.refused,
    s.owner, s.payer, s.max_cost::text, s.tags, s.parent, s.correlation, s.max_attempts,
    s.timeout_seconds, s.submitted_at, s.not_before, t.retry_at, t.deadline, t.assigned_at,
    t.started_at, t.finished_at, t.updated_at, t.version, t.position"""


def _listing(submitted: str) -> Listing:
    """Return the list, sorted by the same column of the table whose indexes serve the filters."""
    return Listing(
        select=_SELECT,
        source=f"{_STATE} t join {_SPECS} s on s.task_id = t.task_id",
        key="t.task_id",
        sorts={
            "submitted_at": SortKey(f"{submitted}.submitted_position", "bigint"),
            "updated_at": SortKey("t.position", "bigint"),
            "priority": SortKey("(t.urgency::bigint << 48) + t.submitted_position", "bigint"),
        },
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
        ("s.submitted_at >= %s", filters.since),
        ("s.submitted_at < %s", filters.until),
    ):
        if value is not None:
            conditions.add(condition, value)
    return conditions


_requirements = msgspec.json.Decoder(Requirements).decode
_progress = msgspec.json.Decoder(TaskProgress).decode
_usage = msgspec.json.Decoder(TaskUsage).decode
_error = msgspec.json.Decoder(TaskError).decode
_NULL = msgspec.Raw(b"null")


def _task(row: TupleRow) -> Task:
    return Task(
        task_id=row[0],
        status=row[1],
        task_type=row[2],
        description=row[3],
        requirements=_requirements(row[4]),
        payload=_raw(row[5]),
        priority=row[6],
        agent_id=row[7],
        attempt=row[8],
        lease=row[9],
        lease_seconds=row[10],
        price=to_text(int(row[11])),
        progress=None if row[12] is None else _progress(row[12]),
        result=_raw(row[13]),
        quality=row[14],
        usage=None if row[15] is None else _tokens(_usage(row[15])),
        error=None if row[16] is None else _error(row[16]),
        reason=row[17],
        refused=row[18],
        owner=row[19],
        payer=row[20],
        max_cost=None if row[21] is None else to_text(int(row[21])),
        tags=tuple(row[22]),
        parent=row[23],
        correlation=row[24],
        max_attempts=row[25],
        timeout_seconds=row[26],
        submitted_at=row[27],
        not_before=row[28],
        retry_at=row[29],
        deadline=row[30],
        assigned_at=row[31],
        started_at=row[32],
        finished_at=row[33],
        updated_at=row[34],
        version=row[35],
        position=row[36],
    )


def _raw(text: Any) -> msgspec.Raw:
    return _NULL if text is None else msgspec.Raw(text.encode())


def _tokens(usage: TaskUsage) -> TaskUsage:
    return msgspec.structs.replace(usage, cost=to_text(int(usage.cost)))
