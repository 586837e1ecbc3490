"""Concurrency keys that go at a rate: when each of them may be looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

from aia_mas.domain.orchestration.queueing.concurrency_keys import ConcurrencyKeys


class PacedKeys:
    """Keys that are shut by their rate, in the order in which they may open."""

    def __init__(self) -> None:
        """Start with none."""
        self._times: list[tuple[float, str]] = []
        self._keys: set[str] = set()

    def add(self, key: str, until: float) -> None:
        """Look at a key again at a time, seconds since the epoch, unless that is done anyway."""
        if key not in self._keys:
            self._keys.add(key)
            heappush(self._times, (until, key))

    def next(self) -> float | None:
        """Return when the next one is to be looked at, seconds since the epoch."""
        return self._times[0][0] if self._times else None

    def due(self, now: float, keys: ConcurrencyKeys, most: int) -> Iterator[str]:
        """Yield the keys whose rate lets more through by now, and take them out.

        Args:
            now: Seconds since the epoch.
            keys: What is known of them.
            most: How many are looked at; others stay for the next call.
        """
        for _ in range(most):
            if not self._times or self._times[0][0] > now:
                return
            _, key = heappop(self._times)
            state = keys.states.get(key)
            later = None if state is None else state.paced_until(now)
            if later is not None:
                heappush(self._times, (later, key))
            else:
                self._keys.discard(key)
                yield key
