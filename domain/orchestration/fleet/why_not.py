"""Why a task gets no agent, in counts that a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.amounts import Amounts, shown
from aia_mas.domain.orchestration.fleet.directory import Condition, Directory, Mask
from aia_mas.domain.orchestration.fleet.seat import Seat
from aia_mas.domain.orchestration.requirement import RequirementSignature


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that keeps a task waiting.

    Attributes:
        code: Stable: ``no_agents``, ``no_agent_with_skill``, ``no_agent_with_specialization``,
            ``no_agent_with_label``, ``no_agent_with_data_source``, ``no_agent_with_resource``,
            ``no_agent_with_tier``, ``unknown_tier``, ``price_above_max_cost``, ``excluded``,
            ``no_agent_with_all``, ``not_active``, ``offline``, ``busy``, ``resources_in_use``,
            ``reserved_for_others``, ``max_concurrent_tasks``; of the queue: ``not_due``,
            ``not_waiting``, ``paused``, ``concurrency_limit``, ``rate_limit``, ``reserved``; of a
            node that gives no tasks to agents, and knows nothing else: ``not_leader``.
        detail: A sentence for people.
        count: How many agents it rules out.
        facts: The figures behind it (amounts: tokens, as text; times: UTC).
        agents: Up to 20 of those agents, as examples.
    """

    code: str
    detail: str
    count: int = 0
    facts: dict[str, Any] = {}
    agents: tuple[str, ...] = ()


EXAMPLES = 20
"""Agents that a reason names, at most."""


class Standing(NamedTuple):
    """An agent who suits.

    Attributes:
        seat: What it is like.
        room: It could take one task more.
        left: What it has left of each of the resources that are asked for, millionths.
        kept: It could take the task, but is kept free for another one.
    """

    seat: Seat
    room: bool
    left: tuple[int, ...] = ()
    kept: bool = False


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
        return tuple(
            _nobody(condition, registered, _examples(directory, present))
            for condition in impossible
        )
    together = Reason(
        code="no_agent_with_all",
        detail="Each demand is met by some agent, but no agent meets them all",
        count=registered,
        facts={"demands": [{**c.facts, "agents": meeting} for c, meeting in counted]},
        agents=_examples(directory, present),
    )
    return (together,)


def unsuitable(directory: Directory, signature: RequirementSignature) -> tuple[Reason, ...]:
    """Return, for each demand that any registered agent does not meet, how many do not."""
    present = directory.present()
    registered = int(np.count_nonzero(present))
    found = []
    for condition in directory.conditions(signature):
        failing = present & ~condition.met
        if count := int(np.count_nonzero(failing)):
            found.append(
                Reason(
                    code=condition.code,
                    detail=f"{count} of {registered} agents do not meet this",
                    count=count,
                    facts=condition.facts,
                    agents=_examples(directory, failing),
                )
            )
    return tuple(found)


def _examples(directory: Directory, mask: Mask) -> tuple[str, ...]:
    slots = mask.nonzero()[0][:EXAMPLES].tolist()
    return tuple(directory.agent_ids[slot] for slot in slots)


def unavailable(
    without: Sequence[Standing], total: int, amounts: Amounts = ()
) -> tuple[Reason, ...]:
    """Return why agents who suit cannot take a task now.

    Args:
        without: Those who suit and have no place, or not enough of their resources, left.
        total: How many suit.
        amounts: What the task takes of its agent's resources.
    """
    names: dict[str, list[str]] = {
        "not_active": [],
        "offline": [],
        "busy": [],
        "resources_in_use": [],
        "reserved_for_others": [],
    }
    most = [0] * len(amounts)
    for seat, room, left, kept in without:
        if kept:
            code = "reserved_for_others"
        elif room:
            code = "resources_in_use"
            most = [max(pair) for pair in zip(most, left, strict=True)]
        elif seat.status is not AgentStatus.ACTIVE:
            code = "not_active"
        else:
            code = "busy" if seat.online else "offline"
        names[code].append(seat.agent_id)
    shortage = {
        "demanded": {name: shown(amount) for name, amount in amounts},
        "most_left": {name: shown(have) for (name, _), have in zip(amounts, most, strict=True)},
    }
    return tuple(
        Reason(
            code=code,
            detail=f"{len(agents)} of {total} agents who suit {_STATES[code]}",
            count=len(agents),
            facts={"qualified": total} | (shortage if code == "resources_in_use" else {}),
            agents=tuple(agents[:EXAMPLES]),
        )
        for code, agents in names.items()
        if agents
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
    "resources_in_use": "have too little of their resources left",
    "reserved_for_others": "are kept free for tasks that were passed over too often",
}
_DETAILS = {
    "no_agent_with_skill": "No agent has the skill {skill!r} at level {level} or above",
    "no_agent_with_specialization": "No agent is specialised in {specialization!r}",
    "no_agent_with_label": "No agent has the label {label!r} {op} {operand!r}",
    "no_agent_with_data_source": "No agent reaches the data source {data_source!r}",
    "no_agent_with_resource": "No agent has {amount:g} of the resource {resource!r}",
    "no_agent_with_tier": "No agent has the tier {min_tier} or a higher one",
    "unknown_tier": "No tier {min_tier} is configured any more",
    "price_above_max_cost": "Every agent's price is above the task's max_cost",
    "excluded": "Every agent is excluded by the task",
}


def _nobody(condition: Condition, registered: int, agents: tuple[str, ...]) -> Reason:
    operand = condition.facts.get("value", condition.facts.get("values"))
    return Reason(
        code=condition.code,
        detail=_DETAILS[condition.code].format(**condition.facts, operand=operand),
        count=registered,
        facts=condition.facts,
        agents=agents,
    )
