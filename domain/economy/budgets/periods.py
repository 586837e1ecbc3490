"""Periods of budgets: days, weeks, months by the calendar of UTC, or one period for all time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple


class Period(StrEnum):
    """How long a budget lasts before it begins anew."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ONCE = "once"


class Span(NamedTuple):
    """From when until when, UTC; the end does not belong to it."""

    begin: datetime
    end: datetime


def period_at(period: Period, now: datetime) -> str:
    """Return the name of the period that a time belongs to.

    Periods of one kind sort by their names: ``2026-11-29``, ``2026-W48`` (ISO 8601), ``2026-11``,
    ``once``.
    """
    today = now.astimezone(UTC).date()
    match period:
        case Period.DAY:
            return today.isoformat()
        case Period.WEEK:
            year, week, _ = today.isocalendar()
            return f"{year:04d}-W{week:02d}"
        case Period.MONTH:
            return f"{today.year:04d}-{today.month:02d}"
        case Period.ONCE:
            return Period.ONCE.value


def span_of(name: str) -> Span | None:
    """Return from when until when a period lasts; None: it has neither beginning nor end."""
    if name == Period.ONCE:
        return None
    if "W" in name:
        begin = date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
        return Span(_midnight(begin), _midnight(begin + timedelta(days=7)))
    if len(name) == len("2026-11"):
        begin = date.fromisoformat(f"{name}-01")
        following = (begin + timedelta(days=31)).replace(day=1)
        return Span(_midnight(begin), _midnight(following))
    begin = date.fromisoformat(name)
    return Span(_midnight(begin), _midnight(begin + timedelta(days=1)))


def kind_of(name: str) -> Period:
    """Return what kind of period a name is that of."""
    if name == Period.ONCE:
        return Period.ONCE
    if "W" in name:
        return Period.WEEK
    return Period.MONTH if len(name) == len("2026-11") else Period.DAY


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
