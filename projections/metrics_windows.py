"""How much happened in the last minutes: to the second, without adding anything up."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

import msgspec

SECOND = 1_000
"""Milliseconds."""
LONGEST = 15 * 60 * SECOND
"""The longest window, milliseconds."""


class Totals(msgspec.Struct, array_like=True, gc=False):
    """How much there ever was.

    Attributes:
        at: At the beginning of which second, milliseconds since 1970.
        events: Events.
        submitted: Tasks submitted.
        completed: Tasks completed.
        lost: Tasks that ended as failed, dead or expired.
    """

    at: int
    events: int
    submitted: int
    completed: int
    lost: int


def forget(marks: list[Totals], at: int) -> None:
    """Forget what no window that ends at a time or later begins with."""
    outdated = bisect_left(marks, at - at % SECOND - LONGEST, key=_at)
    if outdated > 64:  # rarely, because the rest is moved
        del marks[:outdated]


def since(marks: list[Totals], now: Totals, start: int) -> Totals:
    """Return how much happened from a time on.

    Args:
        marks: The totals at the beginning of each second in which something happened, oldest first.
        now: The totals as they are.
        start: From when on, milliseconds since 1970.
    """
    found = bisect_left(marks, start, key=_at)
    before = marks[found] if found < len(marks) else now
    return Totals(
        start,
        now.events - before.events,
        now.submitted - before.submitted,
        now.completed - before.completed,
        now.lost - before.lost,
    )


_at = attrgetter("at")
