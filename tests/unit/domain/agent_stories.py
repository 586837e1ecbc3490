"""An agent as the stories of agents begin, and what is often ordered of it."""

from datetime import UTC, datetime
from typing import Any

from aia_mas.domain.orchestration.agent_commands import (
    ActivateAgent,
    DrainAgent,
    PutAgent,
    RegisterAgent,
)
from aia_mas.domain.orchestration.agent_events import (
    AgentDrained,
    AgentRegistered,
    AgentUnregistered,
)
from aia_mas.domain.orchestration.capabilities import Capabilities

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANALYST = Capabilities(skills={"python": 0.9}, max_concurrent_tasks=3, cost_per_task=15 * 10**18)
WRITER = Capabilities(specializations=("writing",))


def registered(**changes: Any) -> AgentRegistered:
    fields = {"capabilities": ANALYST, "owner": "alice", "registered_at": NOW}
    return AgentRegistered(**{**fields, **changes})


REGISTERED = registered()
GONE = (REGISTERED, AgentUnregistered(at=NOW))


def register(**changes: Any) -> RegisterAgent:
    return RegisterAgent(**{"agent_id": "a1", "capabilities": ANALYST, **changes})


DRAIN, ACTIVATE = DrainAgent(agent_id="a1"), ActivateAgent(agent_id="a1")
PUT = PutAgent(agent_id="a1", capabilities=ANALYST)
OWN_DRAIN = AgentDrained(at=NOW, by_itself=True)
