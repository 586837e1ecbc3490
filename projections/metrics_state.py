"""What the system metrics are made of: counters, and what is needed to keep them right."""

from __future__ import annotations

import msgspec

from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.task_events import TaskStatus
from aia_mas.projections.durations import Durations

MINUTE, HOUR = 60_000, 3_600_000
"""Milliseconds."""
MINUTES_KEPT = 24 * 60
HOURS_KEPT = 31 * 24
TYPES_KEPT = 1_000
"""Kinds of tasks that are counted by themselves; the others share ``OTHER_TYPES``."""
OTHER_TYPES = "(other)"
ENDED_KEPT = 100_000
"""Tasks that ended without success whose status is known, so that a retry takes them back."""


class AgentFigures(msgspec.Struct, array_like=True, gc=False):
    """One agent (durations in milliseconds, ``quality`` in millionths, both summed up)."""

    status: AgentStatus = AgentStatus.ACTIVE
    online: bool = True
    places: int = 1
    active: int = 0
    assigned: int = 0
    completed: int = 0
    failed: int = 0
    released: int = 0
    worked: int = 0
    quality: int = 0
    rated: int = 0


class FleetFigures:
    """All agents, counted; not stored, but counted anew from the agents.

    Attributes:
        by_status: How many are in each status.
        registered: All but the unregistered.
        online: Those of them whose heartbeats arrive.
        available: Those of them that are active and online.
        busy: Agents that hold a task.
        places: Tasks that the available ones take at once.
        in_use: Tasks that they hold.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.by_status = dict.fromkeys(AgentStatus, 0)
        self.registered = self.online = self.available = self.busy = self.places = self.in_use = 0

    def count(self, agent: AgentFigures, sign: int) -> None:
        """Count an agent in (1) or out (-1)."""
        self.by_status[agent.status] += sign
        if agent.active:
            self.busy += sign
        if agent.status is AgentStatus.UNREGISTERED:
            return
        self.registered += sign
        if agent.online:
            self.online += sign
            if agent.status is AgentStatus.ACTIVE:
                self.available += sign
                self.places += sign * agent.places
                self.in_use += sign * agent.active

    def load(self, agent: AgentFigures, change: int) -> None:
        """Let an agent that is counted take (1) or give back (-1) a task."""
        before = agent.active
        agent.active = before + change
        self.busy += (agent.active > 0) - (before > 0)
        if agent.online and agent.status is AgentStatus.ACTIVE:
            self.in_use += change


class OpenTask(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A task that has not ended (times in milliseconds since 1970).

    It waits since ``waiting_since``: for an agent, or its agent for an answer.
    """

    status: TaskStatus
    task_type: str
    submitted: int
    waiting_since: int
    begun: int


class TypeFigures(msgspec.Struct, array_like=True, gc=False):
    """One kind of task."""

    submitted: int = 0
    completed: int = 0
    failed: int = 0


class Bucket(msgspec.Struct, array_like=True, gc=False):
    """What happened within a minute or an hour, and how things stood at its end.

    ``start`` is in milliseconds since 1970; ``waited`` and ``worked`` are sums of milliseconds over
    ``assigned`` and ``completed``.
    """

    start: int
    events: int = 0
    submitted: int = 0
    assigned: int = 0
    completed: int = 0
    failed: int = 0
    released: int = 0
    cancelled: int = 0
    expired: int = 0
    waited: int = 0
    worked: int = 0
    queued: int = 0
    held: int = 0
    agents: int = 0
    online: int = 0

    def include(self, later: Bucket) -> None:
        """Add what happened in a later bucket, and stand as it does at its end."""
        for name in _FLOWS:
            setattr(self, name, getattr(self, name) + getattr(later, name))
        for name in LEVELS:
            setattr(self, name, getattr(later, name))


LEVELS = ("queued", "held", "agents", "online")
_FLOWS = tuple(name for name in Bucket.__struct_fields__ if name not in {"start", *LEVELS})


class MetricsState(msgspec.Struct):
    """All that the fold knows.

    Attributes:
        position: The last event in it.
        at: When that was recorded, milliseconds since 1970.
        events: How many events there were.
        statuses: How many tasks stand in each status.
        submitted: Tasks, ever.
        failures: Attempts that failed, ever.
        releases: Attempts that were taken from their agents, ever.
        retries: Tasks that were tried again by hand, ever.
        agents: Every agent that ever registered.
        tasks: Those that have not ended, by their streams.
        ended: The last ones that ended without success, and how, likewise.
        types: Figures by kind.
        waiting: From being queued to being assigned.
        execution: From being started (or assigned) to being completed.
        total: From being submitted to being completed.
        minutes: The last day, oldest first; minutes without events are left out.
        hours: The last month before that, likewise.
    """

    position: int = 0
    at: int = 0
    events: int = 0
    statuses: dict[TaskStatus, int] = msgspec.field(
        default_factory=lambda: dict.fromkeys(TaskStatus, 0)
    )
    submitted: int = 0
    failures: int = 0
    releases: int = 0
    retries: int = 0
    agents: dict[str, AgentFigures] = {}
    tasks: dict[str, OpenTask] = {}
    ended: dict[str, TaskStatus] = {}
    types: dict[str, TypeFigures] = {}
    waiting: Durations = msgspec.field(default_factory=Durations)
    execution: Durations = msgspec.field(default_factory=Durations)
    total: Durations = msgspec.field(default_factory=Durations)
    minutes: list[Bucket] = []
    hours: list[Bucket] = []
