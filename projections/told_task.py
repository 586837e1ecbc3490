"""A task as everybody is told of it who watches: without what its client and agent share."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia_mas.domain.economy.rewards.telling import ToldReward
from aia_mas.domain.orchestration.task_specification import Requirements
from aia_mas.projections.task_details import RetryPolicy, TaskRating


class TaskError(msgspec.Struct, frozen=True):
    """Why the last failed attempt failed."""

    code: str
    message: str
    retryable: bool
    agent_id: str
    attempt: int


class ToldProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the attempt in force is.

    Attributes:
        percent: 0..100, if known.
        message: The last thing the agent said.
        at: When it reported last, UTC.
    """

    percent: float | None
    message: str
    at: datetime


class ToldInput(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent asked, and whether it was answered.

    Attributes:
        number: The number of the question among all of the task.
        attempt: In which attempt it was asked.
        question: The question.
        asked_at: When, UTC.
        answered_by: Who gave the answer; null: nobody yet.
        answered_at: When, UTC.
    """

    number: int
    attempt: int
    question: str
    asked_at: datetime
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


class ToldTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as everybody is told of it who watches.

    Attributes:
        task_id: Its id.
        status: Where it stands.
        task_type: The kind of work.
        description: For people.
        requirements: Whom it suits.
        priority: Its class.
        agent_id: Who holds it, or finished it.
        attempt: The number of the last attempt, 0 before the first.
        lease_seconds: How long it may go unheard of, seconds.
        price: What that attempt costs, tokens.
        progress: How far it is.
        inputs: Its last 20 questions, and what they were answered.
        quality: The agent's own estimate, 0..1.
        usage: What it consumed.
        cost: What it cost, once it is completed.
        rating: What its client thinks of the result.
        reward: What the attempt earns from the reward pool beside its price; null while there is
            none, and where no rewards are offered.
        error: Why the last failed attempt failed.
        reason: Why it was cancelled, or taken from its agent last.
        excluded_agents: Agents that it was taken from for good; ``requirements`` are as submitted.
        refused: Results that were refused.
        owner: Whom it belongs to.
        payer: Whose wallet pays.
        cost_tags: Whose budgets it counts in.
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
    priority: str
    agent_id: str | None
    attempt: int
    lease_seconds: float
    price: str
    progress: ToldProgress | None
    inputs: tuple[ToldInput, ...]
    quality: float | None
    usage: TaskUsage | None
    cost: TaskCost | None
    rating: TaskRating | None
    reward: ToldReward | None
    error: TaskError | None
    reason: str | None
    excluded_agents: tuple[str, ...]
    refused: int
    owner: str
    payer: str | None
    cost_tags: tuple[str, ...]
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
