"""Why a task gets no agent, in counts that a person can act on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np

from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.amounts import Amounts, shown
from aia_mas.domain.orchestration.fleet.directory import Condition, Directory, Mask
from aia_mas.domain.orchestration.requirement import RequirementSignature


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that keeps a task waiting.

    Attributes:
        code: Stable: ``no_agents``, ``no_agent_with_skill``, ``no_agent_with_specialization``,
            ``no_agent_with_label``, ``no_agent_with_data_source``, ``no_agent_with_resource``,
            ``no_agent_with_tier``, ``unknown_tier``, ``price_above_max_cost``, ``excluded``,
            ``no_agent_with_all``, ``not_active``, ``endpoint_disabled``, ``offline``, ``busy``,
            ``resources_in_use``, ``reserved_for_others``, ``max_concurrent_tasks``; of the queue:
            ``not_due``, ``not_waiting``, ``paused``, ``concurrency_limit``, ``rate_limit``,
            ``reserved``; of a node that gives no tasks to agents, and knows nothing else:
            ``not_leader``.
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


class Group(NamedTuple):
    """Agents who suit and cannot take a task now, all for the same reason.

    Attributes:
        code: The reason.
        size: How many they are.
        examples: Some of them, ``EXAMPLES`` at most.
        most: The most that any of them has left of each resource asked for, millionths.
    """

    code: str
    size: int
    examples: tuple[str, ...]
    most: tuple[int, ...] = ()


def unmet(directory: Directory, signature: RequirementSignature) -> tuple[Reason, ...]:
    """Return why no registered agent suits; empty when one does."""
    present = directory.present()
    registered = int(np.count_nonzero(present))
    if not registered:
        return (Reason(code="no_agents", detail="No agent is registered"),)
    conditions = list(directory.conditions(signature))
    failed = np.zeros(present.size, dtype=np.int32)
    for condition in conditions:
        failed += ~condition.met
    if (present & (failed == 0)).any():
        return ()
    impossible = [each for each in conditions if not (each.met & present).any()]
    if impossible:
        return tuple(
            _nobody(condition, registered, _examples(directory, present))
            for condition in impossible
        )
    # Who fails one demand meets all others.
    nearly = present & (failed == 1)
    together = Reason(
        code="no_agent_with_all",
        detail="Each demand is met by some agent, but no agent meets them all",
        count=registered,
        facts={"demands": [_demand(each, present, nearly) for each in conditions]},
        agents=_examples(directory, present),
    )
    return (*_all_but_one(directory, conditions, nearly), together)


def _demand(condition: Condition, present: Mask, nearly: Mask) -> dict[str, Any]:
    """Return a demand, how many agents meet it, and how many meet all others and not this one."""
    meeting = int(np.count_nonzero(condition.met & present))
    only_this = int(np.count_nonzero(nearly & ~condition.met))
    return {**condition.facts, "agents": meeting, "only_this_unmet": only_this}


def _all_but_one(
    directory: Directory, conditions: Iterable[Condition], nearly: Mask
) -> Iterator[Reason]:
    """Yield the terms of the task that alone keep it from somebody.

    What agents are able to do is no such term: many lack the one skill that is asked for.
    """
    for condition in conditions:
        only_this = nearly & ~condition.met
        if condition.code not in _TERMS or not (count := int(np.count_nonzero(only_this))):
            continue
        facts = condition.facts
        if condition.code == "price_above_max_cost":
            facts = {**facts, "lowest_price": to_text(directory.lowest_price(only_this))}
        who = "1 agent meets" if count == 1 else f"{count} agents meet"
        yield Reason(
            code=condition.code,
            detail=f"{who} all other demands, but {_TERMS[condition.code].format(**facts)}",
            count=count,
            facts=facts,
            agents=_examples(directory, only_this),
        )


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


def unavailable(groups: Iterable[Group], total: int, amounts: Amounts = ()) -> tuple[Reason, ...]:
    """Return why agents who suit cannot take a task now.

    Args:
        groups: Those who suit and have no place, or not enough of their resources, left.
        total: How many suit.
        amounts: What the task takes of its agent's resources.
    """
    return tuple(
        Reason(
            code=group.code,
            detail=f"{group.size} of {total} agents who suit {_STATES[group.code]}",
            count=group.size,
            facts={"qualified": total} | _shortage(group, amounts),
            agents=group.examples,
        )
        for group in groups
        if group.size
    )


def _shortage(group: Group, amounts: Amounts) -> dict[str, Any]:
    if group.code != "resources_in_use":
        return {}
    most = zip(amounts, group.most, strict=True)
    return {
        "demanded": {name: shown(amount) for name, amount in amounts},
        "most_left": {name: shown(have) for (name, _), have in most},
    }


def capped(held: int) -> Reason:
    """Return the reason that stands when the engine holds as many tasks as it may."""
    return Reason(
        code="max_concurrent_tasks",
        detail=f"As many tasks as configured are in the hands of agents: {held}",
        facts={"held": held},
    )


_STATES = {
    "not_active": "are draining or suspended",
    "endpoint_disabled": "have endpoints that are disabled",
    "offline": "are offline",
    "busy": "have no room left",
    "resources_in_use": "have too little of their resources left",
    "reserved_for_others": "are kept free for tasks that were passed over too often",
}
_TERMS = {
    "no_agent_with_data_source": "not the data source {data_source!r}",
    "no_agent_with_tier": "not the tier {min_tier} or a higher one",
    "price_above_max_cost": "not for {max_cost}: the lowest price is {lowest_price}",
    "excluded": "the task excludes whoever does",
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
