"""Tasks that stand aside until a time of their own."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Generic, TypeVar

P = TypeVar("P")
S = TypeVar("S")


class Timers(Generic[P, S]):
    """What is held until later; each with its place and what it asks for."""

    def __init__(self) -> None:
        """Start empty."""
        self._held: dict[str, tuple[float, int, P, S]] = {}
        # Entries that were removed stay in it until they come up.
        self._heap: list[tuple[float, int, str]] = []
        self._serials = count()

    def add(self, task_id: str, until: float, place: P, signature: S) -> None:
        """Hold a task until a time, seconds since the epoch."""
        serial = next(self._serials)
        self._held[task_id] = (until, serial, place, signature)
        heappush(self._heap, (until, serial, task_id))

    def remove(self, task_id: str) -> bool:
        """Hold a task no longer; tells whether it was held."""
        if self._held.pop(task_id, None) is None:
            return False
        if len(self._heap) > 2 * len(self._held) + 16:
            self._heap = [(at, serial, task) for task, (at, serial, *_) in self._held.items()]
            heapify(self._heap)
        return True

    def due(self, now: float) -> Iterator[tuple[str, P, S]]:
        """Yield, and hold no longer, those whose time has come."""
        while (at := self.next()) is not None and at <= now:
            task_id = heappop(self._heap)[2]
            _, _, place, signature = self._held.pop(task_id)
            yield task_id, place, signature

    def next(self) -> float | None:
        """Return when the next one is due, seconds since the epoch."""
        while self._heap:
            at, serial, task_id = self._heap[0]
            held = self._held.get(task_id)
            if held is not None and held[1] == serial:
                return at
            heappop(self._heap)
        return None

    def until(self, task_id: str) -> float | None:
        """Return until when a task is held, seconds since the epoch; None: it is not."""
        held = self._held.get(task_id)
        return None if held is None else held[0]

    def __contains__(self, task_id: str) -> bool:
        """Tell whether a task is held."""
        return task_id in self._held

    def __len__(self) -> int:
        """Return how many are held."""
        return len(self._held)
