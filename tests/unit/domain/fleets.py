"""Fleets to ask questions of, and short words for what happens to their agents."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.fleet import Fleet
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.scoring.rules import AssignmentRules, AssignmentRulesChanged
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskCompleted
from aia_mas.domain.orchestration.task_specification import Requirements

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ANYONE = signature_of("t", Requirements())


def registered(**capabilities: Any) -> AgentRegistered:
    return AgentRegistered(capabilities=Capabilities(**capabilities), owner="o", registered_at=NOW)


def fleet_of(cap: int | None = None, policy: str = "scored", **agents: dict[str, Any]) -> Fleet:
    fleet = Fleet(cap)
    rules = AssignmentRules(revision=1, default=policy)
    fleet.apply("assignment/rules", AssignmentRulesChanged(rules=rules, by="o", at=NOW))
    for agent_id, capabilities in agents.items():
        fleet.apply(f"agent/{agent_id}", registered(**capabilities))
    return fleet


def assign(fleet: Fleet, task_id: str, agent_id: str) -> None:
    fleet.apply(
        f"task/{task_id}",
        TaskAssigned(agent_id=agent_id, attempt=1, lease="L", lease_seconds=1.0, assigned_at=NOW),
    )


def complete(fleet: Fleet, task_id: str) -> None:
    fleet.apply(
        f"task/{task_id}", TaskCompleted(agent_id="?", attempt=1, lease="L", completed_at=NOW)
    )


def picks(fleet: Fleet, signature: Any = ANYONE, count: int = 100) -> list[str]:
    """Pick and reserve until nobody has room."""
    found: list[str] = []
    while len(found) < count and (pick := fleet.pick(signature)) is not None:
        fleet.reserve(f"p{len(found)}", pick.agent_id)
        found.append(pick.agent_id)
    return found


def held_by(fleet: Fleet) -> defaultdict[str, set[str]]:
    """Return, by agent, the ids of the tasks that it holds by the log."""
    snapshot = at_once(fleet.snapshot())
    held: defaultdict[str, set[str]] = defaultdict(set)
    for task_id, slot in snapshot.holders:
        held[snapshot.seats[slot].agent_id].add(task_id)
    return held
