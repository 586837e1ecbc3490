"""How the system metrics changed over time: points of one step, without gaps, never too many."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from operator import attrgetter

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel.errors import DomainError
from aia_mas.projections.metrics_fold import MetricsFold
from aia_mas.projections.metrics_rollup import DAY, HOUR, KEPT, MINUTE, Bucket

MOST_POINTS = 1_000
"""Points of a series, at most."""
STEPS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, DAY)
"""What is taken when no step is asked for, the finest that fits; milliseconds."""


class TooManyPoints(DomainError):
    """So fine a step gives too many points for so long a time; leave it out or make it longer."""

    code = "too_many_points"


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """Of what a series is asked for.

    Attributes:
        since: From when on; None: as far back as there are figures, or as the step allows.
        until: Until when; None: until now.
        step: Milliseconds from point to point, whole minutes; None: whatever fits.
    """

    since: datetime | None = None
    until: datetime | None = None
    step: int | None = None


class MetricsPoint(msgspec.Struct, frozen=True):
    """What happened within one step, and how things stood at its end.

    Attributes:
        at: Its beginning, UTC.
        events: Events recorded.
        submitted: Tasks submitted.
        assigned: Attempts given to agents.
        completed: Tasks completed.
        failed: Attempts that failed.
        released: Attempts taken from their agents.
        requeued: Those of both after which the task was queued again.
        cancelled: Tasks cancelled.
        expired: Tasks expired.
        dead: Tasks that had no attempts left.
        mean_wait_ms: From queued to assigned, milliseconds; None: nothing was assigned.
        p95_wait_ms: What 95 % of these did not exceed; for a step of several minutes, hours or
            days it is the largest one of theirs.
        mean_execution_ms: From start to completion, milliseconds; None: nothing was completed.
        p95_execution_ms: As above.
        queue_depth: Tasks waiting at its end.
        active_tasks: Tasks held by agents at its end.
        agents: Agents registered at its end.
        agents_online: Those of them that were online.
        places: Tasks that the available agents took at once, at its end.
        places_in_use: Tasks that they held.
    """

    at: datetime
    events: int
    submitted: int
    assigned: int
    completed: int
    failed: int
    released: int
    requeued: int
    cancelled: int
    expired: int
    dead: int
    mean_wait_ms: int | None
    p95_wait_ms: int | None
    mean_execution_ms: int | None
    p95_execution_ms: int | None
    queue_depth: int
    active_tasks: int
    agents: int
    agents_online: int
    places: int
    places_in_use: int


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Points in their order (``step``: milliseconds; ``since`` and ``until``: what they cover)."""

    step: int
    since: datetime | None
    until: datetime | None
    points: list[MetricsPoint]


def series(fold: MetricsFold, span: Span, now: int) -> Series:
    """Return one point for every step; see ``SystemMetrics.history``.

    Raises:
        TooManyPoints: The step that is asked for gives too many.
    """
    end = now + 1 if span.until is None else min(round(span.until.timestamp() * 1000), now + 1)
    begin = None if span.since is None else round(span.since.timestamp() * 1000)
    step = span.step or _fitting(fold, begin, end, now)
    # One step in which the end lies is shown as well, also when it is not over.
    last = end - 1 - (end - 1) % step
    if begin is not None:
        begin -= begin % step
        if span.step and (last - begin) // step + 1 > MOST_POINTS:
            raise TooManyPoints(
                f"That would be more than {MOST_POINTS} points; leave out step, or make it longer"
            )
    buckets = _buckets(fold, step)
    if not buckets:
        return Series(step=step, since=None, until=None, points=[])
    first = max(
        buckets[0].start - buckets[0].start % step,
        last - (MOST_POINTS - 1) * step,
        0 if begin is None else begin,
    )
    points = [_point(bucket) for bucket in _every(buckets, first, last, step)]
    if not points:
        return Series(step=step, since=None, until=None, points=[])
    return Series(step=step, since=points[0].at, until=_moment(last + step), points=points)


def _fitting(fold: MetricsFold, begin: int | None, end: int, now: int) -> int:
    """Return the finest step that covers a time with few enough points, and whose data go back."""
    if begin is None:
        begin = _oldest(fold, end)
    for step in STEPS:
        width, kept = _source(step)[1]
        if (end - begin) // step < MOST_POINTS and begin >= now - width * kept:
            return step
    return STEPS[-1]


def _oldest(fold: MetricsFold, end: int) -> int:
    """Return since when there are figures (``end``: there are none): as fine as they are known.

    A coarse bucket begins before its first event, at midnight say. Where a finer one begins within
    it, it says when that was; where not, the finer ones of that time are given up already.
    """
    oldest, within = end, None
    for (width, _), rollup in zip(reversed(KEPT), reversed(fold.state.rollups), strict=True):
        if not rollup.buckets:
            continue
        start = rollup.buckets[0].start
        if within is not None and start >= oldest + within:
            break
        oldest, within = start, width
    return oldest


def _source(step: int) -> tuple[int, tuple[int, int]]:
    """Return which roll-up a step is made of, and its width and number of buckets."""
    fitting = [(number, each) for number, each in enumerate(KEPT) if step % each[0] == 0]
    return fitting[-1]


def _buckets(fold: MetricsFold, step: int) -> Sequence[Bucket]:
    """Return the buckets with events that a step is made of, the last one as it is now."""
    rollups = fold.state.rollups
    if not rollups[0].buckets:
        return []
    current = rollups[0].copy_of_last()
    fold.levels(current.buckets[0])
    current.settle(current.buckets[0])
    number, _ = _source(step)
    for rollup in rollups[1 : number + 1]:
        coarser = rollup.copy_of_last()
        coarser.include(current, current.buckets[0])
        coarser.settle(coarser.buckets[0])
        current = coarser
    return [*rollups[number].buckets[:-1], *current.buckets]


def _every(buckets: Sequence[Bucket], first: int, last: int, step: int) -> Iterator[Bucket]:
    """Yield a bucket for every step; where nothing happened, it stands as the one before."""
    index, count = bisect_left(buckets, first, key=_start), len(buckets)
    before = buckets[index - 1] if index else Bucket(first)
    for start in range(first, last + 1, step):
        end, bucket = start + step, None
        while index < count and (each := buckets[index]).start < end:
            if bucket is None:
                # Mostly it is the only one; then it is shown as it is.
                bucket = replace(each, start=start)
            else:
                bucket.include(each)
            index += 1
        if bucket is None:
            bucket = Bucket(start)
            bucket.stand_as(before)
        yield bucket
        before = bucket


def _point(bucket: Bucket) -> MetricsPoint:
    assigned, completed = bucket.assigned, bucket.completed
    return MetricsPoint(
        at=_moment(bucket.start),
        events=bucket.events,
        submitted=bucket.submitted,
        assigned=assigned,
        completed=completed,
        failed=bucket.failed,
        released=bucket.released,
        requeued=bucket.requeued,
        cancelled=bucket.cancelled,
        expired=bucket.expired,
        dead=bucket.dead,
        mean_wait_ms=bucket.waited // assigned if assigned else None,
        p95_wait_ms=bucket.waited_p95 if assigned else None,
        mean_execution_ms=bucket.worked // completed if completed else None,
        p95_execution_ms=bucket.worked_p95 if completed else None,
        queue_depth=bucket.queued,
        active_tasks=bucket.held,
        agents=bucket.agents,
        agents_online=bucket.online,
        places=bucket.places,
        places_in_use=bucket.in_use,
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


_start = attrgetter("start")
