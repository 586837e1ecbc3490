"""What flowed, over windows: sums by the hour for a day, by the day for a month, and of all time.

Integers only, and no time but that of the log: what is too old goes when something newer comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec

Window = Literal["1h", "24h", "7d", "30d", "all"]
"""How far back."""
WINDOWS: Final[tuple[Window, ...]] = ("1h", "24h", "7d", "30d", "all")

HOUR: Final = 3_600_000
"""Milliseconds."""
DAY: Final = 24 * HOUR
"""Milliseconds."""

_HOURS: Final[Mapping[Window, int]] = {"1h": 1, "24h": 24}
_DAYS: Final[Mapping[Window, int]] = {"7d": 7, "30d": 30}
_OLDEST_HOUR, _OLDEST_DAY = max(_HOURS.values()), max(_DAYS.values())


class Flow(msgspec.Struct, array_like=True, gc=False):
    """What flowed in one direction; amounts in base units.

    Attributes:
        total: Of all time.
        hours: By the hour (its number since 1970), oldest first; of the last day.
        days: By the day (its number since 1970), oldest first; of the last month.
    """

    total: int = 0
    hours: dict[int, int] = {}
    days: dict[int, int] = {}

    def add(self, amount: int, at: int) -> None:
        """Add what flowed (``at``: milliseconds since 1970; never before that of the last call)."""
        self.total += amount
        _add(self.hours, at // HOUR, amount, _OLDEST_HOUR)
        _add(self.days, at // DAY, amount, _OLDEST_DAY)

    def within(self, window: Window, at: int) -> int:
        """Return what flowed in a window that ends at a time (milliseconds since 1970)."""
        if window == "all":
            return self.total
        if window in _HOURS:
            return _since(self.hours, at // HOUR - _HOURS[window])
        return _since(self.days, at // DAY - _DAYS[window])


def beginning(window: Window, at: int) -> datetime | None:
    """Return what a window begins with, UTC; None: it has no beginning.

    A full hour where it is of hours, a full day where it is of days: so it is up to an hour, or a
    day, longer than its name.

    Args:
        window: The window.
        at: When it ends, milliseconds since 1970.
    """
    if window == "all":
        return None
    if window in _HOURS:
        begun = (at // HOUR - _HOURS[window]) * HOUR
    else:
        begun = (at // DAY - _DAYS[window]) * DAY
    return datetime.fromtimestamp(begun / 1000, UTC)


def _add(sums: dict[int, int], number: int, amount: int, kept: int) -> None:
    known = sums.get(number)
    if known is not None:
        sums[number] = known + amount
        return
    sums[number] = amount
    while (oldest := next(iter(sums))) < number - kept:
        del sums[oldest]


def _since(sums: dict[int, int], first: int) -> int:
    return sum(amount for number, amount in sums.items() if number >= first)
