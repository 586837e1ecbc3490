"""Series of the system metrics: what is asked for, and what is answered."""

from __future__ import annotations

import re
from datetime import datetime

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.projections.metrics_history import MetricsPoint, Span
from aia_mas.projections.metrics_rollup import DAY, HOUR, MINUTE
from aia_mas.projections.system_metrics import SystemMetrics

_STEP = re.compile(r"([1-9][0-9]{0,3})([mhd])", re.ASCII)
_UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}
_LONGEST_STEP = 366 * DAY


class MetricsHistory(msgspec.Struct, frozen=True, kw_only=True):
    """How the figures changed over time.

    Attributes:
        step_seconds: From point to point.
        items: One point for every step, without gaps, the oldest first. They begin at multiples of
            the step since 1970, UTC; the last one need not be over.
        as_of: The last position in it.
    """

    step_seconds: int
    items: list[MetricsPoint]
    as_of: int


def span_of(since: datetime | None, until: datetime | None, step: int | None) -> Span:
    """Return what a query asks for (``step``: milliseconds).

    Raises:
        InvalidValue: The end is before the beginning.
    """
    if since is not None and until is not None and until < since:
        raise InvalidValue("to is before from", field="to")
    return Span(since=since, until=until, step=step)


def millis_of(step: str) -> int:
    """Return a step (``5m``) in milliseconds.

    Raises:
        InvalidValue: It is none, or too long.
    """
    match = _STEP.fullmatch(step)
    millis = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < millis <= _LONGEST_STEP:
        raise InvalidValue("step is a number and m, h or d, a year at most: 5m, 1h", field="step")
    return millis


def history_of(metrics: SystemMetrics, span: Span, now: datetime) -> MetricsHistory:
    """Return a series as it is answered."""
    found = metrics.history(span, now)
    return MetricsHistory(step_seconds=found.step // 1000, items=found.points, as_of=metrics.as_of)
