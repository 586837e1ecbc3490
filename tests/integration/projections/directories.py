"""Agents and what happens to them, for tests of what is shown of them."""

from typing import Any

from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import (
    ReleaseReason,
    TaskAssigned,
    TaskCompleted,
    TaskStatus,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.projections import AgentDirectory, AgentFilter

from .histories import NOW, Happening


def agent(name: str, owner: str = "owner", **capabilities: Any) -> Happening:
    able = Capabilities(**capabilities)
    return f"agent/{name}", AgentRegistered(capabilities=able, owner=owner, registered_at=NOW)


def staked(name: str, amount: int) -> Happening:
    return f"stake/{name}", StakeBonded(
        amount=amount,
        transfer_id=f"t-{name}",
        at=NOW,
        bonded=amount,
        effective=amount,
        earning=amount,
    )


def task(name: str, agent_id: str) -> list[Happening]:
    spec = TaskSpecification(task_type="t")
    lease = f"lease-{name}"
    return [
        (f"task/{name}", TaskSubmitted(spec=spec, submitted_at=NOW, owner="o")),
        (
            f"task/{name}",
            TaskAssigned(
                agent_id=agent_id, attempt=1, lease=lease, lease_seconds=9.0, assigned_at=NOW
            ),
        ),
    ]


OVER: Any = {"attempt": 1, "outcome": TaskStatus.DEAD}
REASON = ReleaseReason.LEASE_EXPIRED
MOVED = ReleaseReason.REASSIGNED


def ended(name: str, agent_id: str) -> list[Happening]:
    completed = TaskCompleted(agent_id=agent_id, attempt=1, lease=f"lease-{name}", completed_at=NOW)
    return [*task(name, agent_id), (f"task/{name}", completed)]


async def names(directory: AgentDirectory, *args: Any, **filters: Any) -> list[str]:
    page = await directory.list(AgentFilter(**filters), *args)
    return [found.agent_id for found in page.items]
