"""How fast money is spent, and how long it lasts at that pace: in whole base units and seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from aia_mas.domain.economy.budgets.periods import Span

DAY: Final = 86_400
"""Seconds."""


def burn_rate(spent: int, seconds: int) -> int:
    """Return what is spent a day at the pace of some time, base units rounded down.

    Args:
        spent: What was spent in that time, base units.
        seconds: How long it was; less than one counts as one.
    """
    return spent * DAY // max(seconds, 1)


def runway_seconds(left: int, per_day: int) -> int | None:
    """Return for how long what is left lasts, whole seconds; None: nothing is being spent.

    Args:
        left: What is left, base units; nothing below 0 is.
        per_day: What is spent a day, base units.
    """
    return None if per_day <= 0 else max(left, 0) * DAY // per_day


def elapsed_seconds(span: Span | None, since: datetime, now: datetime) -> int:
    """Return for how long money was spent in a period so far, whole seconds.

    Args:
        span: The period; None: it has neither beginning nor end.
        since: When spending could begin, UTC.
        now: The time, UTC.
    """
    begin = since if span is None else max(since, span.begin)
    return int((now - begin).total_seconds())
