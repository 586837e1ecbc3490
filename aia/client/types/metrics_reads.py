# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about metrics reads."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer


class AgentCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many agents are in each status, and what they could take.

    Attributes:
        registered: All but the unregistered.
        online: Those of them whose heartbeats arrive.
        available: Those of them that are active and online, whether or not they have room.
        with_room: Those of the available ones that hold fewer tasks than they take at once.
        busy: Agents that hold a task.
        by_status: How many are in each status.
        places: Tasks that the available ones take at once.
        in_use: Tasks that they hold.
        utilization: The share of the places that is in use, 0..1, or more while agents hold what
            they no longer have places for; None: there are no places.
    """

    registered: int
    online: int
    available: int
    with_room: int
    busy: int
    by_status: dict[str, int]
    places: int
    in_use: int
    utilization: float | None


class AgentRank(msgspec.Struct, frozen=True, kw_only=True):
    """An agent among the best or the worst.

    Attributes:
        agent_id: Its id.
        finished: Its attempts that are over: completed, failed or lost.
        success_rate: The share of the completed in them, 0..1.
    """

    agent_id: str
    finished: int
    success_rate: float


class DurationFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How long something took, in milliseconds.

    Attributes:
        count: Of how many this is.
        mean: Milliseconds.
        p50: What half of them did not exceed, milliseconds; at most an eighth too large.
        p95: What 95 % of them did not exceed, milliseconds; at most an eighth too large.
        p99: What 99 % of them did not exceed, milliseconds; at most an eighth too large.
        longest: The longest one, milliseconds.
    """

    count: int
    mean: int
    p50: int
    p95: int
    p99: int
    longest: int


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """How far a read model, or what a process decides on, is behind the log as this node knows it.

    Attributes:
        name: What people call it.
        kind: `table`, `view` or `process`, as in `mas projections status`.
        position: The last position in it.
        events: How many events it is behind.
        seconds: For how long the first of them has been recorded (or known to be); 0: there is
            none.
    """

    name: str
    kind: str
    position: int
    events: int
    seconds: float


class TypeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of task: how many were submitted, completed, and failed for good."""

    submitted: int
    completed: int
    failed: int


class TaskCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks there are.

    Attributes:
        submitted: Ever.
        queue_depth: Waiting for an agent.
        active: Held by agents.
        completed: Completed.
        failed: Ended as failed, dead or expired, and not tried again.
        dead: Those of them that had no attempts left.
        failed_attempts: Attempts that failed, ever.
        released_attempts: Attempts that were taken from their agents, ever.
        requeued_attempts: Those of both after which the task was queued again, ever.
        retried: Tried again by hand, ever.
        success_rate: The share of the completed in both, 0..1; None: nothing has ended.
        by_status: How many are in each status.
        by_priority: The same for each priority.
        by_type: Figures of the kinds of tasks submitted most, at most 50.
    """

    submitted: int
    queue_depth: int
    active: int
    completed: int
    failed: int
    dead: int
    failed_attempts: int
    released_attempts: int
    requeued_attempts: int
    retried: int
    success_rate: float | None
    by_status: dict[str, int]
    by_priority: dict[str, dict[str, int]]
    by_type: dict[str, TypeCounts]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in the last minutes.

    Attributes:
        submitted: Tasks submitted.
        completed: Tasks completed.
        failed: Tasks that ended as failed, dead or expired.
        submitted_per_minute: The same per minute .
        completed_per_minute: ... and so on .
        failed_per_minute: ... and so on.
    """

    submitted: int
    completed: int
    failed: int
    submitted_per_minute: float
    completed_per_minute: float
    failed_per_minute: float


class Throughput(msgspec.Struct, frozen=True, kw_only=True):
    """What happens per minute, over the last five; and over one, five and fifteen minutes.

    Attributes:
        events_per_minute: Events.
        submitted_per_minute: Tasks submitted.
        completed_per_minute: Tasks completed.
        failed_per_minute: Tasks that ended as failed, dead or expired.
        windows: Figures of the last `1m`, `5m` and `15m`.
    """

    events_per_minute: float
    submitted_per_minute: float
    completed_per_minute: float
    failed_per_minute: float
    windows: dict[str, Window]


class Metrics(Answer, frozen=True, kw_only=True):
    """The system at a position of the log; what `metrics_update` carries.

    Attributes:
        as_of: The last event in all this.
        at: When that was recorded, UTC; None: there is none.
        agents: Agents.
        tasks: Tasks.
        throughput: What happens per minute.
        waiting: From being queued to being assigned.
        execution: From being started (or assigned) to being completed.
        total: From being submitted to being completed.
        recent_waiting: As `waiting`, of the last fifteen minutes only, the current one included.
        recent_execution: As `execution`, likewise.
        top_agents: The registered agents with the highest share of completed attempts, at most 10,
            the best first; only those with at least 10 attempts that are over.
        bottom_agents: Those with the lowest, likewise, the worst first; with few agents, the same.
        lag: Read models and what processes decide on, on this node.
    """

    as_of: int
    at: datetime | None
    agents: AgentCounts
    tasks: TaskCounts
    throughput: Throughput
    waiting: DurationFigures
    execution: DurationFigures
    total: DurationFigures
    recent_waiting: DurationFigures
    recent_execution: DurationFigures
    top_agents: list[AgentRank]
    bottom_agents: list[AgentRank]
    lag: list[Lag] = msgspec.field(default_factory=list)


class MetricsPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What happened within one step, and how things stood at its end.

    Attributes:
        at: Its beginning, UTC.
        events: Events recorded.
        submitted: Tasks submitted.
        assigned: Attempts given to agents.
        completed: Tasks completed.
        failed: Attempts that failed.
        released: Attempts taken from their agents.
        requeued: Those of both after which the task was queued again.
        cancelled: Tasks cancelled.
        expired: Tasks expired.
        dead: Tasks that had no attempts left.
        mean_wait_ms: From queued to assigned, milliseconds; None: nothing was assigned.
        p95_wait_ms: What 95 % of these did not exceed; for a step of several minutes, hours or
            days it is the largest one of theirs.
        mean_execution_ms: From start to completion, milliseconds; None: nothing was completed.
        p95_execution_ms: As above.
        queue_depth: Tasks waiting at its end.
        active_tasks: Tasks held by agents at its end.
        agents: Agents registered at its end.
        agents_online: Those of them that were online.
        places: Tasks that the available agents took at once, at its end.
        places_in_use: Tasks that they held.
    """

    at: datetime
    events: int
    submitted: int
    assigned: int
    completed: int
    failed: int
    released: int
    requeued: int
    cancelled: int
    expired: int
    dead: int
    mean_wait_ms: int | None
    p95_wait_ms: int | None
    mean_execution_ms: int | None
    p95_execution_ms: int | None
    queue_depth: int
    active_tasks: int
    agents: int
    agents_online: int
    places: int
    places_in_use: int


class MetricsHistory(Answer, frozen=True, kw_only=True):
    """How the figures changed over time.

    Attributes:
        step_seconds: From point to point.
        items: One point for every step, without gaps, the oldest first. They begin at multiples of
            the step since 1970, UTC; the last one need not be over.
        as_of: The last position in it.
    """

    step_seconds: int
    items: list[MetricsPoint]
    as_of: int
