"""How the system metrics changed, minute by minute or hour by hour, without gaps."""

from __future__ import annotations

from copy import copy
from datetime import UTC, datetime
from typing import Literal

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.projections.metrics_fold import MetricsFold
from aia_mas.projections.metrics_state import HOUR, LEVELS, MINUTE, Bucket

Resolution = Literal["minute", "hour"]
_WIDTHS: dict[str, int] = {"minute": MINUTE, "hour": HOUR}


class MetricsPoint(msgspec.Struct, frozen=True):
    """What happened within a minute or an hour, and how things stood at its end.

    Attributes:
        at: Its beginning, UTC.
        events: Events recorded.
        submitted: Tasks submitted.
        assigned: Attempts given to agents.
        completed: Tasks completed.
        failed: Attempts that failed.
        released: Attempts taken from their agents.
        cancelled: Tasks cancelled.
        expired: Tasks expired.
        mean_wait_ms: From queued to assigned, milliseconds; None: nothing was assigned.
        mean_execution_ms: From start to completion, milliseconds; None: nothing was completed.
        queue_depth: Tasks waiting at its end.
        active_tasks: Tasks held by agents at its end.
        agents: Agents registered at its end.
        agents_online: Those of them that were online.
    """

    at: datetime
    events: int
    submitted: int
    assigned: int
    completed: int
    failed: int
    released: int
    cancelled: int
    expired: int
    mean_wait_ms: int | None
    mean_execution_ms: int | None
    queue_depth: int
    active_tasks: int
    agents: int
    agents_online: int


def points(
    fold: MetricsFold, since: datetime | None, until: datetime | None, resolution: Resolution
) -> list[MetricsPoint]:
    """Return one point for every minute or hour; see ``SystemMetrics.history``.

    Raises:
        InvalidValue: The resolution is unknown.
    """
    width = _WIDTHS.get(resolution)
    if width is None:
        raise InvalidValue("resolution is minute or hour", field="resolution")
    buckets = _buckets(fold, resolution)
    if not buckets:
        return []
    first = buckets[0].start
    if since is not None:
        wanted = round(since.timestamp() * 1000)
        first = max(first, wanted - wanted % width)
    last = buckets[-1].start
    if until is not None:
        last = min(last, round(until.timestamp() * 1000) - 1)
    return [_point(bucket) for bucket in _filled(buckets, width) if first <= bucket.start <= last]


def _buckets(fold: MetricsFold, resolution: Resolution) -> list[Bucket]:
    """Return the buckets with events, the current one as it is now."""
    minutes = fold.state.minutes
    if not minutes:
        return []
    current = copy(minutes[-1])
    fold.levels(current)
    if resolution == "minute":
        return [*minutes[:-1], current]
    hours = list(fold.state.hours)
    start = current.start - current.start % HOUR
    hour = copy(hours.pop()) if hours and hours[-1].start == start else Bucket(start)
    hour.include(current)
    return [*hours, hour]


def _filled(buckets: list[Bucket], width: int) -> list[Bucket]:
    """Put an empty bucket, standing as the one before, wherever nothing happened."""
    filled: list[Bucket] = []
    for bucket in buckets:
        while filled and filled[-1].start + width < bucket.start:
            before = filled[-1]
            quiet = Bucket(before.start + width)
            for level in LEVELS:
                setattr(quiet, level, getattr(before, level))
            filled.append(quiet)
        filled.append(bucket)
    return filled


def _point(bucket: Bucket) -> MetricsPoint:
    return MetricsPoint(
        at=datetime.fromtimestamp(bucket.start / 1000, UTC),
        events=bucket.events,
        submitted=bucket.submitted,
        assigned=bucket.assigned,
        completed=bucket.completed,
        failed=bucket.failed,
        released=bucket.released,
        cancelled=bucket.cancelled,
        expired=bucket.expired,
        mean_wait_ms=bucket.waited // bucket.assigned if bucket.assigned else None,
        mean_execution_ms=bucket.worked // bucket.completed if bucket.completed else None,
        queue_depth=bucket.queued,
        active_tasks=bucket.held,
        agents=bucket.agents,
        agents_online=bucket.online,
    )
