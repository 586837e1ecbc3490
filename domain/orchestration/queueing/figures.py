"""How many tasks wait, by class, owner and type, and how fast they go: by the log alone."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from datetime import datetime
from heapq import heapify, heappop, heappush

from aia_mas.domain.orchestration.known_task import KnownTask
from aia_mas.domain.orchestration.queueing.concurrency_keys import RECENT, microseconds


class Figures:
    """The queue in numbers; a task on its way to an agent counts until its assignment stands.

    Attributes:
        by_class: Rank of the class to how many wait.
        by_owner: Owner to how many wait.
        by_type: Task type to how many wait.
        ended: When the last tasks finished, microseconds since the epoch.
    """

    def __init__(self, ended: Iterable[int] = ()) -> None:
        """Start empty."""
        self.by_class: Counter[int] = Counter()
        self.by_owner: Counter[str] = Counter()
        self.by_type: Counter[str] = Counter()
        self.ended = deque(ended, RECENT)
        self._since: dict[str, float] = {}
        self._oldest: list[tuple[float, str]] = []

    def entered(self, task: KnownTask) -> None:
        """Count a task that waits from now on."""
        self.by_class[task.rank] += 1
        self.by_owner[task.owner] += 1
        self.by_type[task.signature.task_type] += 1
        self._since[task.task_id] = task.since
        heappush(self._oldest, (task.since, task.task_id))

    def left(self, task: KnownTask) -> None:
        """Count a task that waits no more."""
        self.by_class[task.rank] -= 1
        _less(self.by_owner, task.owner)
        _less(self.by_type, task.signature.task_type)
        del self._since[task.task_id]
        if len(self._oldest) > 2 * len(self._since) + 64:
            self._oldest = [(since, task_id) for task_id, since in self._since.items()]
            heapify(self._oldest)

    def finished(self, at: datetime) -> None:
        """Count a task of which nothing more will come."""
        self.ended.append(microseconds(at))

    def oldest(self) -> float | None:
        """Return since when the oldest task waits, seconds since the epoch; None: none does."""
        heap = self._oldest
        while heap and self._since.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    @property
    def total(self) -> int:
        """How many wait."""
        return len(self._since)


def completion_rate(ended: deque[int], now: datetime) -> float | None:
    """Return how many tasks finish in a second, by the last ones; None: too few to tell.

    The time since the last one counts, so that the rate falls while nothing finishes.
    """
    if len(ended) < 2:
        return None
    span = max(microseconds(now), ended[-1]) - ended[0]
    return len(ended) * 1_000_000 / span if span > 0 else None


def drain_seconds(queued: int, ended: deque[int], now: datetime) -> float | None:
    """Return in how many seconds a queue is empty if it goes on like this; None: unknown."""
    if not queued:
        return 0.0
    rate = completion_rate(ended, now)
    return None if rate is None else queued / rate


def _less(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if counter[name] <= 0:
        del counter[name]
