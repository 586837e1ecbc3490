"""Why a task gets no agent, in counts that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import numpy as np

from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.fleet.directory import Condition, Directory
from aia_mas.domain.orchestration.fleet.seat import Seat
from aia_mas.domain.orchestration.requirement import RequirementSignature


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that keeps a task waiting.

    Attributes:
        code: Stable: ``no_agents``, ``no_agent_with_skill``, ``no_agent_with_specialization``,
            ``no_agent_with_label``, ``no_agent_with_data_source``, ``price_above_max_cost``,
            ``excluded``, ``no_agent_with_all``, ``not_active``, ``offline``, ``busy``,
            ``max_concurrent_tasks``; of the queue: ``not_due``, ``not_waiting``, ``paused``,
            ``concurrency_limit``, ``rate_limit``.
        detail: A sentence for people.
        count: How many agents it rules out.
        facts: The figures behind it, JSON-compatible.
    """

    code: str
    detail: str
    count: int = 0
    facts: dict[str, Any] = {}


def unmet(directory: Directory, signature: RequirementSignature) -> tuple[Reason, ...]:
    """Return why no registered agent suits; empty when one does."""
    present = directory.present()
    registered = int(np.count_nonzero(present))
    if not registered:
        return (Reason(code="no_agents", detail="No agent is registered"),)
    conditions = list(directory.conditions(signature))
    everything = present.copy()
    counted: list[tuple[Condition, int]] = []
    for condition in conditions:
        counted.append((condition, int(np.count_nonzero(condition.met & present))))
        everything &= condition.met
    if everything.any():
        return ()
    impossible = [condition for condition, meeting in counted if not meeting]
    if impossible:
        return tuple(_nobody(condition, registered) for condition in impossible)
    together = Reason(
        code="no_agent_with_all",
        detail="Each demand is met by some agent, but no agent meets them all",
        count=registered,
        facts={"demands": [{**c.facts, "agents": meeting} for c, meeting in counted]},
    )
    return (together,)


def unavailable(qualified: Iterable[tuple[Seat, bool]]) -> tuple[Reason, ...]:
    """Return why none of those who suit can take the task now; empty when one can.

    Args:
        qualified: Each agent who suits, and whether it has a place left.
    """
    total = 0
    counts = {"not_active": 0, "offline": 0, "busy": 0}
    for seat, room in qualified:
        if room:
            return ()
        total += 1
        if seat.status is not AgentStatus.ACTIVE:
            counts["not_active"] += 1
        else:
            counts["busy" if seat.online else "offline"] += 1
    return tuple(
        Reason(
            code=code,
            detail=f"{count} of {total} agents who suit {_STATES[code]}",
            count=count,
            facts={"qualified": total},
        )
        for code, count in counts.items()
        if count
    )


def capped(held: int) -> Reason:
    """Return the reason that stands when the engine holds as many tasks as it may."""
    return Reason(
        code="max_concurrent_tasks",
        detail=f"As many tasks as configured are in the hands of agents: {held}",
        facts={"held": held},
    )


_STATES = {
    "not_active": "are draining or suspended",
    "offline": "are offline",
    "busy": "have no room left",
}
_DETAILS = {
    "no_agent_with_skill": "No agent has the skill {skill!r} at level {level} or above",
    "no_agent_with_specialization": "No agent is specialised in {specialization!r}",
    "no_agent_with_label": "No agent has the label {label!r} = {value!r}",
    "no_agent_with_data_source": "No agent reaches the data source {data_source!r}",
    "price_above_max_cost": "Every agent's price is above the task's max_cost",
    "excluded": "Every agent is excluded by the task",
}


def _nobody(condition: Condition, registered: int) -> Reason:
    return Reason(
        code=condition.code,
        detail=_DETAILS[condition.code].format(**condition.facts),
        count=registered,
        facts=condition.facts,
    )
