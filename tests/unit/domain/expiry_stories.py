"""Stories of agents and tasks, as the fold of what may run out is told them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentRegistered,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.expiry import (
    Due,
    Expiry,
    Windows,
)
from aia_mas.domain.orchestration.task_events import (
    ReleaseReason,
    TaskAssigned,
    TaskInputGiven,
    TaskInputRequested,
    TaskReleased,
    TaskStarted,
    TaskStatus,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PICKUP = 10.0
OFFLINE = 15.0


def seconds(number: float) -> timedelta:
    """Return a span of time."""
    return timedelta(seconds=number)


def stored(fold: Expiry) -> list[bytes]:
    """Return a snapshot."""
    return list(at_once(fold.snapshot()))


class Story:
    """Events as they come, signs of life, and the question what is due.

    Attributes:
        fold: What is asked.
        now: The time.
        since: From when on signs of life were heard without a hole.
        seen: When each agent and each attempt was last heard of.
        leases: The lease of each task's last attempt.
    """

    def __init__(self) -> None:
        self.fold = Expiry()
        self.now = NOON
        self.since = NOON - timedelta(days=1)
        self.seen: dict[tuple[str, str], datetime] = {}
        self.leases: dict[str, str] = {}

    def after(self, span: float) -> Story:
        """Let time pass."""
        self.now += seconds(span)
        return self

    def takeover(self) -> Story:
        """Begin to lead, or to hear again, now."""
        self.since = self.now
        return self

    def heard(self, kind: str, key: str) -> Story:
        """Hear of an agent or of the last attempt at a task."""
        self.seen[kind, self.leases.get(key, key) if kind == "task" else key] = self.now
        return self

    def due(self, limit: int = 500) -> list[Due]:
        """Return what is due now."""
        windows = Windows(self.since, PICKUP, OFFLINE)
        return self.fold.due(self.now, lambda *key: self.seen.get(key), windows, limit)

    def agent(self, agent_id: str, event: Event) -> Story:
        """Apply an event of an agent."""
        self.fold.apply(f"agent/{agent_id}", event)
        return self

    def task(self, task_id: str, event: Event) -> Story:
        """Apply an event of a task."""
        self.fold.apply(f"task/{task_id}", event)
        return self

    def registered(self, agent_id: str = "a") -> Story:
        """Register an agent."""
        event = AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=self.now)
        return self.agent(agent_id, event)

    def submitted(self, task_id: str = "t", **terms: Any) -> Story:
        """Submit a task."""
        spec = TaskSpecification(task_type="x", **terms)
        return self.task(task_id, TaskSubmitted(spec=spec, submitted_at=self.now, owner="o"))

    def assigned(
        self, task_id: str = "t", agent_id: str = "a", attempt: int = 1, lease: float = 60.0
    ) -> Story:
        """Give a task to an agent."""
        self.leases[task_id] = f"{task_id}:{attempt}"
        event = TaskAssigned(
            agent_id=agent_id,
            attempt=attempt,
            lease=self.leases[task_id],
            lease_seconds=lease,
            assigned_at=self.now,
        )
        return self.task(task_id, event)

    def started(self, task_id: str = "t", agent_id: str = "a", attempt: int = 1) -> Story:
        """Take a task up."""
        event = TaskStarted(
            agent_id=agent_id, attempt=attempt, lease=f"{task_id}:{attempt}", started_at=self.now
        )
        return self.task(task_id, event)

    def asked(self, task_id: str = "t") -> Story:
        """Wait for an answer."""
        event = TaskInputRequested(agent_id="a", attempt=1, number=1, question="q", at=self.now)
        return self.task(task_id, event)

    def answered(self, task_id: str = "t") -> Story:
        """Get it."""
        event = TaskInputGiven(agent_id="a", attempt=1, number=1, by="o", at=self.now)
        return self.task(task_id, event)


def released(at: datetime) -> TaskReleased:
    """Return the end of an attempt that is followed by another."""
    return TaskReleased(
        agent_id="a",
        attempt=1,
        reason=ReleaseReason.LEASE_EXPIRED,
        outcome=TaskStatus.QUEUED,
        released_at=at,
    )
