"""A fold that notes what it sees, and what is needed to look into others."""

import time
from collections.abc import Iterator, Sequence

from aia_mas.application.event_log.fold_snapshots import PostgresFoldSnapshots
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.steps import Steps, at_once, chunks, copied
from aia_mas.projections.metrics_snapshot import thawed
from aia_mas.projections.metrics_state import MetricsState
from aia_mas.projections.system_metrics import SystemMetrics


class Positions:
    """A fold that remembers what it was given, and is told what to make of it."""

    name = "positions"
    version = 1

    def __init__(self, seconds_per_event: float = 0.0, poison: frozenset[int] = frozenset()):
        self.seen: list[int] = []
        self.restored: list[int] = []
        self.snapshots = 0
        self._seconds = seconds_per_event
        self._poison = poison

    def apply(self, event: RecordedEvent) -> None:
        if event.position in self._poison:
            raise ValueError("not this one")
        until = time.perf_counter() + self._seconds
        while time.perf_counter() < until:
            pass
        self.seen.append(event.position)

    def snapshot(self) -> Steps[Iterator[bytes]]:
        self.snapshots += 1
        copy = yield from copied(self.seen, 10)
        return (",".join(map(str, some)).encode() for some in chunks(copy, 100))

    def restore(self, pieces: Sequence[bytes], /) -> Steps[None]:
        seen: list[int] = []
        for piece in pieces:
            seen += map(int, piece.split(b","))
            yield
        self.seen = seen
        self.restored.append(self.seen[-1])


def state_of(metrics: SystemMetrics) -> MetricsState:
    return at_once(thawed(list(at_once(metrics.snapshot()))))


def snapshots(log: PostgresEventLog) -> PostgresFoldSnapshots:
    return PostgresFoldSnapshots(log.pool, log.store_id)
