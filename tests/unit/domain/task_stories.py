"""What can have happened to a task, in short words, for its tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from aia_mas.domain.orchestration.agent_events import (
    AgentRegistered,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_commands import (
    AssignTask,
)
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
    TaskResultRefused,
    TaskStarted,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import (
    TaskSpecification,
)
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PLAIN = TaskSpecification(task_type="analysis", max_attempts=2)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def submitted(**spec: Any) -> TaskSubmitted:
    fields = {"task_type": "analysis", "max_attempts": 2, **spec}
    return TaskSubmitted(spec=TaskSpecification(**fields), submitted_at=NOW, owner="alice")


def assigned(attempt: int = 1, agent_id: str = "a1") -> TaskAssigned:
    return TaskAssigned(
        agent_id=agent_id,
        attempt=attempt,
        lease=f"L{attempt}",
        lease_seconds=60.0,
        assigned_at=NOW,
        price=7,
    )


def started(attempt: int = 1, agent_id: str = "a1") -> TaskStarted:
    return TaskStarted(agent_id=agent_id, attempt=attempt, lease=f"L{attempt}", started_at=NOW)


def completed(**changes: Any) -> TaskCompleted:
    fields = {"agent_id": "a1", "attempt": 1, "lease": "L1", "completed_at": NOW}
    return TaskCompleted(**{**fields, **changes})


def failed(attempt: int = 1, *, retry_in: float | None = 1.0, **changes: Any) -> TaskFailed:
    fields = {
        "agent_id": "a1",
        "attempt": attempt,
        "error_code": "failed",
        "retryable": True,
        "retry_at": None if retry_in is None else after(retry_in),
        "outcome": TaskStatus.QUEUED,
        "failed_at": NOW,
    }
    return TaskFailed(**{**fields, **changes})


def released(attempt: int = 1, *, retry_in: float | None = None, **changes: Any) -> TaskReleased:
    fields = {
        "agent_id": "a1",
        "attempt": attempt,
        "reason": ReleaseReason.AGENT_OFFLINE,
        "retry_at": None if retry_in is None else after(retry_in),
        "outcome": TaskStatus.QUEUED,
        "released_at": NOW,
    }
    return TaskReleased(**{**fields, **changes})


def refused(lease: str, action: str, agent_id: str = "a1") -> TaskResultRefused:
    return TaskResultRefused(
        agent_id=agent_id, lease=lease, action=action, reason="stale_lease", at=NOW
    )


SUBMITTED, ASSIGNED, STARTED = submitted(), assigned(), started()
RUNNING = (SUBMITTED, ASSIGNED, STARTED)
REGISTERED = AgentRegistered(capabilities=Capabilities(), owner="bob", registered_at=NOW)
FINISHED = {
    "completed": (*RUNNING, completed()),
    "failed": (*RUNNING, failed(retry_in=None, retryable=False, outcome=TaskStatus.FAILED)),
    "dead": (*RUNNING, failed(retry_in=None, outcome=TaskStatus.DEAD)),
    "cancelled": (SUBMITTED, TaskCancelled(by="alice", at=NOW)),
    "expired": (submitted(deadline=LATER), TaskExpired(at=LATER)),
}


def act(kind: type, lease: str = "L1", agent_id: str = "a1", **changes: Any) -> Any:
    return kind(task_id="t1", agent_id=agent_id, lease=lease, **changes)


def assign(attempt: int = 1, **changes: Any) -> AssignTask:
    fields = {"task_id": "t1", "agent_id": "a1", "lease": f"L{attempt}", "price": 7}
    return AssignTask(**{**fields, "attempt": attempt, "lease_seconds": 60.0, **changes})
