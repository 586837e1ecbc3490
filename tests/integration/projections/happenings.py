"""Events of agents and tasks, as plain as can be."""

from typing import Any

from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskCompleted, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import TaskSpecification

from .histories import NOW


def registered(**capabilities: Any) -> AgentRegistered:
    return AgentRegistered(
        capabilities=Capabilities(**capabilities), owner="owner", registered_at=NOW
    )


def submitted(description: str = "") -> TaskSubmitted:
    spec = TaskSpecification(task_type="analysis", description=description)
    return TaskSubmitted(spec=spec, submitted_at=NOW, owner="owner")


def assigned(agent_id: str, lease: str = "lease") -> TaskAssigned:
    return TaskAssigned(
        agent_id=agent_id, attempt=1, lease=lease, lease_seconds=60.0, assigned_at=NOW
    )


def completed(agent_id: str) -> TaskCompleted:
    return TaskCompleted(agent_id=agent_id, attempt=1, lease="lease", completed_at=NOW)
