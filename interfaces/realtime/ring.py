"""The last facts of one topic in memory, for those who resume."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter

from aia_mas.interfaces.realtime.facts import Fact

_position = attrgetter("position")


class Ring:
    """Every fact of a topic behind ``floor``, as far as the hub has come."""

    def __init__(self, floor: int, capacity_bytes: int) -> None:
        """Make an empty ring.

        Args:
            floor: The position behind which it knows every fact.
            capacity_bytes: The size of its facts; up to a quarter more is kept for a moment.
        """
        self.floor = floor
        self._facts: list[Fact] = []
        self._bytes = 0
        self._capacity = capacity_bytes

    def add(self, fact: Fact) -> None:
        """Add the newest fact."""
        self._facts.append(fact)
        self._bytes += fact.size
        if self._bytes > self._capacity + self._capacity // 4:
            self._trim()

    def since(self, after: int, limit: int) -> Sequence[Fact] | None:
        """Return facts behind a position, or None when the ring begins later than that."""
        if after < self.floor:
            return None
        start = bisect_right(self._facts, after, key=_position)
        return self._facts[start : start + limit]

    def _trim(self) -> None:
        # In one go and seldom: dropping the head of a list moves all the rest.
        dropped = 0
        while self._bytes > self._capacity:
            self._bytes -= self._facts[dropped].size
            dropped += 1
        self.floor = self._facts[dropped - 1].position
        del self._facts[:dropped]
