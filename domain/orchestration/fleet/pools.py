"""Those of a fleet who suit a task and have enough left, found the quicker way."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from aia_mas.domain.orchestration.fleet.matching import Matching, Pool, excluding, pool_of
from aia_mas.domain.orchestration.fleet.places import Places
from aia_mas.domain.orchestration.fleet.resources import Resources
from aia_mas.domain.orchestration.requirement import RequirementSignature


class Pools:
    """Finds pools in the parts of a fleet, which change meanwhile."""

    def __init__(self, matching: Matching, places: Places, resources: Resources) -> None:
        """Look at these parts."""
        self._matching = matching
        self._places = places
        self._resources = resources

    def of(self, signature: RequirementSignature, without: Collection[int]) -> Pool:
        """Return all who suit and have enough left, but those in some slots."""
        if len(self._places.open) <= _FEW:
            pool = self.among(sorted(self._places.open), signature)
        else:
            pool = self._resources.enough(self._matching.pool(signature), signature.resources)
        return excluding(pool, without) if without else pool

    def among(self, slots: Iterable[int], signature: RequirementSignature) -> Pool:
        """Return those of these slots who suit and have enough left."""
        suits, fits = self._matching.suits, self._resources.fits
        found = [
            (slot, code)
            for slot in slots
            if (code := suits(signature, slot)) and fits(slot, signature.resources)
        ]
        return pool_of(signature, found)


# With no more agents than this free, asking each is quicker than asking the arrays.
_FEW = 8
