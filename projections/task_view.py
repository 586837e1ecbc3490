"""A task as the task board shows it, and how it is read from the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg.rows import TupleRow

from aia_mas.domain.economy.parameters import MILLION
from aia_mas.domain.economy.rewards.factor import Punctuality
from aia_mas.domain.economy.rewards.telling import (
    RewardStatus,
    ToldReward,
    in_ones,
    told_reward,
)
from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.task_specification import Requirements
from aia_mas.projections.task_details import Promise, RetryPolicy, TaskRating
from aia_mas.projections.told_task import (
    TaskCost,
    TaskError,
    TaskUsage,
    ToldInput,
    ToldProgress,
    ToldTask,
)


class TaskProgress(ToldProgress, frozen=True, kw_only=True):
    """How far the attempt in force is, and what there is of the result.

    Attributes:
        partial: What there is of the result.
        log: The last lines of its log.
    """

    partial: msgspec.Raw
    log: tuple[str, ...]


class TaskInput(ToldInput, frozen=True, kw_only=True):
    """What the agent asked, and what it was answered.

    Attributes:
        choices: The answers that are taken; none: any.
        schema: What an answer must fit (JSON Schema).
        answer: The answer.
    """

    choices: tuple[str, ...]
    schema: msgspec.Raw
    answer: msgspec.Raw


class Task(ToldTask, frozen=True, kw_only=True):
    """A task as the board shows it.

    Attributes:
        payload: The client's JSON for the agent.
        lease: The fencing token of the last attempt.
        progress: How far it is.
        inputs: Its last 20 questions, and what they were answered.
        result: What was delivered.
    """

    payload: msgspec.Raw
    lease: str | None
    progress: TaskProgress | None
    inputs: tuple[TaskInput, ...]
    result: msgspec.Raw


COLUMNS = """t.task_id, t.status, s.task_type, s.description, s.requirements::text,
    s.payload::text, t.priority, t.agent_id, t.attempt, t.lease, t.lease_seconds, t.price::text,
    t.progress::text, t.result::text, t.quality, t.usage::text, t.error::text, t.reason, t.refused,
    s.owner, s.payer, s.max_cost::text, s.tags, s.parent, s.correlation, s.max_attempts,
    s.timeout_seconds, s.submitted_at, s.not_before, t.retry_at, t.deadline, t.assigned_at,
    t.started_at, t.finished_at, t.updated_at, t.version, t.position, t.inputs::text,
    t.cost::text, t.rating::text, s.cost_policy, s.dedup_key, s.retry::text,
    t.excluded, s.concurrency_key, s.concurrency_limit,
    s.cost_tags, t.reward::text, r.rating_ppm, r.punctuality, r.factor_ppm, r.reward::text,
    r.gov::text, r.forfeited, r.transfer_id, r.settled_at"""
"""The columns of the tables ``t`` (where it stands), ``s`` (as it was submitted) and ``r`` (what
it was paid)."""
LARGE = (
    "s.payload", "s.description", "s.requirements", "s.tags", "s.cost_tags", "s.retry",
    "t.result", "t.progress", "t.inputs", "t.error", "t.reason", "t.excluded",
)  # fmt: skip
"""Those of them that may be of any length."""

_promise = msgspec.json.Decoder(Promise).decode
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
        cost_tags=tuple(row[46]),
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
        reward=_reward(row[47], row[48:56]),
        cost_policy=row[40],
        dedup_key=row[41],
        retry=_retry(row[42]),
        concurrency_key=row[44],
        concurrency_limit=row[45],
    )


def _reward(stored: str | None, paid: Sequence[Any]) -> ToldReward | None:
    if stored is None:
        return None
    promise = _promise(stored)
    if promise.unfunded:
        return told_reward(None, promise.unfunded)
    told = told_reward(
        RewardTerms(
            tier=promise.tier,
            multiplier_ppm=promise.multiplier_ppm,
            base=int(promise.base),
            reserved=int(promise.reserved),
            seconds=promise.seconds,
        )
    )
    rating_ppm, when, factor_ppm, amount, gov, forfeited, transfer_id, settled_at = paid
    if told is None or settled_at is None:
        return told
    return msgspec.structs.replace(
        told,
        status=RewardStatus.FORFEITED if forfeited else RewardStatus.PAID,
        reason=forfeited or None,
        rating=None if rating_ppm is None else rating_ppm / MILLION,
        punctuality=Punctuality(when),
        factor=in_ones(factor_ppm),
        amount=to_text(int(amount)),
        gov=to_text(int(gov)),
        transfer_id=transfer_id or None,
        settled_at=settled_at,
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
