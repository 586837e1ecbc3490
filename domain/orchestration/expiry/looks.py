"""When to look at what: an order of planned looks, one for each thing at most."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heapify, heappop, heappush

_VOID = 500
"""Void looks that are kept, beside one for each that counts, before the heap is made anew."""


class Looks:
    """Things by the time of the next look at them, seconds since the epoch."""

    def __init__(self) -> None:
        """Plan nothing."""
        # What stands in the heap and not here is void.
        self._planned: dict[tuple[str, str], float] = {}
        self._heap: list[tuple[float, str, str]] = []
        self._again: list[tuple[str, str]] = []

    def __len__(self) -> int:
        """Return how many are kept in memory, void ones included."""
        return len(self._heap)

    def plan(self, kind: str, key: str, when: float = 0.0) -> None:
        """Look at something at a time, unless it is looked at earlier anyway."""
        planned = self._planned.get((kind, key))
        if planned is not None and planned <= when:
            return
        self._planned[kind, key] = when
        heappush(self._heap, (when, kind, key))
        if len(self._heap) > 2 * len(self._planned) + _VOID:
            # Nothing is taken out of a heap but its top, and where nobody asks what is due (on a
            # node that does not lead) not even that.
            self._heap = [(when, kind, key) for (kind, key), when in self._planned.items()]
            heapify(self._heap)

    def drop(self, kind: str, key: str) -> None:
        """Look at something no more."""
        self._planned.pop((kind, key), None)

    def all_again(self) -> None:
        """Look at everything, whenever a look was planned."""
        self._again = list(self._planned)

    def any_due(self, now: float) -> bool:
        """Tell whether there may be something to look at."""
        return bool(self._again or (self._heap and self._heap[0][0] <= now))

    def take(self, now: float, most: int) -> Iterator[tuple[str, str]]:
        """Yield what is to be looked at, void looks aside; after ``most`` looks it ends."""
        for _ in range(most):
            if self._again:
                kind, key = self._again.pop()
                if self._planned.pop((kind, key), None) is not None:
                    yield kind, key
            elif self._heap and self._heap[0][0] <= now:
                when, kind, key = heappop(self._heap)
                if self._planned.get((kind, key)) == when:
                    del self._planned[kind, key]
                    yield kind, key
            else:
                return
