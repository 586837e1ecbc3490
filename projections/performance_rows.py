"""The rows of the agents' performance, field by field as in migration 0007."""

from __future__ import annotations

import msgspec

_counts = msgspec.json.Decoder(dict[str, int]).decode


class PerformanceRow(msgspec.Struct, gc=False):
    """A row of ``agent_performance_v3``: an agent's work of one type in one span of time.

    ``span`` is ``hour`` or ``all``, ``begun`` its beginning in milliseconds since the epoch.
    ``lost`` are those of the released that it was working on and nobody moved by hand. Durations
    are milliseconds (``durations``: number of a bucket of ``Durations`` -> how many), ratings and
    estimates of quality millionths, amounts base units as text. ``costed`` is how many told their
    cost; ``cost`` and ``price`` are the sums of these, ``above_price`` how many of them cost more
    than their price.
    """

    key: str
    agent_id: str
    task_type: str
    span: str
    begun: int
    assigned: int = 0
    completed: int = 0
    failed: int = 0
    released: int = 0
    lost: int = 0
    cancelled: int = 0
    expired: int = 0
    worked: int = 0
    longest: int = 0
    durations: dict[str, int] | msgspec.Raw = {}
    rated: int = 0
    rating: int = 0
    estimated: int = 0
    estimate: int = 0
    costed: int = 0
    cost: str = "0"
    price: str = "0"
    above_price: int = 0

    def lasted(self, bucket: str) -> None:
        """Count a duration in a bucket; the counts of a row that was read are JSON at first."""
        if isinstance(self.durations, msgspec.Raw):
            self.durations = _counts(self.durations)
        self.durations[bucket] = self.durations.get(bucket, 0) + 1


class StreakRow(msgspec.Struct, gc=False):
    """A row of ``agent_performance_v3_streaks``: how the last attempts of an agent ended.

    ``streak`` is how many were completed in a row, below 0: how many were not; ``best`` is the
    longest one of the completed.
    """

    agent_id: str
    streak: int = 0
    best: int = 0


class WorkRow(msgspec.Struct, gc=False):
    """A row of ``agent_performance_v3_tasks``: what the end of a task will be counted under.

    ``price`` is that of the last attempt, base units as text; ``begun`` when it was started, or
    else assigned, later by the time that it waited for answers; ``asked`` since when it waits for
    one, 0: it does not. Both are milliseconds since the epoch.
    """

    task_id: str
    task_type: str
    price: str = "0"
    begun: int = 0
    asked: int = 0

    def worked(self, at: int) -> int:
        """Return the milliseconds of work up to a time; waiting for an answer is none."""
        return max((self.asked or at) - self.begun, 0)
