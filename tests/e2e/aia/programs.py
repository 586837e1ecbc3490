"""What programs that hold a system say: of their agents, and of tasks for them."""

from typing import Any

from aia.agents.multi_agent_system import AgentCapabilities, TaskSpecification

OFTEN: dict[str, Any] = {"orchestration": {"heartbeat_interval": 1, "max_agents": 20}}


def capabilities(agent_id: str, **fields: Any) -> AgentCapabilities:
    """An agent with a skill that nobody else has."""
    return AgentCapabilities(agent_id=agent_id, **{"skills": {agent_id: 0.9}, **fields})


def task_for(agent_id: str, **fields: Any) -> TaskSpecification:
    """A task that only one agent can do."""
    return TaskSpecification(task_type="work", requirements={"skills": [agent_id]}, **fields)
