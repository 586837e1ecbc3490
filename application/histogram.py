"""How often something had which size, counted in fixed buckets: a few additions for each."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


class Histogram:
    """Counts of values up to each bound, and their sum.

    Attributes:
        bounds: The largest value of each bucket but the last, ascending.
        counts: How many values are in each bucket; the last one has those beyond all bounds.
        total: The sum of all values.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Begin without values."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def copy(self) -> Histogram:
        """Return a copy that stays as it is."""
        copy = Histogram(self.bounds)
        copy.counts = self.counts.copy()
        copy.total = self.total
        return copy
