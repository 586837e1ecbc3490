"""Who holds which task, who has a place left, and who of them comes first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aia_mas.domain.kernel.steps import Steps, drained

# The rank of an agent that cannot take a task. All others rank by load, then by how long ago they
# were given one: 20 bits of load tell any two fractions with denominators up to 1000 apart.
_NO_ROOM = np.int64(np.iinfo(np.int64).max)
_LOAD_BITS = 20
_SEQUENCE_BITS = 42


class Places:
    """The places of every agent, by slot.

    A task takes one place: from its reservation (an assignment on its way into the log) or from
    its assignment on, whichever comes first, until the attempt is over.

    Attributes:
        holders: Task id to the slot of the agent that holds it, by the log.
        reservations: Task id to the slot of the agent it is about to be given to.
        tasks: By slot, the ids of the tasks held.
        last: By slot, the sequence of the last assignment, 0 before the first.
        sequence: How many assignments there were.
        open: Slots that have a place left.
        opened: Those of them that may take more, or other, tasks than when it was last emptied.
    """

    def __init__(self) -> None:
        """Start without agents."""
        self.holders: dict[str, int] = {}
        self.reservations: dict[str, int] = {}
        self.tasks: list[set[str]] = []
        self.last: list[int] = []
        self.sequence = 0
        self.open: set[int] = set()
        self.opened: set[int] = set()
        self._reserved: list[int] = []
        self._limits: list[int] = []
        self._ranks = np.full(64, _NO_ROOM, dtype=np.int64)

    def add(self) -> None:
        """Add a slot, as yet without places."""
        self.tasks.append(set())
        self.last.append(0)
        self._reserved.append(0)
        self._limits.append(0)
        if len(self.tasks) > len(self._ranks):
            self._ranks = np.concatenate((self._ranks, np.full_like(self._ranks, _NO_ROOM)))

    def set_limit(self, slot: int, limit: int) -> None:
        """Set how many tasks the agent in a slot may hold; 0 while it gets no work."""
        self._limits[slot] = limit
        self._refresh(slot)

    def reserve(self, task_id: str, slot: int) -> None:
        """Take a place for a task whose assignment is on its way into the log."""
        self.unreserve(task_id)
        self.reservations[task_id] = slot
        self._reserved[slot] += 1
        self._refresh(slot)

    def unreserve(self, task_id: str) -> int | None:
        """Give a reserved place back; returns its slot, None when there was none."""
        slot = self.reservations.pop(task_id, None)
        if slot is not None:
            self._reserved[slot] -= 1
            self._refresh(slot)
        return slot

    def hold(self, task_id: str, slot: int) -> None:
        """Take a place for a task that was assigned; its reservation turns into it."""
        self.unreserve(task_id)
        self.release(task_id)
        self.holders[task_id] = slot
        self.tasks[slot].add(task_id)
        self.sequence += 1
        self.last[slot] = self.sequence
        self._refresh(slot)

    def release(self, task_id: str) -> int | None:
        """Give the place of a held task back; returns its slot, None when nobody held it."""
        slot = self.holders.pop(task_id, None)
        if slot is not None:
            self.tasks[slot].discard(task_id)
            self._refresh(slot)
        return slot

    def restore(
        self, last: list[int], holders: list[tuple[str, int]], sequence: int
    ) -> Steps[None]:
        """Take over what a snapshot holds; the slots are there, their limits are set later."""
        self.last[:] = last
        self.sequence = sequence
        for some in drained(holders, 500):
            for task_id, slot in some:
                self.holders[task_id] = slot
                self.tasks[slot].add(task_id)
            yield

    def active(self, slot: int) -> int:
        """Return how many places are taken."""
        return len(self.tasks[slot]) + self._reserved[slot]

    def total(self) -> int:
        """Return how many places are taken over all agents."""
        return len(self.holders) + len(self.reservations)

    def first_of(self, tiers: tuple[NDArray[np.intp], ...]) -> tuple[int, int]:
        """Return the slot to take next and how many of the slots have a place left.

        Args:
            tiers: Groups of slots; a group goes before all that follow. Within a group the least
                loaded comes first, then the one that was given a task the longest ago.

        Returns:
            The slot (-1: none has a place left) and the count.
        """
        chosen, considered = -1, 0
        # Mostly nobody is full, and then nobody needs to be counted.
        all_open = len(self.open) == len(self.tasks)
        for slots in tiers:
            if chosen >= 0 and all_open:
                considered += slots.size
                continue
            ranks = self._ranks.take(slots)
            if chosen < 0:
                best = ranks.argmin()
                if all_open or ranks[best] != _NO_ROOM:
                    chosen = int(slots[best])
            considered += slots.size if all_open else int(np.count_nonzero(ranks != _NO_ROOM))
        return chosen, considered

    def first_open(self, suits: Callable[[int], int]) -> tuple[int, int]:
        """Return the same as ``first_of``, by way of the open slots: quicker when they are few.

        Args:
            suits: The group of a slot, the lower the better; 0 for none.
        """
        ranked = [(group, self._ranks[slot], slot) for slot in self.open if (group := suits(slot))]
        return (min(ranked)[2], len(ranked)) if ranked else (-1, 0)

    def _refresh(self, slot: int) -> None:
        active, limit = self.active(slot), self._limits[slot]
        if active >= limit:
            self._ranks[slot] = _NO_ROOM
            self.open.discard(slot)
            self.opened.discard(slot)
            return
        if slot not in self.open:
            self.open.add(slot)
            self.opened.add(slot)
        load = (active << _LOAD_BITS) // limit
        self._ranks[slot] = (load << _SEQUENCE_BITS) | self.last[slot]
