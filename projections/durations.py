"""How long things take: counts in buckets of integers, so that every fold gets the same figures."""

from __future__ import annotations

import msgspec

_EXACT = 16
_SHIFT = 3  # 2**3 buckets for every doubling: a percentile is at most an eighth too large


class Durations(msgspec.Struct):
    """Durations in milliseconds, summed up exactly and counted in logarithmic buckets.

    After HdrHistogram: below 16 ms every value has its own bucket, above that every doubling is
    divided into eight.

    Attributes:
        count: How many there were.
        total: Their sum, milliseconds.
        longest: The largest, milliseconds.
        buckets: Number of the bucket -> how many are in it.
    """

    count: int = 0
    total: int = 0
    longest: int = 0
    buckets: dict[int, int] = {}

    def add(self, milliseconds: int) -> None:
        """Count one; less than nothing counts as nothing."""
        milliseconds = max(milliseconds, 0)
        self.count += 1
        self.total += milliseconds
        self.longest = max(self.longest, milliseconds)
        bucket = bucket_of(milliseconds)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def include(self, others: Durations) -> None:
        """Count all of others, too."""
        self.count += others.count
        self.total += others.total
        self.longest = max(self.longest, others.longest)
        for bucket, count in others.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + count

    def copy(self) -> Durations:
        """Return a copy that stays as it is."""
        return Durations(self.count, self.total, self.longest, dict(self.buckets))

    def percentile(self, percent: int) -> int:
        """Return the milliseconds that ``percent`` of them did not exceed; 0 without any."""
        rank = -(-self.count * percent // 100)
        for bucket in sorted(self.buckets):
            rank -= self.buckets[bucket]
            if rank <= 0:
                return min(_upper_bound(bucket), self.longest)
        return self.longest

    def doublings(self, highest: int) -> list[tuple[int, int]]:
        """Return how many did not exceed 1, 3, 7, 15 ... milliseconds, which is known exactly.

        Args:
            highest: The exponent of the last bound, which is ``2**highest - 1``.
        """
        counts = [0] * (highest + 2)
        for bucket, count in self.buckets.items():
            counts[min(_upper_bound(bucket).bit_length(), highest + 1)] += count
        result, sum_ = [], counts[0]
        for exponent in range(1, highest + 1):
            sum_ += counts[exponent]
            result.append(((1 << exponent) - 1, sum_))
        return result

    @property
    def mean(self) -> int:
        """The mean in milliseconds, rounded down; 0 when there are none."""
        return self.total // self.count if self.count else 0


def bucket_of(value: int) -> int:
    """Return the number of the bucket of some milliseconds, at least 0."""
    if value < _EXACT:
        return value
    exponent = value.bit_length() - 1 - _SHIFT
    return (exponent << _SHIFT) + (value >> exponent)


def _upper_bound(bucket: int) -> int:
    if bucket < _EXACT:
        return bucket
    exponent, step = (bucket >> _SHIFT) - 1, (bucket & ((1 << _SHIFT) - 1)) + (1 << _SHIFT)
    return ((step + 1) << exponent) - 1
