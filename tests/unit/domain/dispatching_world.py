"""A dispatcher's fold, and short words for what happens around it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aia_mas.domain.orchestration.agent_events import (
    AgentRegistered,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCompleted,
    TaskFailed,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import (
    Requirements,
    TaskSpecification,
)
from aia_mas.domain.orchestration.task_status import TaskStatus

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PLAIN = TaskSpecification(task_type="t")


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


class World:
    """A dispatcher's fold, and short words for what happens around it."""

    def __init__(self, cap: int | None = None) -> None:
        self.fold = Dispatching(cap)
        self.now = NOW

    def agent(self, agent_id: str, places: int = 1, **capabilities: Any) -> None:
        declared = Capabilities(max_concurrent_tasks=places, **capabilities)
        event = AgentRegistered(capabilities=declared, owner="o", registered_at=NOW)
        self.fold.apply(f"agent/{agent_id}", event)

    def submit(self, task_id: str, at: float = 0.0, **spec: Any) -> None:
        spec_ = TaskSpecification(**{"task_type": "t", **spec})
        event = TaskSubmitted(spec=spec_, submitted_at=after(at), owner="o")
        self.fold.apply(f"task/{task_id}", event)

    def needing(self, skill: str) -> dict[str, Any]:
        return {"requirements": Requirements(skills={skill: 0.5})}

    def plan(self, limit: int = 100) -> list[PlannedAssignment]:
        return self.fold.plan(self.now, limit)

    def planned(self, limit: int = 100) -> list[tuple[str, str]]:
        return [(each.task_id, each.agent_id) for each in self.plan(limit)]

    def assigned(self, task_id: str, agent_id: str, attempt: int = 1) -> None:
        event = TaskAssigned(
            agent_id=agent_id, attempt=attempt, lease="L", lease_seconds=1.0, assigned_at=NOW
        )
        self.fold.apply(f"task/{task_id}", event)

    def run(self) -> list[tuple[str, str]]:
        """Plan, and let every assignment get into the log."""
        planned = self.plan()
        for each in planned:
            self.assigned(each.task_id, each.agent_id, each.attempt)
        return [(each.task_id, each.agent_id) for each in planned]

    def completed(self, task_id: str) -> None:
        event = TaskCompleted(agent_id="?", attempt=1, lease="L", completed_at=NOW)
        self.fold.apply(f"task/{task_id}", event)

    def failed(self, task_id: str, outcome: TaskStatus, retry_in: float | None = None) -> None:
        event = TaskFailed(
            agent_id="?",
            attempt=1,
            error_code="e",
            retryable=True,
            retry_at=None if retry_in is None else after(retry_in),
            outcome=outcome,
            failed_at=NOW,
        )
        self.fold.apply(f"task/{task_id}", event)

    def codes(self, task_id: str) -> list[str]:
        return [reason.code for reason in self.fold.why_not(task_id, self.now)]
