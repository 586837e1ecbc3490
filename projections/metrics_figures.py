"""What the system metrics show; the Structs behind ``metrics_update`` and the API."""

from __future__ import annotations

from datetime import datetime

import msgspec


class AgentCounts(msgspec.Struct, frozen=True):
    """How many agents are in each status, and what they could take.

    Attributes:
        registered: All but the unregistered.
        online: Those of them whose heartbeats arrive.
        available: Those of them that are active and online.
        busy: Agents that hold a task.
        by_status: How many are in each status.
        places: Tasks that the available ones take at once.
        in_use: Tasks that they hold.
    """

    registered: int
    online: int
    available: int
    busy: int
    by_status: dict[str, int]
    places: int
    in_use: int


class TaskCounts(msgspec.Struct, frozen=True):
    """How many tasks there are.

    Attributes:
        submitted: Ever.
        queue_depth: Waiting for an agent.
        active: Held by agents.
        completed: Completed.
        failed: Ended as failed, dead or expired, and not tried again.
        failed_attempts: Attempts that failed, ever.
        released_attempts: Attempts that were taken from their agents, ever.
        retried: Tried again by hand, ever.
        success_rate: The share of the completed in both, 0..1; None: nothing has ended.
        by_status: How many are in each status.
        by_type: Figures of the kinds of tasks submitted most, at most 50.
    """

    submitted: int
    queue_depth: int
    active: int
    completed: int
    failed: int
    failed_attempts: int
    released_attempts: int
    retried: int
    success_rate: float | None
    by_status: dict[str, int]
    by_type: dict[str, TypeCounts]


class TypeCounts(msgspec.Struct, frozen=True):
    """One kind of task: how many were submitted, completed, and failed for good."""

    submitted: int
    completed: int
    failed: int


class Throughput(msgspec.Struct, frozen=True):
    """What happens per minute, over the last five."""

    events_per_minute: float
    submitted_per_minute: float
    completed_per_minute: float


class DurationFigures(msgspec.Struct, frozen=True):
    """Durations in milliseconds; percentiles are at most an eighth too large."""

    count: int
    mean: int
    p50: int
    p95: int
    p99: int
    longest: int


class Metrics(msgspec.Struct, frozen=True):
    """The system at a position of the log; what ``metrics_update`` carries.

    Attributes:
        as_of: The last event in all this.
        at: When that was recorded, UTC; None: there is none.
        agents: Agents.
        tasks: Tasks.
        throughput: What happens per minute.
        waiting: From being queued to being assigned.
        execution: From being started (or assigned) to being completed.
        total: From being submitted to being completed.
    """

    as_of: int
    at: datetime | None
    agents: AgentCounts
    tasks: TaskCounts
    throughput: Throughput
    waiting: DurationFigures
    execution: DurationFigures
    total: DurationFigures
