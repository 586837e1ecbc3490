"""A task as the task board shows it, and how it is read from the rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import TupleRow

from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.task_specification import Requirements
from aia_mas.projections.task_details import RetryPolicy, TaskRating


class TaskError(msgspec.Struct, frozen=True):
    """Why the last failed attempt failed."""

    code: str
    message: str
    retryable: bool
    agent_id: str
    attempt: int


class TaskProgress(msgspec.Struct, frozen=True):
    """How far the attempt in force is.

    Attributes:
        percent: 0..100, if known.
        message: The last thing the agent said.
        partial: What there is of the result.
        log: The last lines of its log.
        at: When it reported last, UTC.
    """

    percent: float | None
    message: str
    partial: msgspec.Raw
    log: tuple[str, ...]
    at: datetime


class TaskInput(msgspec.Struct, frozen=True):
    """What the agent asked, and what it was answered.

    Attributes:
        number: The number of the question among all of the task.
        attempt: In which attempt it was asked.
        question: The question.
        choices: The answers that are taken; none: any.
        schema: What an answer must fit (JSON Schema).
        asked_at: When, UTC.
        answer: The answer.
        answered_by: Who gave it; null: nobody yet.
        answered_at: When, UTC.
    """

    number: int
    attempt: int
    question: str
    choices: tuple[str, ...]
    schema: msgspec.Raw
    asked_at: datetime
    answer: msgspec.Raw
    answered_by: str | None
    answered_at: datetime | None


class TaskCost(msgspec.Struct, frozen=True):
    """What the task cost, in tokens.

    Attributes:
        estimated: The price of its agent.
        actual: What the agent reported, else its price.
        excess: By how much that is more than the estimate.
        over_max_cost: It is more than the task's ``max_cost``.
    """

    estimated: str
    actual: str
    excess: str
    over_max_cost: bool


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
        inputs: Its last 20 questions, and what they were answered.
        result: What was delivered.
        quality: The agent's own estimate, 0..1.
        usage: What it consumed.
        cost: What it cost, once it is completed.
        rating: What its client thinks of the result.
        error: Why the last failed attempt failed.
        reason: Why it was cancelled, or taken from its agent last.
        excluded_agents: Agents that it was taken from for good; ``requirements`` are as submitted.
        refused: Results that were refused.
        owner: Whom it belongs to.
        payer: Whose budget pays.
        max_cost: The highest price of an agent, tokens.
        cost_policy: What becomes of a result that cost more: flag or refuse.
        tags: For search.
        parent: The task that this one is a part of.
        correlation: What ties it to others.
        dedup_key: Its owner's word for the work.
        concurrency_key: Tasks with the same key share a limit.
        concurrency_limit: How many of them may be held at once, as far as this task is concerned.
        max_attempts: How many attempts may fail.
        retry: When a failed attempt is followed by another.
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
    inputs: tuple[TaskInput, ...]
    result: msgspec.Raw
    quality: float | None
    usage: TaskUsage | None
    cost: TaskCost | None
    rating: TaskRating | None
    error: TaskError | None
    reason: str | None
    excluded_agents: tuple[str, ...]
    refused: int
    owner: str
    payer: str | None
    max_cost: str | None
    cost_policy: str
    tags: tuple[str, ...]
    parent: str | None
    correlation: str | None
    dedup_key: str | None
    concurrency_key: str | None
    concurrency_limit: int | None
    max_attempts: int
    retry: RetryPolicy
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
    t.started_at, t.finished_at, t.updated_at, t.version, t.position, t.inputs::text,
    t.cost::text, t.rating::text, s.cost_policy, s.dedup_key, s.retry::text,
    t.excluded, s.concurrency_key, s.concurrency_limit"""
"""The columns of the tables ``t`` (where it stands) and ``s`` (as it was submitted)."""
LARGE = (
    "s.payload", "s.description", "s.requirements", "s.tags", "s.retry",
    "t.result", "t.progress", "t.inputs", "t.error", "t.reason", "t.excluded",
)  # fmt: skip
"""Those of them that may be of any length."""

_requirements = msgspec.json.Decoder(Requirements).decode
_progress = msgspec.json.Decoder(TaskProgress).decode
_inputs = msgspec.json.Decoder(tuple[TaskInput, ...]).decode
_cost = msgspec.json.Decoder(TaskCost).decode
_rating = msgspec.json.Decoder(TaskRating).decode
_retry = msgspec.json.Decoder(RetryPolicy).decode
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
        excluded_agents=tuple(row[43]),
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
        inputs=() if row[37] is None else _inputs(row[37]),
        cost=None if row[38] is None else _in_tokens(_cost(row[38])),
        rating=None if row[39] is None else _rating(row[39]),
        cost_policy=row[40],
        dedup_key=row[41],
        retry=_retry(row[42]),
        concurrency_key=row[44],
        concurrency_limit=row[45],
    )


def _raw(text: Any) -> msgspec.Raw:
    return _NULL if text is None else msgspec.Raw(text.encode())


def _tokens(usage: TaskUsage) -> TaskUsage:
    return msgspec.structs.replace(usage, cost=to_text(int(usage.cost)))


def _in_tokens(cost: TaskCost) -> TaskCost:
    amounts = {
        name: to_text(int(getattr(cost, name))) for name in ("estimated", "actual", "excess")
    }
    return msgspec.structs.replace(cost, **amounts)
