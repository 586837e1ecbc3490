"""Why a task is with nobody, and whom it does not come to: answered from the parts of a fleet."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from aia_mas.domain.orchestration.fleet.directory import Directory
from aia_mas.domain.orchestration.fleet.matching import Matching
from aia_mas.domain.orchestration.fleet.places import Places
from aia_mas.domain.orchestration.fleet.resources import Resources
from aia_mas.domain.orchestration.fleet.seat import Seat
from aia_mas.domain.orchestration.fleet.why_not import (
    Reason,
    Standing,
    capped,
    unavailable,
    unmet,
    unsuitable,
)
from aia_mas.domain.orchestration.requirement import RequirementSignature
from aia_mas.domain.orchestration.scoring.board import Board


class Explaining:
    """Explains what the parts of a fleet, which change meanwhile, make of a task."""

    def __init__(
        self,
        seats: Sequence[Seat],
        directory: Directory,
        matching: Matching,
        places: Places,
        resources: Resources,
        board: Board,
    ) -> None:
        """Look at these parts."""
        self._seats = seats
        self._directory = directory
        self._matching = matching
        self._places = places
        self._resources = resources
        self._board = board

    def why_not(
        self, signature: RequirementSignature, *, full: bool, kept: Collection[int]
    ) -> tuple[Reason, ...]:
        """Return what keeps such a task from an agent; empty when one could take it.

        Args:
            signature: What it asks for.
            full: Whether as many tasks are held as the engine may have at once.
            kept: Slots of agents that are kept free for other tasks.
        """
        suitable, without = self._suitable(signature, kept)
        if not suitable:
            return unmet(self._directory, signature)
        reasons: tuple[Reason, ...] = ()
        if len(without) == suitable:
            reasons = unavailable(without, suitable, signature.resources)
        if not reasons and full:
            reasons = (capped(self._places.total()),)
        return reasons

    def filtered(self, signature: RequirementSignature) -> tuple[Reason, ...]:
        """Return whom such a task does not come to now, and why; an agent may stand in several."""
        suitable, without = self._suitable(signature, ())
        away = unavailable(without, suitable, signature.resources)
        return unsuitable(self._directory, signature) + away

    def _suitable(
        self, signature: RequirementSignature, kept: Collection[int]
    ) -> tuple[int, list[Standing]]:
        """Return how many agents suit, and those of them who cannot take a task more now."""
        slots, amounts = self._matching.pool(signature).slots, signature.resources
        places, left = self._places, self._resources.left
        room = self._board.open.take(slots)
        if amounts:
            room &= np.isin(slots, self._resources.fitting(slots, amounts), assume_unique=True)
        fits = room
        if kept:
            room = room & np.isin(slots, np.array(tuple(kept), dtype=np.intp), invert=True)
        without = [
            Standing(
                self._seats[slot],
                slot in places.open,
                tuple(left(name, slot) for name, _ in amounts),
                kept=fit,
            )
            for slot, fit in zip(slots[~room].tolist(), fits[~room].tolist(), strict=True)
        ]
        return slots.size, without
