# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer
from aia.client.types.shared import Problem
from aia.client.types.work import ToldReward


class TaskAnswer(Answer, frozen=True, kw_only=True):
    """A task right after a command.

    Attributes:
        task_id: Its id.
        status: Where it stands.
        agent_id: Who holds it, or finished it.
        priority: Its class.
        attempt: The number of the last attempt.
        lease: The fencing token of that attempt; the agent shows it with everything it delivers.
        task_type: What kind of work it is.
        lease_seconds: How long the lease lasts without progress.
        deduplicated: It was submitted before, under the same `dedup_key`.
    """

    task_id: str
    status: str
    agent_id: str | None
    priority: str
    attempt: int
    lease: str | None
    task_type: str
    lease_seconds: float
    deduplicated: bool = False


class BatchItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one task of a batch.

    Attributes:
        status: The HTTP status that it would have had alone.
        task: The task, when it was accepted.
        problem: Why it was not, when it was refused.
    """

    status: int
    task: TaskAnswer | None = None
    problem: Problem | None = None


class BatchResult(Answer, frozen=True, kw_only=True):
    """What became of a batch, in the order of its tasks."""

    items: list[BatchItem]
    accepted: int
    refused: int


class ExcludedAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent that a task was taken from for good.

    Attributes:
        agent_id: Who.
        attempt: Which attempt it had.
        by: Who ordered it; empty: the system by its rules.
        reason: Why.
        at: When, UTC.
        position: Where this stands in the log.
    """

    agent_id: str
    attempt: int
    by: str
    reason: str
    at: datetime
    position: int


class FleetThen(msgspec.Struct, frozen=True, kw_only=True):
    """The fleet when an attempt was given to its agent, as the event keeps it.

    Attributes:
        agents: How many agents were registered.
        with_room: How many of them were active, online and had a place left.
        considered: How many of those also met the demands, had enough of their resources left, and
            were not kept free for other tasks.
    """

    agents: int
    with_room: int
    considered: int


class PolicyFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A policy that should have chosen and could not; the default one chose in its place.

    Attributes:
        policy: Its name.
        error: What it raised, and where; or that nobody knows it.
    """

    policy: str
    error: str


class ScoredFeature(msgspec.Struct, frozen=True, kw_only=True):
    """What one feature adds to a score.

    Attributes:
        value: The feature, 0..1.
        weight: What it counts, 0..1.
        points: The product, 0..1; the points of all features add up to the score.
    """

    value: float
    weight: float
    points: float


class ScoredCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """An agent on the shortlist.

    Attributes:
        agent_id: Who.
        score: The sum of its points, 0..1.
        features: What the score is made of, by feature.
        marks: What ties it to the task: `preferred`, `specialised`, `sticky`.
        drawn: It is one of the two that chance drew, by policies that draw.
    """

    agent_id: str
    score: float
    features: dict[str, ScoredFeature]
    marks: list[str]
    drawn: bool


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Why an attempt was given to its agent.

    Attributes:
        attempt: Its number.
        agent_id: To whom.
        policy: The name of the rule that chose.
        considered: How many agents qualified and had room.
        load: The share of the agent's places in use before, 0..1.
        price: What the agent takes for it, tokens.
        assigned_at: When, UTC.
        position: Where this stands in the log.
        revision: That of the rules of assignment in force; 0: the defaults.
        seed: What chance was drawn from.
        chosen: The agent with its score; None where a former release has not recorded it.
        runner_up: Whom it was compared with last: the other one drawn, or else the next on the
            shortlist; None when it was alone on it.
        shortlist: All it was chosen from, preferred agents first, then by score.
        failure: The policy that should have chosen and failed; `policy` chose in its place.
        at_decision: How many agents were left out then; None where a former release has not
            recorded it. By which demand is not recorded.
        reward: What the attempt was promised from the reward pool then, or why it was promised
            nothing; None where no rewards were offered.
    """

    attempt: int
    agent_id: str
    policy: str
    considered: int
    load: float
    price: str
    assigned_at: datetime
    position: int
    revision: int
    seed: int
    chosen: ScoredCandidate | None
    runner_up: ScoredCandidate | None
    shortlist: list[ScoredCandidate]
    failure: PolicyFailure | None
    at_decision: FleetThen | None
    reward: ToldReward | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that keeps a task waiting.

    Attributes:
        code: Stable: `no_agents`, `no_agent_with_skill`, `no_agent_with_specialization`,
            `no_agent_with_label`, `no_agent_with_data_source`, `no_agent_with_resource`,
            `no_agent_with_tier`, `unknown_tier`, `price_above_max_cost`, `excluded`,
            `no_agent_with_all`, `not_active`, `endpoint_disabled`, `offline`, `busy`,
            `resources_in_use`, `reserved_for_others`, `max_concurrent_tasks`; of the queue:
            `not_due`, `not_waiting`, `paused`, `concurrency_limit`, `rate_limit`, `reserved`; of a
            node that gives no tasks to agents, and knows nothing else: `not_leader`.
        detail: A sentence for people.
        count: How many agents it rules out.
        facts: The figures behind it (amounts: tokens, as text; times: UTC).
        agents: Up to 20 of those agents, as examples.
    """

    code: str
    detail: str
    count: int = 0
    facts: dict[str, Any] = msgspec.field(default_factory=dict)
    agents: list[str] = msgspec.field(default_factory=list)


class Explanation(Answer, frozen=True, kw_only=True):
    """Why a task is where it is.

    Attributes:
        task_id: The task.
        status: Where it stands.
        attempt: The number of the last attempt.
        assignments: Every attempt, from the log.
        excluded: Agents that it was taken from for good, which is why it never goes to them again.
        waiting: While it waits: what keeps it from being assigned.
        filtered: Which agents such a task does not come to and why, by the fleet as it is now
            (`as_of`) and not as it was when an attempt was given away (its `position`, with
            `at_decision`); an agent may stand in several entries.
        as_of: The position of the log that `filtered` and `waiting` are true of.
    """

    task_id: str
    status: str
    attempt: int
    assignments: list[Explained]
    excluded: list[ExcludedAgent]
    waiting: list[Reason]
    filtered: list[Reason]
    as_of: int


class ProgressReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent told of its progress; what it left out is as it was.

    Attributes:
        attempt: In which attempt.
        agent_id: Who.
        percent: How far, 0..100.
        message: For people.
        partial: What there was of the result.
        log: Lines of its log since the report before.
        waiting: It waited for an answer meanwhile.
        at: When, UTC.
        position: Where this stands in the log.
    """

    attempt: int
    agent_id: str
    percent: float | None
    message: str
    partial: Any
    log: list[str]
    waiting: bool
    at: datetime
    position: int


class ProgressPage(Answer, frozen=True, kw_only=True):
    """Reports (`next_cursor`: for the next page, if there is one; `total`: when asked for).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: When asked for.
    """

    items: list[ProgressReport]
    next_cursor: str | None
    total: int | None = None
