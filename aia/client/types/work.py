# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about work."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer


class LabelCondition(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a task asks of an agent's labels.

    Attributes:
        key: Which label.
        op: How its value must stand to the operand. An agent without the label meets `!=` only.
        value: The operand; None with `in`.
        values: The operands of `in`: one of them must be equal.
        preferred: Who does not meet it may get the task all the same, after those who do.
    """

    key: str
    op: str = "="
    value: str | None = None
    values: list[str] = msgspec.field(default_factory=list)
    preferred: bool = False


class Requirements(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a task suits.

    Attributes:
        skills: Skill name to the least level, 0..1; at 0 a specialization of that name will do.
        specializations: All of them must be declared.
        labels: Keys and values that must all be equal, or conditions.
        data_sources: All of them must be declared by an agent that declares any.
        preferred_agents: Agents to be taken first when they qualify.
        excluded_agents: Agents never to be taken.
        resources: How much of the agent's resources it takes while it is held, by name, 0..10^12.
        min_tier: The lowest staking tier of an agent that may get it.
        sticky_key: Tasks with the same key go to the same agent when that is as good as others, or
            whenever it can by the policy `sticky`; None: there is no such tie.
    """

    skills: dict[str, float] = msgspec.field(default_factory=dict)
    specializations: list[str] = msgspec.field(default_factory=list)
    labels: dict[str, str] | list[LabelCondition] = msgspec.field(default_factory=dict)
    data_sources: list[str] = msgspec.field(default_factory=list)
    preferred_agents: list[str] = msgspec.field(default_factory=list)
    excluded_agents: list[str] = msgspec.field(default_factory=list)
    resources: dict[str, float] = msgspec.field(default_factory=dict)
    min_tier: str | None = None
    sticky_key: str | None = None


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """When a failed attempt is followed by another; see `Retries` of a submission."""

    max_attempts: int
    base_seconds: float
    factor: float
    cap_seconds: float
    jitter: float
    non_retryable_codes: list[str]


class TaskCost(msgspec.Struct, frozen=True, kw_only=True):
    """What the task cost, in tokens.

    Attributes:
        estimated: The price of its agent.
        actual: What the agent reported, else its price.
        excess: By how much that is more than the estimate.
        over_max_cost: It is more than the task's `max_cost`.
    """

    estimated: str
    actual: str
    excess: str
    over_max_cost: bool


class TaskError(msgspec.Struct, frozen=True, kw_only=True):
    """Why the last failed attempt failed."""

    code: str
    message: str
    retryable: bool
    agent_id: str
    attempt: int


class TaskInput(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent asked, and what it was answered.

    Attributes:
        number: The number of the question among all of the task.
        attempt: In which attempt it was asked.
        question: The question.
        asked_at: When, UTC.
        answered_by: Who gave the answer; null: nobody yet.
        answered_at: When, UTC.
        choices: The answers that are taken; none: any.
        schema: What an answer must fit (JSON Schema).
        answer: The answer.
    """

    number: int
    attempt: int
    question: str
    asked_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    choices: list[str]
    schema: Any
    answer: Any


class TaskProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the attempt in force is, and what there is of the result.

    Attributes:
        percent: 0..100, if known.
        message: The last thing the agent said.
        at: When it reported last, UTC.
        partial: What there is of the result.
        log: The last lines of its log.
    """

    percent: float | None
    message: str
    at: datetime
    partial: Any
    log: list[str]


class TaskRating(msgspec.Struct, frozen=True, kw_only=True):
    """What the client thinks of the result (`rating`: 0..1; `at`: UTC).

    Attributes:
        rating: 0..1.
        at: UTC.
    """

    rating: float
    comment: str
    by: str
    at: datetime


class TaskUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What the attempt consumed, by the agent's own account (`cost`: tokens).

    Attributes:
        cost: Tokens.
    """

    model: str | None
    tokens_in: int
    tokens_out: int
    cost: str


class ToldReward(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt earns from the reward pool, beside its price.

    Attributes:
        status: `promised` when the attempt was given out; `paid` or `forfeited` (the stake that
            backed it is gone) when the completed task was settled; `unfunded`: it earns nothing.
        reason: Why it earns nothing: `own_task`, `no_stake`, `stake_limit`, `pool_empty` or
            `stake_lost`.
        tier: The tier of the agent's stake when it got the attempt.
        multiplier: What that tier multiplies the base by.
        base: The reward before multiplier and factor, tokens.
        reserved: What is kept for it: the most that it can come to, tokens.
        seconds: How long it may take from its assignment on; within half of that it is early.
        rating: How the client rated the result, 0..1, in time.
        punctuality: `early`, `in_time` or `late`.
        factor: What rating and punctuality come to, 0.5..1.5.
        amount: What it earned, tokens: base x multiplier x factor.
        gov: AIA_GOV that it earned, tokens.
        transfer_id: The transfer that paid it, together with others.
        settled_at: When, UTC.
    """

    status: str
    reason: str | None = None
    tier: str | None = None
    multiplier: str | None = None
    base: str | None = None
    reserved: str | None = None
    seconds: float | None = None
    rating: float | None = None
    punctuality: str | None = None
    factor: str | None = None
    amount: str | None = None
    gov: str | None = None
    transfer_id: str | None = None
    settled_at: datetime | None = None


class Task(Answer, frozen=True, kw_only=True):
    """A task as the board shows it.

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
        excluded_agents: Agents that it was taken from for good; `requirements` are as submitted.
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
        payload: The client's JSON for the agent.
        lease: The fencing token of the last attempt.
        result: What was delivered.
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
    progress: TaskProgress | None
    inputs: list[TaskInput]
    quality: float | None
    usage: TaskUsage | None
    cost: TaskCost | None
    rating: TaskRating | None
    reward: ToldReward | None
    error: TaskError | None
    reason: str | None
    excluded_agents: list[str]
    refused: int
    owner: str
    payer: str | None
    cost_tags: list[str]
    max_cost: str | None
    cost_policy: str
    tags: list[str]
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
    payload: Any
    lease: str | None
    result: Any


class TaskPage(Answer, frozen=True, kw_only=True):
    """Tasks (`next_cursor`: for the next page, if there is one; `total`: when asked for).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: When asked for.
    """

    items: list[Task]
    next_cursor: str | None
    total: int | None = None
