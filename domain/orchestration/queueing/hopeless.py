"""Demands that no registered agent meets: out of the way until agents declare something else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from aia_mas.domain.orchestration.queueing.lines import Demand
from aia_mas.domain.orchestration.requirement import RequirementSignature

CHECKS = 50
"""Demands that are looked at again within one step, about a millisecond with 10,000 agents."""


class Hopeless:
    """The demands that nobody meets; there may be one for every task that waits.

    Whoever becomes free makes no difference to them, only who declares something. They are then
    looked through again, some in every step; what is declared meanwhile counts in the next pass.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._demands: dict[Demand, None] = {}
        self._declared: set[int] = set()
        self._slots: frozenset[int] = frozenset()
        # Those that are still to be looked at in this pass, the last one first.
        self._left: list[Demand] = []

    def add(self, demand: Demand) -> None:
        """Put a demand out of the way."""
        demand.hopeless = True
        self._demands[demand] = None

    def forget(self, demand: Demand) -> None:
        """Take a demand out, of which no task waits any more or somebody may take one."""
        demand.hopeless = False
        self._demands.pop(demand, None)

    def declared(self, slots: Collection[int]) -> None:
        """Note that the agents in these slots have declared something."""
        if self._demands:
            self._declared.update(slots)

    @property
    def pending(self) -> bool:
        """Whether any is to be looked at again."""
        return bool(self._left or self._declared)

    def look_again(
        self, suits: Callable[[RequirementSignature, Collection[int]], bool]
    ) -> Iterator[Demand]:
        """Yield those that are met by now; at most so many are looked at that it takes no time.

        Args:
            suits: Tells whether any of the agents in some slots meets a demand.
        """
        if not self._left and self._declared:
            self._slots, self._declared = frozenset(self._declared), set()
            self._left = list(reversed(self._demands))
        for _ in range(min(CHECKS, len(self._left))):
            demand = self._left.pop()
            if demand.hopeless and suits(demand.signature, self._slots):
                self.forget(demand)
                yield demand

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._demands)
