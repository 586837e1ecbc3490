"""What a task asks of an agent, as a key: tasks with equal keys suit the same agents."""

from __future__ import annotations

import msgspec

from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_specification import Requirements

UNFIT, PREFERRED, SPECIALISED, FIT = 0, 1, 2, 3
"""How an agent suits: not at all, or in this order of who goes first."""


class RequirementSignature(
    msgspec.Struct, frozen=True, cache_hash=True, weakref=True, array_like=True
):
    """The hashable form of a task's demands; all tuples are sorted.

    Attributes:
        task_type: The kind of work; agents specialised in it are favoured.
        skills: Skill names, each with its least level, 0..1.
        specializations: Names that must all be declared.
        labels: Keys and values that must all be equal.
        data_sources: Names that must all be declared by an agent that declares any.
        max_cost: The highest price, base units; None: any.
        preferred: Agents that go first.
        excluded: Agents that never get it.
    """

    task_type: str
    skills: tuple[tuple[str, float], ...] = ()
    specializations: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    data_sources: tuple[str, ...] = ()
    max_cost: int | None = None
    preferred: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


def signature_of(
    task_type: str, requirements: Requirements, max_cost: int | None = None
) -> RequirementSignature:
    """Return the key of a task's demands; the order in which they were written does not matter."""
    return RequirementSignature(
        task_type,
        tuple(sorted(requirements.skills.items())),
        _sorted(requirements.specializations),
        tuple(sorted(requirements.labels.items())),
        _sorted(requirements.data_sources),
        max_cost,
        _sorted(requirements.preferred_agents),
        _sorted(requirements.excluded_agents),
    )


def suitability(signature: RequirementSignature, agent_id: str, capabilities: Capabilities) -> int:
    """Tell how one agent suits: ``UNFIT``, ``PREFERRED``, ``SPECIALISED`` or ``FIT``.

    This is the rule itself; the fleet holds an equal one for many agents at once.
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
    if any(name not in specializations for name in signature.specializations):
        return UNFIT
    if any(capabilities.labels.get(key) != value for key, value in signature.labels):
        return UNFIT
    if capabilities.data_sources and any(
        source not in capabilities.data_sources for source in signature.data_sources
    ):
        return UNFIT
    if agent_id in signature.excluded:
        return UNFIT
    if agent_id in signature.preferred:
        return PREFERRED
    return SPECIALISED if signature.task_type in specializations else FIT


def _sorted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(names))) if len(names) > 1 else names
