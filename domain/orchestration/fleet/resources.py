"""What tasks take of their agents' resources: in use, on its way, and what is left."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.orchestration.amounts import Amounts
from aia_mas.domain.orchestration.fleet.directory import Directory
from aia_mas.domain.orchestration.fleet.matching import Pool, Slots


class _Taken(NamedTuple):
    slot: int
    amounts: Amounts


class Resources:
    """The resources in use, by slot, in millionths.

    A task takes what it asks for from its reservation or its assignment on, whichever comes first,
    until the attempt is over. Only what is left is given away, so that what an agent's tasks take
    together never exceeds what it declared when the last of them was given to it.
    """

    def __init__(self, directory: Directory) -> None:
        """Account for the agents of this directory."""
        self._directory = directory
        self._held: dict[str, _Taken] = {}
        self._reserved: dict[str, _Taken] = {}
        # By name, per slot. A name that no task has asked for yet has no entry.
        self._used: dict[str, NDArray[np.int64]] = {}

    def reserve(self, task_id: str, slot: int, amounts: Amounts) -> None:
        """Take what a task asks for whose assignment is on its way into the log."""
        self.unreserve(task_id)
        if amounts:
            self._reserved[task_id] = self._take(slot, amounts)

    def unreserve(self, task_id: str) -> int | None:
        """Give back what was reserved; returns the slot, None when there was nothing."""
        return self._give_back(self._reserved.pop(task_id, None))

    def hold(self, task_id: str, slot: int, amounts: Amounts) -> None:
        """Take what an assigned task asks for."""
        self.release(task_id)
        if amounts:
            self._held[task_id] = self._take(slot, amounts)

    def release(self, task_id: str) -> int | None:
        """Give back what a held task took; returns the slot, None when it took nothing."""
        return self._give_back(self._held.pop(task_id, None))

    def left(self, name: str, slot: int) -> int:
        """Return how much of a resource the agent in a slot has left, millionths.

        Below 0 when it declares less than it did when it was given its tasks.
        """
        used = self._used.get(name)
        taken = 0 if used is None or slot >= used.size else int(used[slot])
        return int(self._directory.resource(name)[slot]) - taken

    def fits(self, slot: int, amounts: Amounts) -> bool:
        """Tell whether the agent in a slot has enough left."""
        return all(self.left(name, slot) >= amount for name, amount in amounts)

    def fitting(self, slots: Slots, amounts: Amounts) -> Slots:
        """Return those of the slots whose agents have enough left."""
        for name, amount in amounts:
            slots = slots[self.all_left(name, slots) >= amount]
        return slots

    def all_left(self, name: str, slots: Slots) -> NDArray[np.int64]:
        """Return how much of a resource the agents in these slots have left, millionths."""
        left = self._directory.resource(name).take(slots)
        used = self._used.get(name)
        if used is not None:
            # An agent that came later than the last task that asked for this has used none.
            within = slots < used.size
            left[within] -= used.take(slots[within])
        return left

    def enough(self, pool: Pool, amounts: Amounts) -> Pool:
        """Return those of a pool whose agents have enough left."""
        if not amounts:
            return pool
        slots = self.fitting(pool.slots, amounts)
        if slots.size == pool.slots.size or pool.marks is None:
            return Pool(slots, pool.marks)
        return Pool(slots, pool.marks[pool.slots.searchsorted(slots)])

    def _take(self, slot: int, amounts: Amounts) -> _Taken:
        for name, amount in amounts:
            self._column(name, slot)[slot] += amount
        return _Taken(slot, amounts)

    def _give_back(self, taken: _Taken | None) -> int | None:
        if taken is None:
            return None
        for name, amount in taken.amounts:
            self._used[name][taken.slot] -= amount
        return taken.slot

    def _column(self, name: str, slot: int) -> NDArray[np.int64]:
        used = self._used.get(name)
        if used is None or slot >= used.size:
            old = used
            used = np.zeros(max(64, 2 * slot + 1), dtype=np.int64)
            if old is not None:
                used[: old.size] = old
            self._used[name] = used
        return used
