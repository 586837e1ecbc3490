"""When concurrency keys that go at a rate may be looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from math import inf


class Pacing:
    """One time for each key that is waited for."""

    def __init__(self) -> None:
        """Start with none."""
        self._until: dict[str, float] = {}
        # After a rate became quicker the later entry of a key stays in it until it comes up.
        self._heap: list[tuple[float, str]] = []

    def wait(self, key: str, until: float) -> None:
        """Look at a key again at a time, seconds since the epoch; not later than before."""
        if until < self._until.get(key, inf):
            self._until[key] = until
            heappush(self._heap, (until, key))

    def due(self, now: float) -> Iterator[str]:
        """Yield, and wait no longer for, those whose time has come."""
        while (at := self.next()) is not None and at <= now:
            key = heappop(self._heap)[1]
            del self._until[key]
            yield key

    def next(self) -> float | None:
        """Return the first of the times; None: no key is waited for."""
        heap, until = self._heap, self._until
        while heap and until.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None
