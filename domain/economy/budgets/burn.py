"""How fast money is spent, and how long it lasts at that pace: in whole base units and seconds."""

from __future__ import annotations

from typing import Final

HOUR: Final = 3_600
"""Seconds."""
DAY: Final = 24 * HOUR


def burn_rate(spent: int, seconds: int) -> int:
    """Return what is spent a day at the pace of some time, base units rounded down.

    Args:
        spent: What was spent in that time, base units.
        seconds: How long it was; less than an hour counts as one, because what is spent in the
            first minutes is no pace of a day yet.
    """
    return spent * DAY // max(seconds, HOUR)


def runway_seconds(left: int, per_day: int) -> int | None:
    """Return for how long what is left lasts, whole seconds; None: nothing is being spent.

    Args:
        left: What is left, base units; nothing below 0 is.
        per_day: What is spent a day, base units.
    """
    return None if per_day <= 0 else max(left, 0) * DAY // per_day
