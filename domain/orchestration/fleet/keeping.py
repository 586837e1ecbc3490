"""The agent to keep free for a task that does not fit anywhere: who is the best placed for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set

import numpy as np

from aia_mas.domain.orchestration.fleet.matching import Matching, Slots
from aia_mas.domain.orchestration.fleet.places import Places
from aia_mas.domain.orchestration.fleet.resources import Resources
from aia_mas.domain.orchestration.fleet.seat import Seat
from aia_mas.domain.orchestration.requirement import RequirementSignature

_LOOKED_AT = 64
_PARTS = 1_000
# With more agents than this it is quicker to ask for all at once.
_FEW = 8


class Keeping:
    """Answers about single agents of a fleet, by slot."""

    def __init__(
        self, seats: Sequence[Seat], matching: Matching, places: Places, resources: Resources
    ) -> None:
        """Look at the parts of a fleet, which change meanwhile."""
        self._seats = seats
        self._matching = matching
        self._places = places
        self._resources = resources

    def best_placed(
        self, signature: RequirementSignature, without: Collection[int] = ()
    ) -> int | None:
        """Return the slot of the agent for which the least has to end until it can take a task.

        That is who lacks the smallest share of a resource, and among those who has the fewest
        tasks in hand (of the first 64, so that it takes no longer with more).

        Args:
            signature: What the task asks for.
            without: Slots that do not come into question.

        Returns:
            None when nobody who suits gets work at all.
        """
        slots = self._matching.pool(signature).slots
        lacks = self._lacks(slots, signature)
        best: tuple[int, int, int] | None = None
        looked_at = 0
        for index in np.argsort(lacks, kind="stable").tolist():
            slot = int(slots[index])
            if slot in without or not self._seats[slot].limit:
                continue
            rank = (int(lacks[index]), self._places.active(slot), slot)
            if best is not None and rank[0] > best[0]:
                break
            best = rank if best is None else min(best, rank)
            looked_at += 1
            if looked_at == _LOOKED_AT:
                break
        return None if best is None else best[2]

    def agent_id(self, slot: int) -> str:
        """Return who sits in a slot."""
        return self._seats[slot].agent_id

    def in_hand(self, slot: int) -> int:
        """Return how many tasks the agent in a slot has, or is about to get."""
        return self._places.active(slot)

    def serves(self, slot: int, agent_id: str, signature: RequirementSignature) -> bool:
        """Tell whether an agent still sits in a slot, gets work, and suits."""
        seat = self._seats[slot]
        if seat.agent_id != agent_id or not seat.limit:
            return False
        return bool(self._matching.suits(signature, slot))

    def anyone_suits(
        self, signature: RequirementSignature, slots: Collection[int] | None = None
    ) -> bool:
        """Tell whether any agent suits, whatever its state and load (``slots``: any of these)."""
        if slots is None:
            return self._matching.anyone(signature)
        if len(slots) > _FEW:
            return self._matching.any_of(signature, slots)
        return any(self._matching.suits(signature, slot) for slot in slots)

    def may_suit(self, signature: RequirementSignature, slots: Set[int]) -> Set[int]:
        """Return those of some slots whose agents declare all names that are asked for.

        That takes a microsecond, and few others are left mostly.
        """
        return self._matching.declaring(signature, slots)

    def fits(self, slot: int, signature: RequirementSignature) -> bool:
        """Tell whether the agent in a slot could take a task at once, if it suits."""
        return slot in self._places.open and self._resources.fits(slot, signature.resources)

    def reopen(self, slot: int) -> None:
        """Note that the agent in a slot may take tasks that it could not a moment ago."""
        self._places.reopen(slot)

    def reopen_all(self) -> None:
        """Note that every agent with room may take tasks that it could not a moment ago."""
        self._places.opened.update(self._places.open)
        self._places.offered.clear()

    def offer(self) -> None:
        """Offer the agents that were opened to what is stuck."""
        self._places.offer()

    def _lacks(self, slots: Slots, signature: RequirementSignature) -> Slots:
        """Return, by slot, the largest share that is missing of a resource, in thousandths."""
        lacks = np.zeros(slots.size, dtype=np.intp)
        for name, amount in signature.resources:
            missing = np.maximum(amount - self._resources.all_left(name, slots), 0)
            # Rounded up, and without overflow for the largest amounts.
            shares = -(-missing // max(1, amount // _PARTS))
            np.maximum(lacks, shares, out=lacks)
        return lacks
