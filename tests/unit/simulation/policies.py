"""The rules that choose agents, by name; each makes the dispatcher's fold that follows it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from random import Random

from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.fleet import Fleet, Pick
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.scoring.rules import AssignmentRules

from .world import World

Make = Callable[[World, int], Dispatching]
"""Makes the fold for a world and a seed."""


class RandomFleet(Fleet):
    """Takes any of those that suit and have room: what every rule has to beat."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__()
        self._world = world
        self._random = Random(f"{seed} random")

    def pick(
        self,
        signature: RequirementSignature,
        seed: int = 0,
        sticky_key: str | None = None,
        without: Collection[int] = (),
        only: int | None = None,
    ) -> Pick | None:
        pick = super().pick(signature, seed, sticky_key, without, only)
        if pick is None:
            return None
        free = [agent_id for agent_id in self.candidates(signature) if self._load(agent_id) < 1.0]
        agent_id = self._random.choice(free)
        price = self._world.agents[agent_id].capabilities.cost_per_task
        return pick._replace(agent_id=agent_id, price=price, load=self._load(agent_id))

    def _load(self, agent_id: str) -> float:
        state = self._world.agents[agent_id]
        if not state.assignable:
            return 1.0
        return self.active_tasks(agent_id) / state.capabilities.max_concurrent_tasks


def random(world: World, seed: int) -> Dispatching:
    """Choose at random."""
    return Dispatching(fleet=RandomFleet(world, seed))


def built_in(name: str) -> Make:
    """Return what makes a fold that follows one of the policies of the product."""

    def make(_world: World, _seed: int) -> Dispatching:
        dispatching = Dispatching()
        dispatching.fleet.chooser.rules = AssignmentRules(default=name)
        return dispatching

    return make


POLICIES: Mapping[str, Make] = {
    "random": random,
    **{name: built_in(name) for name in ("least_loaded", "round_robin", "cheapest", "scored")},
}
