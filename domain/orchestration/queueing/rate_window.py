"""What was dispatched under a key of late: no window of its period holds more than its rate.

An exact sliding window: dispatch number ``n`` may come a whole period after number ``n - rate``, in
bursts or evenly. A log of ``rate`` times would do, but a rate may be a million; so those that come
within a hundredth of the period share an entry with the time of the last of them. They then count
for up to that much longer, never shorter, and the promise holds with a few kilobytes for a key.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left

import msgspec

ENTRIES = 100
"""Times that are kept as they are, and the parts of a period beyond that."""


class StoredWindow(msgspec.Struct, frozen=True, array_like=True):
    """A window as a snapshot holds it; see ``RateWindow``."""

    began: int
    numbers: list[int]
    times: list[int]


class RateWindow:
    """The latest dispatches of one key.

    Times are whole microseconds since the epoch. They are those of the log, which another leader's
    clock may have told: one that lies before the last one counts as the last one.
    """

    __slots__ = ("_began", "_numbers", "_times")

    def __init__(self, stored: StoredWindow | None = None) -> None:
        """Start empty, or with what a snapshot holds."""
        # Of each entry: the number of its last dispatch, counted from the first ever, and its time.
        self._numbers = array("q", () if stored is None else stored.numbers)
        self._times = array("q", () if stored is None else stored.times)
        # When the first dispatch of the last entry was.
        self._began = 0 if stored is None else stored.began

    def dispatched(self, at: int, rate: int, period: int) -> None:
        """Count a dispatch (``period``: of the rate, microseconds)."""
        numbers, times = self._numbers, self._times
        if not times:
            self._began = at
            numbers.append(1)
            times.append(at)
            return
        at, number = max(at, times[-1]), numbers[-1] + 1
        if rate > ENTRIES and at - self._began < -(-period // ENTRIES):
            numbers[-1], times[-1] = number, at
            return
        self._began = at
        numbers.append(number)
        times.append(at)
        # Those that count no more, but for the last of them. After the period became longer there
        # may be too many that do: those before the first entry are taken for as late as that one.
        gone = max(bisect_left(times, at - period + 1) - 1, len(times) - ENTRIES - 3)
        if gone > 0:
            del numbers[:gone], times[:gone]

    def next_at(self, ahead: int, rate: int, period: int, now: int) -> int:
        """Return when the next dispatch may be, ``now`` or later.

        Args:
            ahead: Dispatches on their way into the log, each of which will be now or later.
            rate: How many there may be in a period.
            period: Its length, microseconds.
            now: What time it is.
        """
        numbers = self._numbers
        last = numbers[-1] if numbers else 0
        # This one has to be over a period before the next one.
        before = last + ahead + 1 - rate
        if before <= 0:
            return now
        if before > last:
            return now + period
        return max(now, self._times[bisect_left(numbers, before)] + period)

    def stored(self) -> StoredWindow | None:
        """Return what a snapshot is to hold; None: nothing."""
        if not self._times:
            return None
        return StoredWindow(self._began, self._numbers.tolist(), self._times.tolist())
