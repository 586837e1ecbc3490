# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about agents."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer
from aia.client.types.shared import Requirements


class AgentAnswer(Answer, frozen=True, kw_only=True):
    """An agent right after a command.

    Attributes:
        agent_id: Its id.
        status: Active, draining, suspended or unregistered.
        online: Its heartbeats arrive.
        tier: Its staking tier; None without a stake.
        active_tasks: Tasks that it holds now.
        max_concurrent_tasks: How many it takes at once.
        specializations: What it declares to be good at.
        skills: Skill -> level, 0..1.
        labels: Free key-value pairs.
        resources: What it has, by name.
        data_sources: What it can read; empty: undeclared.
        metadata: Any JSON of its client.
        endpoint: Where it can be called.
        wallet_address: Its address outside of this system.
        cost_per_task: Price of one task, tokens.
        initial_stake: What it wanted to stake when it registered, tokens.
        owner: Whom it belongs to.
        revision: Grows with every change of the editable fields; the ETag.
        registered_at: UTC.
    """

    agent_id: str
    status: str
    online: bool
    tier: str | None
    active_tasks: int
    max_concurrent_tasks: int
    specializations: list[str]
    skills: dict[str, float]
    labels: dict[str, str]
    resources: dict[str, float]
    data_sources: list[str]
    metadata: dict[str, Any]
    endpoint: str | None
    wallet_address: str | None
    cost_per_task: str
    initial_stake: str
    owner: str
    revision: int
    registered_at: datetime


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent said of itself.

    Attributes:
        load: How busy it is, 0..1, if it said so.
        metrics: Figures by name, of its own choice.
        at: When, UTC.
    """

    load: float | None = None
    metrics: dict[str, float] = msgspec.field(default_factory=dict)
    at: datetime


class PresentAgent(Answer, frozen=True, kw_only=True):
    """An agent, and what is no event (`reported`: what it said with its last heartbeats).

    Attributes:
        agent_id: Its id.
        status: Active, draining, suspended or unregistered.
        online: Its heartbeats arrive.
        tier: Its staking tier; None without a stake.
        active_tasks: Tasks that it holds.
        max_concurrent_tasks: How many it takes at once.
        specializations: What it is best at.
        skills: Skill name to level, 0..1.
        labels: Key to value, for placement.
        resources: What it has, by name.
        data_sources: What it can read; none declared: everything.
        metadata: Any JSON of its client.
        endpoint: Where it can be called.
        wallet_address: Its address outside of this system.
        cost_per_task: Its price, tokens.
        initial_stake: What it wanted to stake when it registered, tokens.
        owner: Whom it belongs to.
        assigned: Attempts it was given, ever.
        completed: Attempts it completed.
        failed: Attempts it gave up.
        released: Attempts that were taken from it.
        lost: Those of them that it was working on and nobody moved by hand.
        success_rate: Those completed among those that it completed, gave up or lost, 0..1.
        revision: Grows with every change of the editable fields; the ETag.
        version: The version of its stream.
        registered_at: When it registered last, UTC.
        updated_at: When anything about it (but its tasks) changed last, UTC.
        last_seen: Its last sign of life that is known, UTC.
        suspension: Why it is suspended.
        position: The last event in all this.
        reported: What it said with its last heartbeats.
    """

    agent_id: str
    status: str
    online: bool
    tier: str | None
    active_tasks: int
    max_concurrent_tasks: int
    specializations: list[str]
    skills: dict[str, float]
    labels: dict[str, str]
    resources: dict[str, float]
    data_sources: list[str]
    metadata: dict[str, Any]
    endpoint: str | None
    wallet_address: str | None
    cost_per_task: str
    initial_stake: str
    owner: str
    assigned: int
    completed: int
    failed: int
    released: int
    lost: int
    success_rate: float | None
    revision: int
    version: int
    registered_at: datetime
    updated_at: datetime
    last_seen: datetime | None
    suspension: str | None
    position: int
    reported: Report | None = None


class AgentPage(Answer, frozen=True, kw_only=True):
    """Agents (`next_cursor`: for the next page, if there is one; `total`: when asked for).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: When asked for.
    """

    items: list[PresentAgent]
    next_cursor: str | None
    total: int | None = None


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What attempts cost by the agent's account, against its price.

    Attributes:
        count: Completed attempts that told their cost; the others do not count here.
        actual: What these cost, tokens.
        estimated: What the agent takes for these, tokens.
        ratio: Actual to estimated; None when nothing was estimated.
        above_estimate: How many of these cost more than estimated.
    """

    count: int
    actual: str
    estimated: str
    ratio: float | None
    above_estimate: int


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """A mean of qualities, 0..1, and of how many; None where there is none."""

    count: int
    mean: float | None


class Streak(msgspec.Struct, frozen=True, kw_only=True):
    """How its last attempts ended, one after the other.

    Attributes:
        outcome: `completed` or `failed` (which counts what it lost); None: none ended yet.
        length: How many in a row.
        longest_completed: The most completed in a row, ever.
    """

    outcome: str | None
    length: int
    longest_completed: int


class WorkDurations(msgspec.Struct, frozen=True, kw_only=True):
    """From the start to the completion, without the time that it waited for answers.

    Milliseconds.

    A percentile is at most an eighth too large; None where nothing was completed.
    """

    mean_ms: int | None
    p50_ms: int | None
    p95_ms: int | None
    longest_ms: int | None


class TypeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent did of one type of tasks.

    Attributes:
        assigned: Attempts it was given.
        completed: Attempts it completed.
        failed: Attempts it gave up.
        released: Attempts that were taken from it.
        lost: Those of them that it was working on and nobody moved by hand.
        cancelled: Tasks that were called off while it had them.
        expired: Tasks that passed their deadline while it had them.
        success_rate: The share of the completed in those completed, failed and lost; None: there
            is none of these.
        duration: Of the completed attempts.
        quality: As rated by clients.
        own_quality: By the agent's own estimate.
        cost: Against the estimate.
    """

    assigned: int
    completed: int
    failed: int
    released: int
    lost: int
    cancelled: int
    expired: int
    success_rate: float | None
    duration: WorkDurations
    quality: Quality
    own_quality: Quality
    cost: Costs
    task_type: str


class AgentPerformance(Answer, frozen=True, kw_only=True):
    """What an agent did within a window.

    Attributes:
        assigned: Attempts it was given.
        completed: Attempts it completed.
        failed: Attempts it gave up.
        released: Attempts that were taken from it.
        lost: Those of them that it was working on and nobody moved by hand.
        cancelled: Tasks that were called off while it had them.
        expired: Tasks that passed their deadline while it had them.
        success_rate: The share of the completed in those completed, failed and lost; None: there
            is none of these.
        duration: Of the completed attempts.
        quality: As rated by clients.
        own_quality: By the agent's own estimate.
        cost: Against the estimate.
        agent_id: Its id.
        active_tasks: Tasks that it holds now.
        window: How far back.
        since: The full hour that the window begins with, UTC; None: it has no beginning.
        streak: How its last attempts ended, of whatever type and whenever.
        by_task_type: The same by type of task, those with most attempts first, at most 50.
    """

    assigned: int
    completed: int
    failed: int
    released: int
    lost: int
    cancelled: int
    expired: int
    success_rate: float | None
    duration: WorkDurations
    quality: Quality
    own_quality: Quality
    cost: Costs
    agent_id: str
    active_tasks: int
    window: str
    since: datetime | None
    streak: Streak
    by_task_type: list[TypeFigures]


class ClaimedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as its agent gets it; `TaskAnswer` and what is to be done.

    Attributes:
        task_id: Its id.
        status: Always `assigned`.
        agent_id: The agent.
        priority: Its class.
        attempt: The number of this attempt.
        lease: The fencing token of this attempt.
        lease_seconds: How long the lease lasts without progress once started.
        timeout_seconds: The longest execution.
        task_type: What kind of work it is.
        description: For people.
        requirements: What it asks of an agent.
        payload: The input.
        max_cost: The most that it may cost, tokens; None: no bound.
        deadline: When it expires, UTC.
        tags: Its client's words.
        owner: Whom it belongs to.
    """

    task_id: str
    status: str
    agent_id: str
    priority: str
    attempt: int
    lease: str
    lease_seconds: float
    timeout_seconds: float
    task_type: str
    description: str
    requirements: Requirements
    payload: Any
    max_cost: str | None
    deadline: datetime | None
    tags: list[str]
    owner: str


class LostTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that the agent named, and does not hold, or not under the lease that it named.

    Attributes:
        task_id: Which.
        status: Where it stands: cancelled, expired, completed, queued again or with somebody else,
            say; or `unknown`.
        attempt: The number of its last attempt.
    """

    task_id: str
    status: str
    attempt: int


class ClaimedTasks(Answer, frozen=True, kw_only=True):
    """Tasks for an agent.

    Attributes:
        items: Tasks that it is to start; empty when there was none in time.
        lost: Of those that it named as its own, the ones that it should stop working on.
    """

    items: list[ClaimedTask]
    lost: list[LostTask] = msgspec.field(default_factory=list)


class HeldTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task that the agent holds.

    Attributes:
        task_id: Which.
        status: Assigned, running or input_required.
        attempt: The number of the attempt.
        lease: Its fencing token.
        asked: The number of the last question about the task, 0 before the first.
        answered: The number of the last one that was answered; the answers stand in its `inputs`.
    """

    task_id: str
    status: str
    attempt: int
    lease: str | None
    asked: int
    answered: int


class HeartbeatAnswer(Answer, frozen=True, kw_only=True):
    """What an agent learns from its heartbeat.

    Attributes:
        agent_id: The agent.
        status: Active, draining or suspended.
        online: Always true.
        received_at: When the heartbeat came, UTC.
        next_within_seconds: When the next one is expected.
        tasks: What it holds.
        lost: Of the tasks that it named, those that it does not hold, and should stop working on.
    """

    agent_id: str
    status: str
    online: bool
    received_at: datetime
    next_within_seconds: float
    tasks: list[HeldTask] = msgspec.field(default_factory=list)
    lost: list[LostTask] = msgspec.field(default_factory=list)
