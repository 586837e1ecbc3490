# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about agent reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer


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
        stake: What makes its tier: its stake that counts, tokens.
        active_tasks: Tasks that it holds.
        max_concurrent_tasks: How many it takes at once.
        specializations: What it is best at.
        skills: Skill name to level, 0..1.
        labels: Key to value, for placement.
        resources: What it has, by name.
        data_sources: What it can read; none declared: everything.
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
        suspension: Why it is suspended.
        endpoint_disabled: Why nothing is sent to its endpoint, and it gets no work: `failing` or
            `gone`; null: that is not so.
        position: The last event in all this.
        metadata: Any JSON of its client.
        last_seen: Its last sign of life that is known, UTC.
        reported: What it said with its last heartbeats.
    """

    agent_id: str
    status: str
    online: bool
    tier: str | None
    stake: str
    active_tasks: int
    max_concurrent_tasks: int
    specializations: list[str]
    skills: dict[str, float]
    labels: dict[str, str]
    resources: dict[str, float]
    data_sources: list[str]
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
    suspension: str | None
    endpoint_disabled: str | None
    position: int
    metadata: dict[str, Any]
    last_seen: datetime | None
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
