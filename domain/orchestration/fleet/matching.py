"""Which agents suit which demands: remembered per signature, brought up to date agent by agent."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.orchestration.fleet.directory import Directory
from aia_mas.domain.orchestration.requirement import (
    FIT,
    PREFERRED,
    UNFIT,
    RequirementSignature,
    graded,
    suitability,
)

Slots = NDArray[np.intp]
# Bounds of what is remembered; beyond them it is forgotten, and worked out anew on demand.
_MATCHES = 8_192
_MASK_BYTES = 64 << 20
_INDEXED_SLOTS = 4 << 20
_JOURNAL = 4_096


class _Match:
    """Who suits one signature.

    Attributes:
        mask: Per slot, how its agent suits; see ``requirement``.
        tiers: The slots of those who suit, a group for each way that occurs, the best first;
            None until it is asked for again.
        seen: Up to where in the journal of changes the mask is right.
    """

    __slots__ = ("mask", "seen", "tiers")

    def __init__(self, mask: bytearray, seen: int) -> None:
        self.mask = mask
        self.tiers: tuple[Slots, ...] | None = None
        self.seen = seen


class Matching:
    """The remembered answers to "who suits these demands?"."""

    def __init__(self, directory: Directory) -> None:
        """Answer for the agents of this directory."""
        self._directory = directory
        self._matches: dict[RequirementSignature, _Match] = {}
        self._journal: list[int] = []
        self._indexed = 0

    def changed(self, slot: int) -> None:
        """Take note that the agent in this slot declares something else now, or left."""
        if self._matches:
            self._journal.append(slot)
            if len(self._journal) > _JOURNAL:
                self._forget()

    def tiers(self, signature: RequirementSignature) -> tuple[Slots, ...]:
        """Return the slots of all who suit, in groups, those that go first first."""
        match = self._matches.get(signature)
        if match is None:
            match = self._remember(signature)
        elif match.seen != len(self._journal):
            self._catch_up(signature, match)
        if match.tiers is None:
            match.tiers = self._index(match.mask)
        return match.tiers

    def suits(self, signature: RequirementSignature, slot: int) -> int:
        """Tell how the agent in this slot suits: UNFIT (0), or the lower the better."""
        match = self._matches.get(signature)
        if match is None:
            # One answer is no reason to work out all of them.
            return self._suitability(signature, slot)
        if match.seen != len(self._journal):
            self._catch_up(signature, match)
        return match.mask[slot]

    def _suitability(self, signature: RequirementSignature, slot: int) -> int:
        declared = self._directory.declared[slot]
        if declared is None:
            return UNFIT
        directory = self._directory
        return suitability(signature, directory.agent_ids[slot], declared, directory.tier_of(slot))

    def _catch_up(self, signature: RequirementSignature, match: _Match) -> None:
        mask, size = match.mask, len(self._directory.declared)
        changes = set(self._journal[match.seen :])
        if len(changes) > 64 + size // 16:
            # One by one would take longer than all at once.
            match.mask, match.tiers = self._qualify(signature), None
        else:
            mask.extend(bytes(size - len(mask)))
            for slot in changes:
                now = self._suitability(signature, slot)
                if mask[slot] != now:
                    mask[slot] = now
                    match.tiers = None
        match.seen = len(self._journal)

    def _remember(self, signature: RequirementSignature) -> _Match:
        mask = self._qualify(signature)
        count = len(self._matches) + 1
        if count > _MATCHES or count * len(mask) > _MASK_BYTES:
            self._forget()
        match = self._matches[signature] = _Match(mask, len(self._journal))
        return match

    def _qualify(self, signature: RequirementSignature) -> bytearray:
        directory = self._directory
        qualified = directory.present().copy()
        for condition in directory.conditions(signature):
            qualified &= condition.met
        # SPECIALISED is FIT less one, and UNFIT is zero: no branch per agent.
        codes = FIT - directory.specialised(signature.task_type).view(np.uint8)
        slots = directory.slots
        for agent_id in signature.preferred:
            if (slot := slots.get(agent_id)) is not None:
                codes[slot] = PREFERRED
        if signature.preferred_labels:
            codes = graded(signature, codes, self._missing(signature))
        codes *= qualified
        return bytearray(codes.tobytes())

    def _missing(self, signature: RequirementSignature) -> NDArray[np.uint8]:
        """Return, per slot, how many of the preferred labels its agent lacks."""
        missing = np.zeros(len(self._directory.declared), dtype=np.uint8)
        for label in signature.preferred_labels:
            missing += ~self._directory.meeting(label)
        return missing

    def _index(self, mask: bytearray) -> tuple[Slots, ...]:
        codes = np.frombuffer(mask, dtype=np.uint8)
        occurring = np.bincount(codes).nonzero()[0]
        tiers = tuple((codes == code).nonzero()[0] for code in occurring if code != UNFIT)
        self._indexed += sum(group.size for group in tiers)
        if self._indexed > _INDEXED_SLOTS:
            for match in self._matches.values():
                match.tiers = None
            self._indexed = 0
        return tiers

    def _forget(self) -> None:
        self._matches.clear()
        self._journal.clear()
        self._indexed = 0
