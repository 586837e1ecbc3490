"""Whose turn it is within a class: start-time fair queueing (Goyal, Vin, Cheng 1996)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class VirtualTime:
    """The virtual time of one class, in which the owners that wait take turns.

    Every owner is a flow. A dispatch has the start tag ``S = max(V, F)`` of its flow, then
    ``F = S + 1`` (all weights are one) and ``V = S``; the smallest ``S`` goes first. With weights
    of one, ``F`` is ``V + 1`` for the flows that were served at ``V`` and at most ``V`` for all
    others, so that a number and a set hold all of it.

    Attributes:
        now: ``V``, the start tag of the last dispatch in the log.
        served: The owners whose finish tag is ``V + 1``, in the order in which they were served.
        round: The start tag that planning serves now; what is on its way into the log counts.
        epoch: Changes whenever a flow that was served may be due again.
    """

    __slots__ = ("_planned", "_under_way", "epoch", "now", "round", "served")

    def __init__(self, now: int = 0, served: Iterable[str] = ()) -> None:
        """Start at ``now``."""
        self.now = self.round = now
        self.served = dict.fromkeys(served)
        self.epoch = 0
        self._under_way: Counter[str] = Counter()
        # The finish tags of owners with dispatches on their way into the log.
        self._planned: dict[str, int] = {}

    def start(self, owner: str) -> int:
        """Return the start tag of the next dispatch of an owner."""
        logged = self.now + (owner in self.served)
        return max(logged, self._planned[owner]) if owner in self._planned else logged

    def is_due(self, owner: str) -> bool:
        """Tell whether an owner is to be served in this round."""
        return self.start(owner) <= self.round

    @property
    def not_due_at_most(self) -> int:
        """Of how many owners at most something is not due; all others are."""
        return len(self.served) + len(self._under_way)

    def dispatched(self, owner: str) -> None:
        """Note a dispatch that stands in the log."""
        if owner in self.served:
            self.now += 1
            self.served = {}
        self.served[owner] = None
        self._keep_up()

    def nobody_waits(self) -> None:
        """Forget who was served: a busy period is over, and nobody has a claim."""
        if self.served:
            self.served = {}
            self.epoch += 1

    def reserve(self, owner: str) -> None:
        """Count a dispatch that is on its way into the log."""
        start = max(self.start(owner), self.round)
        self._under_way[owner] += 1
        self._planned[owner] = start + 1
        self._go_on_to(start)

    def settle(self, owner: str) -> None:
        """Count a dispatch no longer as on its way."""
        self._under_way[owner] -= 1
        if self._under_way[owner] <= 0:
            del self._under_way[owner]
            del self._planned[owner]
        self._keep_up()

    def void(self, owner: str) -> None:
        """Take a dispatch back that did not get into the log."""
        self._planned[owner] -= 1
        self.settle(owner)
        self.epoch += 1

    def next_round(self) -> None:
        """Go on to the next start tag: nobody who could be served is due in this one."""
        self._go_on_to(self.round + 1)

    def _keep_up(self) -> None:
        self._go_on_to(max(self.now, self.round) if self._under_way else self.now)

    def _go_on_to(self, start: int) -> None:
        if start != self.round:
            self.round = start
            self.epoch += 1
