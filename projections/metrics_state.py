"""What the system metrics are made of: counters, and what is needed to keep them right."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.projections.durations import Durations
from aia_mas.projections.metrics_rollup import RollUp
from aia_mas.projections.metrics_windows import Recent, Totals

TYPES_KEPT = 1_000
"""Kinds of tasks that are counted by themselves; the others share ``OTHER_TYPES``."""
OTHER_TYPES = "(other)"
ENDED_KEPT = 100_000
"""Tasks that ended without success whose status is known, so that a retry takes them back."""


class AgentFigures(msgspec.Struct, array_like=True, gc=False):
    """One agent, and how its attempts ended (``lost``: taken from it while they ran).

    Where its endpoint is disabled it is ``cut_off``.
    """

    status: AgentStatus = AgentStatus.ACTIVE
    online: bool = True
    places: int = 1
    active: int = 0
    completed: int = 0
    failed: int = 0
    lost: int = 0
    cut_off: bool = False

    @property
    def available(self) -> bool:
        """Whether it may get work, if it has room."""
        return self.online and self.status is AgentStatus.ACTIVE and not self.cut_off


class FleetFigures:
    """All agents, counted; not stored, but counted anew from the agents.

    Attributes:
        by_status: How many are in each status.
        registered: All but the unregistered.
        online: Those of them whose heartbeats arrive.
        available: Those of them that are active and online, and whose endpoint is not disabled.
        with_room: Those of the available ones that hold fewer tasks than they take at once.
        busy: Agents that hold a task.
        places: Tasks that the available ones take at once.
        in_use: Tasks that they hold.
    """

    def __init__(self) -> None:
        """Begin without any."""
        self.by_status = dict.fromkeys(AgentStatus, 0)
        self.registered = self.online = self.available = self.with_room = self.busy = 0
        self.places = self.in_use = 0

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
        if agent.available:
            self.available += sign
            if agent.active < agent.places:
                self.with_room += sign
            self.places += sign * agent.places
            self.in_use += sign * agent.active

    def load(self, agent: AgentFigures, change: int) -> None:
        """Let an agent that is counted take (1) or give back (-1) a task."""
        before = agent.active
        agent.active = before + change
        self.busy += (agent.active > 0) - (before > 0)
        if agent.available:
            self.in_use += change
            self.with_room += (agent.active < agent.places) - (before < agent.places)


class OpenTask(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A task that has not ended (times in milliseconds since 1970).

    It waits since ``waiting_since``: for an agent, or its agent for an answer.
    """

    status: TaskStatus
    task_type: str
    priority: Priority
    submitted: int
    waiting_since: int
    begun: int

    def began(self, at: int) -> int:
        """Return when the work began, later by the time that it waits for an answer."""
        if self.status is TaskStatus.INPUT_REQUIRED:
            return self.begun + max(at - self.waiting_since, 0)
        return self.begun


class EndedTask(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A task that ended without success."""

    status: TaskStatus
    task_type: str
    priority: Priority


class TypeFigures(msgspec.Struct, array_like=True, gc=False):
    """One kind of task."""

    submitted: int = 0
    completed: int = 0
    failed: int = 0


class MetricsState(msgspec.Struct):
    """All that the fold knows.

    Attributes:
        position: The last event in it.
        at: When that was recorded, milliseconds since 1970.
        events: How many events there were.
        standing: How many tasks of each priority stand in each status.
        submitted: Tasks, ever.
        failures: Attempts that failed, ever.
        releases: Attempts that were taken from their agents, ever.
        requeues: Attempts after which the task was queued again, ever.
        retries: Tasks that were tried again by hand, ever.
        lost: Tasks that ended as failed, dead or expired, ever.
        agents: Every agent that ever registered.
        tasks: Those that have not ended, by their streams.
        ended: The last ones that ended without success, likewise.
        types: Figures by kind.
        waiting: From being queued to being assigned.
        execution: From being started (or assigned) to being completed.
        total: From being submitted to being completed.
        marks: The totals of the last quarter of an hour, see ``metrics_windows``.
        recent: The durations of the last quarter of an hour, minute by minute, without the current.
        minutes: The last day.
        hours: The last month.
        days: The last year.
    """

    position: int = 0
    at: int = 0
    events: int = 0
    standing: dict[Priority, dict[TaskStatus, int]] = msgspec.field(
        default_factory=lambda: {each: dict.fromkeys(TaskStatus, 0) for each in Priority}
    )
    submitted: int = 0
    failures: int = 0
    releases: int = 0
    requeues: int = 0
    retries: int = 0
    lost: int = 0
    agents: dict[str, AgentFigures] = {}
    tasks: dict[str, OpenTask] = {}
    ended: dict[str, EndedTask] = {}
    types: dict[str, TypeFigures] = {}
    waiting: Durations = msgspec.field(default_factory=Durations)
    execution: Durations = msgspec.field(default_factory=Durations)
    total: Durations = msgspec.field(default_factory=Durations)
    marks: list[Totals] = []
    recent: list[Recent] = []
    minutes: RollUp = msgspec.field(default_factory=RollUp)
    hours: RollUp = msgspec.field(default_factory=RollUp)
    days: RollUp = msgspec.field(default_factory=RollUp)

    @property
    def rollups(self) -> tuple[RollUp, RollUp, RollUp]:
        """The minutes, hours and days."""
        return self.minutes, self.hours, self.days

    def standing_in(self, statuses: Iterable[TaskStatus]) -> int:
        """Return how many tasks of any priority stand in one of some statuses."""
        counts = self.standing.values()
        return sum(each[status] for status in statuses for each in counts)

    def totals(self) -> Totals:
        """Return how much there ever was."""
        completed = self.standing_in((TaskStatus.COMPLETED,))  # these stay completed
        return Totals(self.at, self.events, self.submitted, completed, self.lost)
