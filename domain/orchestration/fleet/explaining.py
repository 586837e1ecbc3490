"""Why a task is with nobody, and whom it does not come to: answered from the parts of a fleet."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.fleet.directory import Directory
from aia_mas.domain.orchestration.fleet.matching import Matching, Slots
from aia_mas.domain.orchestration.fleet.places import Places
from aia_mas.domain.orchestration.fleet.resources import Resources
from aia_mas.domain.orchestration.fleet.seat import Seat
from aia_mas.domain.orchestration.fleet.why_not import (
    EXAMPLES,
    Group,
    Reason,
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
        directory: Directory,
        matching: Matching,
        places: Places,
        resources: Resources,
        board: Board,
    ) -> None:
        """Look at these parts."""
        self._directory = directory
        self._matching = matching
        self._places = places
        self._resources = resources
        self._board = board
        self._states: NDArray[np.uint8] = np.zeros(64, dtype=np.uint8)

    def note(self, slot: int, seat: Seat) -> None:
        """Take note of who sits in a slot now, and in which state."""
        if slot >= self._states.size:
            more = np.zeros(max(self._states.size, slot + 1 - self._states.size), dtype=np.uint8)
            self._states = np.concatenate((self._states, more))
        if seat.status is not AgentStatus.ACTIVE:
            self._states[slot] = _NOT_ACTIVE
        elif seat.cut_off:
            self._states[slot] = _CUT_OFF
        else:
            self._states[slot] = _ONLINE if seat.online else _OFFLINE

    def why_not(
        self, signature: RequirementSignature, *, full: bool, kept: Collection[int]
    ) -> tuple[Reason, ...]:
        """Return what keeps such a task from an agent; empty when one could take it.

        Args:
            signature: What it asks for.
            full: Whether as many tasks are held as the engine may have at once.
            kept: Slots of agents that are kept free for other tasks.
        """
        slots, groups = self._without(signature, kept)
        if not slots.size:
            return unmet(self._directory, signature)
        reasons: tuple[Reason, ...] = ()
        if sum(group.size for group in groups) == slots.size:
            reasons = unavailable(groups, slots.size, signature.resources)
        if not reasons and full:
            reasons = (capped(self._places.total()),)
        return reasons

    def filtered(self, signature: RequirementSignature) -> tuple[Reason, ...]:
        """Return whom such a task does not come to now, and why; an agent may stand in several."""
        slots, groups = self._without(signature, ())
        away = unavailable(groups, slots.size, signature.resources)
        return unsuitable(self._directory, signature) + away

    def _without(
        self, signature: RequirementSignature, kept: Collection[int]
    ) -> tuple[Slots, list[Group]]:
        """Return who suits, and those of them who cannot take a task more now by the reason.

        Counted as arrays: thousands may be busy at once.
        """
        slots, amounts = self._matching.pool(signature).slots, signature.resources
        place = self._board.open.take(slots)
        fits = place.copy()
        if amounts:
            fits &= np.isin(slots, self._resources.fitting(slots, amounts), assume_unique=True)
        full, states = ~place, self._states.take(slots)
        masks = {
            "not_active": full & (states == _NOT_ACTIVE),
            "endpoint_disabled": full & (states == _CUT_OFF),
            "offline": full & (states == _OFFLINE),
            "busy": full & (states == _ONLINE),
            "resources_in_use": place & ~fits,
        }
        if kept:
            masks["reserved_for_others"] = fits & np.isin(slots, np.array(tuple(kept)))
        return slots, [self._group(code, slots[mask], signature) for code, mask in masks.items()]

    def _group(self, code: str, slots: Slots, signature: RequirementSignature) -> Group:
        ids = self._directory.agent_ids
        most: tuple[int, ...] = ()
        if code == "resources_in_use" and slots.size:
            left = self._resources.all_left
            most = tuple(max(0, int(left(name, slots).max())) for name, _ in signature.resources)
        examples = tuple(ids[slot] for slot in slots[:EXAMPLES].tolist())
        return Group(code, slots.size, examples, most)


_NOT_ACTIVE, _OFFLINE, _ONLINE, _CUT_OFF = 0, 1, 2, 3
