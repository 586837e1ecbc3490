"""What happened minute by minute, hour by hour and day by day, each summed up from the finer."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aia_mas.projections.durations import Durations

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
"""Milliseconds."""
MINUTES_KEPT = 24 * 60
HOURS_KEPT = 31 * 24
DAYS_KEPT = 366


class Bucket(msgspec.Struct, array_like=True, gc=False):
    """What happened within a minute, an hour or a day, and how things stood at its end.

    ``start`` is in milliseconds since 1970; ``waited`` and ``worked`` are sums of milliseconds over
    ``assigned`` and ``completed``, and the percentiles are those of a bucket that is over. From
    ``queued`` on they tell how things stood.
    """

    start: int
    events: int = 0
    submitted: int = 0
    assigned: int = 0
    completed: int = 0
    failed: int = 0
    released: int = 0
    requeued: int = 0
    cancelled: int = 0
    expired: int = 0
    dead: int = 0
    waited: int = 0
    worked: int = 0
    waited_p95: int = 0
    worked_p95: int = 0
    queued: int = 0
    held: int = 0
    agents: int = 0
    online: int = 0
    places: int = 0
    in_use: int = 0

    def include(self, later: Bucket) -> None:
        """Add what happened in a later bucket, and stand as it does at its end.

        The percentiles become the larger ones of both, which those of both together never exceed.
        """
        self.events += later.events
        self.submitted += later.submitted
        self.assigned += later.assigned
        self.completed += later.completed
        self.failed += later.failed
        self.released += later.released
        self.requeued += later.requeued
        self.cancelled += later.cancelled
        self.expired += later.expired
        self.dead += later.dead
        self.waited += later.waited
        self.worked += later.worked
        self.waited_p95 = max(self.waited_p95, later.waited_p95)
        self.worked_p95 = max(self.worked_p95, later.worked_p95)
        self.stand_as(later)

    def stand_as(self, other: Bucket) -> None:
        """Stand as another bucket does at its end."""
        self.queued = other.queued
        self.held = other.held
        self.agents = other.agents
        self.online = other.online
        self.places = other.places
        self.in_use = other.in_use


class RollUp(msgspec.Struct):
    """Buckets of one width.

    Attributes:
        buckets: Oldest first; those without events are left out. The last one is not over.
        waited: The waits within the last one, and ...
        worked: ... the executions, both counted up to its last minute that is over.
    """

    buckets: list[Bucket] = []
    waited: Durations = msgspec.field(default_factory=Durations)
    worked: Durations = msgspec.field(default_factory=Durations)

    def begin(self, start: int) -> Bucket:
        """Begin a bucket."""
        bucket = Bucket(start)
        self.buckets.append(bucket)
        self.waited, self.worked = Durations(), Durations()
        return bucket

    def settle(self, bucket: Bucket) -> None:
        """Write the percentiles of the last bucket into it, or into a copy of it."""
        bucket.waited_p95 = self.waited.percentile(95)
        bucket.worked_p95 = self.worked.percentile(95)

    def include(self, finer: RollUp, bucket: Bucket) -> None:
        """Add the last bucket of the next finer width, or a copy of it, to the last one here."""
        self.buckets[-1].include(bucket)
        self.waited.include(finer.waited)
        self.worked.include(finer.worked)

    def copy_of_last(self) -> RollUp:
        """Return a copy of the last bucket and its durations, which may be changed."""
        return RollUp(
            [msgspec.structs.replace(self.buckets[-1])], self.waited.copy(), self.worked.copy()
        )

    def forget_before(self, oldest: int) -> None:
        """Forget the buckets that began before a time, milliseconds since 1970."""
        outdated = 0
        while self.buckets[outdated].start < oldest:
            outdated += 1
        del self.buckets[:outdated]


KEPT: Sequence[tuple[int, int]] = (
    (MINUTE, MINUTES_KEPT),
    (HOUR, HOURS_KEPT),
    (DAY, DAYS_KEPT),
)
"""The widths, finest first, and how many buckets of each are kept."""


def turn(rollups: Sequence[RollUp], at: int) -> None:
    """Begin new buckets where the time asks for it, and add those that are over to the next width.

    Args:
        rollups: One for each width, finest first; how things stand is in the last minute.
        at: The time, milliseconds since 1970; never going back.
    """
    for number, (rollup, (width, kept)) in enumerate(zip(rollups, KEPT, strict=True)):
        start = at - at % width
        if rollup.buckets:
            last = rollup.buckets[-1]
            if last.start == start:
                return
            rollup.settle(last)
            if number + 1 < len(rollups):
                rollups[number + 1].include(rollup, last)
        rollup.begin(start)
        rollup.forget_before(at - width * kept)
