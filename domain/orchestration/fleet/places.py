"""Who holds which task, and who has a place left."""

from __future__ import annotations

from collections.abc import Callable

from aia_mas.domain.kernel.steps import Steps, drained

Loaded = Callable[[int, int, int, int], None]
"""Told a slot, how many of its places are taken, how many there are, and its last turn."""


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
        opened: Those of them that may take more, or other, tasks than before; with the next sweep
            they are offered to what is stuck.
        offered: Those of them that are offered to it in the sweep that is on.
    """

    def __init__(self, loaded: Loaded = lambda *_: None) -> None:
        """Start without agents (``loaded``: told of every slot whose load may have changed)."""
        self.holders: dict[str, int] = {}
        self.reservations: dict[str, int] = {}
        self.tasks: list[set[str]] = []
        self.last: list[int] = []
        self.sequence = 0
        self.open: set[int] = set()
        self.opened: set[int] = set()
        self.offered: set[int] = set()
        self._reserved: list[int] = []
        self._limits: list[int] = []
        self._loaded = loaded
        # How many were open at once since the sets were made.
        self._most = 0

    def add(self) -> None:
        """Add a slot, as yet without places."""
        self.tasks.append(set())
        self.last.append(0)
        self._reserved.append(0)
        self._limits.append(0)

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

    def reopen(self, slot: int) -> None:
        """Note that the agent in a slot may take more, or other, tasks, if it has a place left."""
        if slot in self.open:
            self.opened.add(slot)
            self.offered.discard(slot)

    def offer(self) -> None:
        """Offer those that were opened."""
        self.offered, self.opened = self.opened, set()

    def active(self, slot: int) -> int:
        """Return how many places are taken."""
        return len(self.tasks[slot]) + self._reserved[slot]

    def total(self) -> int:
        """Return how many places are taken over all agents."""
        return len(self.holders) + len(self.reservations)

    def _refresh(self, slot: int) -> None:
        active, limit = self.active(slot), self._limits[slot]
        self._loaded(slot, active, limit, self.last[slot])
        if active >= limit:
            self.open.discard(slot)
            self.opened.discard(slot)
            self.offered.discard(slot)
            if len(self.open) * _SHRINK < self._most:
                # To go through a set takes as long as when it was largest.
                self.open = set(self.open)
                self.opened, self.offered = set(self.opened), set(self.offered)
                self._most = len(self.open)
        elif slot not in self.open:
            self.open.add(slot)
            self.reopen(slot)
            self._most = max(self._most, len(self.open))


_SHRINK = 16
