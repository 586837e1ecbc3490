"""The last minutes: how much happened, to the second, and how long it took, to the minute."""

from __future__ import annotations

from bisect import bisect_left
from operator import attrgetter

import msgspec

from aia_mas.projections.durations import Durations
from aia_mas.projections.metrics_rollup import MINUTE, RollUp

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


class Recent(msgspec.Struct, array_like=True):
    """The waits and executions of a minute (``start``: milliseconds since 1970)."""

    start: int
    waited: Durations
    worked: Durations


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


def with_ended(recent: list[Recent], minutes: RollUp, at: int) -> list[Recent]:
    """Return the minutes of the longest window, with the last one of a roll-up, which is over.

    Args:
        recent: Those before it.
        minutes: The roll-up; it must not change the durations of that minute any more.
        at: The time, milliseconds since 1970.
    """
    every = [*recent, Recent(minutes.buckets[-1].start, minutes.waited, minutes.worked)]
    return [each for each in every if each.start > _begin(at)]


def lasted(recent: list[Recent], minutes: RollUp, end: int) -> tuple[Durations, Durations]:
    """Return the waits and the executions of the longest window, the current minute included."""
    waited, worked = Durations(), Durations()
    if minutes.buckets:
        for minute in with_ended(recent, minutes, end):
            waited.include(minute.waited)
            worked.include(minute.worked)
    return waited, worked


def _begin(end: int) -> int:
    return end - end % MINUTE - LONGEST


_at = attrgetter("at")
