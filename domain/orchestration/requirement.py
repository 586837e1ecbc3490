"""What a task asks of an agent, as a key: tasks with equal keys suit the same agents.

How an agent suits is one number, the lower the better: 0 is not at all; then come the groups
``PREFERRED``, ``SPECIALISED`` and ``FIT``, each divided by how many of the preferred labels are
missing. Without preferred labels it is the group itself.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from aia_mas.domain.orchestration.amounts import Amounts, had, taken
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.labels import (
    MAX_PREFERRED_LABELS,
    LabelCondition,
    conditions_of,
    meets,
)
from aia_mas.domain.orchestration.task_specification import Requirements
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers

UNFIT, PREFERRED, SPECIALISED, FIT = 0, 1, 2, 3
"""How an agent suits: not at all, or in this order of who goes first."""

N = TypeVar("N", bound=Any)
"""A number, or an array of numbers."""


class RequirementSignature(
    msgspec.Struct, frozen=True, cache_hash=True, weakref=True, array_like=True
):
    """The hashable form of a task's demands; all tuples are sorted.

    Attributes:
        task_type: The kind of work; agents specialised in it are favoured.
        skills: Skill names, each with its least level, 0..1.
        specializations: Names that must all be declared.
        labels: Conditions that must all be met.
        data_sources: Names that must all be declared by an agent that declares any.
        max_cost: The highest price, base units; None: any.
        preferred: Agents that go first.
        excluded: Agents that never get it.
        preferred_labels: Conditions; the more are met, the earlier an agent of a group comes.
        resources: What it takes of the agent's resources; nobody suits who has less in all.
        min_tier: The lowest staking tier; None: none is needed.
    """

    task_type: str
    skills: tuple[tuple[str, float], ...] = ()
    specializations: tuple[str, ...] = ()
    labels: tuple[LabelCondition, ...] = ()
    data_sources: tuple[str, ...] = ()
    max_cost: int | None = None
    preferred: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    preferred_labels: tuple[LabelCondition, ...] = ()
    resources: Amounts = ()
    min_tier: str | None = None


def signature_of(
    task_type: str, requirements: Requirements, max_cost: int | None = None
) -> RequirementSignature:
    """Return the key of a task's demands; the order in which they were written does not matter."""
    labels: tuple[LabelCondition, ...] = ()
    preferred_labels: tuple[LabelCondition, ...] = ()
    if requirements.labels:  # mostly there are none, and every task comes by here
        asked = conditions_of(requirements.labels)
        labels = tuple(each for each in asked if not each.preferred)
        if len(labels) < len(asked):
            preferred_labels = tuple(each for each in asked if each.preferred)
    return RequirementSignature(
        task_type,
        tuple(sorted(requirements.skills.items())),
        _sorted(requirements.specializations),
        labels,
        _sorted(requirements.data_sources),
        max_cost,
        _sorted(requirements.preferred_agents),
        _sorted(requirements.excluded_agents),
        preferred_labels[:MAX_PREFERRED_LABELS],
        taken(requirements.resources) if requirements.resources else (),
        requirements.min_tier,
    )


def without(signature: RequirementSignature, agent_id: str) -> RequirementSignature:
    """Return the same demands, which this agent does not suit."""
    return replace(signature, excluded=_sorted((*signature.excluded, agent_id)))


def suitability(
    signature: RequirementSignature,
    agent_id: str,
    capabilities: Capabilities,
    tier: int = 0,
    tiers: Tiers = DEFAULT_TIERS,
) -> int:
    """Tell how one agent suits, whatever it holds: ``UNFIT``, or the lower the better.

    This is the rule itself; the fleet holds an equal one for many agents at once.

    Args:
        signature: What is asked.
        agent_id: Of whom.
        capabilities: What it declares.
        tier: The rank of its staking tier, 0 for none.
        tiers: Those that there are; nobody has another one.
    """
    specializations = capabilities.specializations
    for name, level in signature.skills:
        held = capabilities.skills.get(name)
        if held is None:
            if level > 0.0 or name not in specializations:
                return UNFIT
        elif held < level:
            return UNFIT
    if signature.max_cost is not None and capabilities.cost_per_task > signature.max_cost:
        return UNFIT
    if signature.min_tier is not None:
        needed = tiers.rank_of(signature.min_tier)
        if needed is None or tier < needed:
            return UNFIT
    if any(name not in specializations for name in signature.specializations):
        return UNFIT
    if not all(meets(condition, capabilities.labels) for condition in signature.labels):
        return UNFIT
    if capabilities.data_sources and any(
        source not in capabilities.data_sources for source in signature.data_sources
    ):
        return UNFIT
    resources = capabilities.resources
    if any(had(resources.get(name, 0.0)) < amount for name, amount in signature.resources):
        return UNFIT
    if agent_id in signature.excluded:
        return UNFIT
    if agent_id in signature.preferred:
        group = PREFERRED
    else:
        group = SPECIALISED if signature.task_type in specializations else FIT
    wanted = signature.preferred_labels
    missing = sum(not meets(condition, capabilities.labels) for condition in wanted)
    return graded(signature, group, missing)


def graded(signature: RequirementSignature, group: N, missing: N) -> N:
    """Return how an agent of a group suits that lacks some of the preferred labels.

    Both may also be arrays of 8 bits, for many agents at once.
    """
    result: N = (group - PREFERRED) * (len(signature.preferred_labels) + 1) + missing + PREFERRED
    return result


def grade_of(signature: RequirementSignature, suits: int) -> tuple[int, int]:
    """Return the group of a suitability, and how many of the preferred labels are met."""
    if suits == UNFIT:
        return UNFIT, 0
    wanted = len(signature.preferred_labels)
    group, missing = divmod(suits - 1, wanted + 1)
    return PREFERRED + group, wanted - missing


def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names))) if len(names) > 1 else names
