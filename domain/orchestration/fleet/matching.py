"""Which agents suit which demands: remembered per signature, brought up to date agent by agent."""

from __future__ import annotations

from collections.abc import Collection, Sequence, Set
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.orchestration.fleet.directory import Directory, Mask
from aia_mas.domain.orchestration.requirement import (
    FIT,
    PREFERRED,
    SPECIALISED,
    UNFIT,
    RequirementSignature,
    grade_of,
    graded,
    suitability,
)
from aia_mas.domain.orchestration.scoring.candidates import Mark, labels_mark

Slots = NDArray[np.intp]
"""Slots or, for each of them, what indexes a table: of the type that numpy takes at once."""
# Bounds of what is remembered; beyond them it is forgotten, and worked out anew on demand.
_MATCHES = 8_192
_MASK_BYTES = 64 << 20
_INDEXED_SLOTS = 4 << 20
_JOURNAL = 4_096


class Pool(NamedTuple):
    """All who suit.

    Attributes:
        slots: Theirs, ascending.
        marks: What ties each of them to the task, as ``Mark``; None: nothing ties any of them.
    """

    slots: Slots
    marks: Slots | None


def pool_of(signature: RequirementSignature, suiting: Sequence[tuple[int, int]]) -> Pool:
    """Return slots and the way each of them suits as a pool; the slots ascend."""
    slots = np.array([slot for slot, _ in suiting], dtype=np.intp)
    marks = _marks(signature).take([code for _, code in suiting]) if suiting else None
    return Pool(slots, marks if marks is not None and marks.any() else None)


def excluding(pool: Pool, without: Collection[int]) -> Pool:
    """Return a pool less some slots."""
    stay = np.isin(pool.slots, np.array(without, dtype=np.intp), invert=True)
    return Pool(pool.slots[stay], None if pool.marks is None else pool.marks[stay])


def _marks(signature: RequirementSignature) -> Slots:
    """Return, by the way an agent suits, what ties it to the task."""
    wanted = len(signature.preferred_labels)
    if not wanted:
        return _PLAIN_MARKS
    marks = [0]
    for suits in range(1, FIT * (wanted + 1) + 1):
        group, met = grade_of(signature, suits)
        marks.append(_TIES[group] | labels_mark(met, wanted))
    return np.array(marks, dtype=np.intp)


_TIES = {PREFERRED: Mark.PREFERRED, SPECIALISED: Mark.SPECIALISED, FIT: 0}
_PLAIN_MARKS = np.array([0, Mark.PREFERRED, Mark.SPECIALISED, 0], dtype=np.intp)


class _Match:
    """Who suits one signature.

    Attributes:
        mask: Per slot, how its agent suits; see ``requirement``.
        pool: Those who suit; None until it is asked for again.
        seen: How many changes there were when the mask was right.
    """

    __slots__ = ("mask", "pool", "seen")

    def __init__(self, mask: bytearray, seen: int) -> None:
        self.mask = mask
        self.pool: Pool | None = None
        self.seen = seen


class Matching:
    """The remembered answers to "who suits these demands?"."""

    def __init__(self, directory: Directory) -> None:
        """Answer for the agents of this directory."""
        self._directory = directory
        self._matches: dict[RequirementSignature, _Match] = {}
        # The latest changes, and how many there were before them.
        self._journal: list[int] = []
        self._before = 0
        self._indexed = 0

    def changed(self, slot: int) -> None:
        """Take note that the agent in this slot declares something else now, or left."""
        if self._matches:
            self._journal.append(slot)
            if len(self._journal) > _JOURNAL:
                self.outdate()

    def outdate(self) -> None:
        """Take note that anything may have changed, as when the tiers are others.

        Each answer is worked out anew when it is asked for: to give all of them up at once would
        take longer than an event may.
        """
        self._before += len(self._journal) + 1
        self._journal.clear()

    def pool(self, signature: RequirementSignature) -> Pool:
        """Return all who suit."""
        match = self._matches.get(signature)
        if match is None:
            match = self._remember(signature)
        elif match.seen != self._changes:
            self._catch_up(signature, match)
        if match.pool is None:
            match.pool = self._index(signature, match.mask)
        return match.pool

    def suits(self, signature: RequirementSignature, slot: int) -> int:
        """Tell how the agent in this slot suits: UNFIT (0), or the lower the better."""
        match = self._matches.get(signature)
        if match is None:
            # One answer is no reason to work out all of them.
            return self._suitability(signature, slot)
        if match.seen != self._changes:
            self._catch_up(signature, match)
        return match.mask[slot]

    def anyone(self, signature: RequirementSignature) -> bool:
        """Tell whether anyone suits; what it takes to tell is not remembered."""
        if signature in self._matches:
            return bool(self.pool(signature).slots.size)
        return bool(self._qualified(signature).any())

    def any_of(self, signature: RequirementSignature, slots: Collection[int]) -> bool:
        """Tell whether the agent in any of some slots suits; nothing of it is remembered."""
        return bool(self._qualified(signature)[list(slots)].any())

    def declaring(self, signature: RequirementSignature, slots: Set[int]) -> Set[int]:
        """Return those of some slots whose agents declare all names that are asked for."""
        for declarers in self._directory.declarers(signature):
            slots = slots & declarers
            if not slots:
                break
        return slots

    @property
    def _changes(self) -> int:
        return self._before + len(self._journal)

    def _suitability(self, signature: RequirementSignature, slot: int) -> int:
        declared = self._directory.declared[slot]
        if declared is None:
            return UNFIT
        directory = self._directory
        agent_id, tier = directory.agent_ids[slot], directory.tier_of(slot)
        return suitability(signature, agent_id, declared, tier, directory.tiers)

    def _catch_up(self, signature: RequirementSignature, match: _Match) -> None:
        mask, size = match.mask, len(self._directory.declared)
        known = match.seen - self._before
        changes = set(self._journal[known:]) if known >= 0 else ()
        if known < 0 or len(changes) > 64 + size // 16:
            # Not known one by one, or that would take longer than all at once.
            match.mask, match.pool = self._qualify(signature), None
        else:
            mask.extend(bytes(size - len(mask)))
            for slot in changes:
                now = self._suitability(signature, slot)
                if mask[slot] != now:
                    mask[slot] = now
                    match.pool = None
        match.seen = self._changes

    def _remember(self, signature: RequirementSignature) -> _Match:
        mask = self._qualify(signature)
        count = len(self._matches) + 1
        if count > _MATCHES or count * len(mask) > _MASK_BYTES:
            self._forget()
        match = self._matches[signature] = _Match(mask, self._changes)
        return match

    def _qualified(self, signature: RequirementSignature) -> Mask:
        directory = self._directory
        qualified = directory.present().copy()
        for condition in directory.conditions(signature):
            qualified &= condition.met
            if not qualified.any():
                break  # whatever else is asked for, nobody meets it all
        return qualified

    def _qualify(self, signature: RequirementSignature) -> bytearray:
        directory, qualified = self._directory, self._qualified(signature)
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

    def _index(self, signature: RequirementSignature, mask: bytearray) -> Pool:
        codes = np.frombuffer(bytes(mask), dtype=np.uint8)
        slots = codes.nonzero()[0]
        marks = _marks(signature).take(codes.take(slots))
        self._indexed += slots.size
        if self._indexed > _INDEXED_SLOTS:
            for match in self._matches.values():
                match.pool = None
            self._indexed = 0
        return Pool(slots, marks if marks.any() else None)

    def _forget(self) -> None:
        self._matches.clear()
        self._journal.clear()
        self._indexed = 0
