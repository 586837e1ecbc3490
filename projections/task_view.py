"""A task as the task board shows it, and how it is read from the rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import TupleRow

from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.task_specification import Requirements


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


COLUMNS = """t.task_id, t.status, s.task_type, s.description, s.requirements::text,
    s.payload::text, t.priority, t.agent_id, t.attempt, t.lease, t.lease_seconds, t.price::text,
    t.progress::text, t.result::text, t.quality, t.usage::text, t.error::text, t.reason, t.refused,
    s.owner, s.payer, s.max_cost::text, s.tags, s.parent, s.correlation, s.max_attempts,
    s.timeout_seconds, s.submitted_at, s.not_before, t.retry_at, t.deadline, t.assigned_at,
    t.started_at, t.finished_at, t.updated_at, t.version, t.position"""
"""The columns of the tables ``t`` (where it stands) and ``s`` (as it was submitted)."""

_requirements = msgspec.json.Decoder(Requirements).decode
_progress = msgspec.json.Decoder(TaskProgress).decode
_usage = msgspec.json.Decoder(TaskUsage).decode
_error = msgspec.json.Decoder(TaskError).decode
_NULL = msgspec.Raw(b"null")


def task_of(row: TupleRow) -> Task:
    """Return the task of a row of ``COLUMNS``."""
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
