"""Messages in numbers, by priority: folded, so that every node tells the same."""

from __future__ import annotations

from bisect import bisect_left

import msgspec

from aia_mas.domain.orchestration.task_specification import Priority

CLASSES = tuple(Priority)
BOUNDS: tuple[float, ...] = tuple(0.001 * 2**step for step in range(24))
"""Upper bounds of the classes of latencies, seconds: from a millisecond to more than two hours."""


class ClassFigures(msgspec.Struct, array_like=True):
    """The messages of one priority.

    Attributes:
        sent: Messages sent.
        queued: Deliveries that are open: one for each recipient that has not got a message.
        acknowledged: Deliveries that were acknowledged.
        failed: Attempts that failed.
        dead: Deliveries given up.
        dropped: Deliveries dropped, since the recipient had too much waiting.
        expired: Deliveries not made in time.
        bytes: Of the payloads sent.
        to_delivery: How many acknowledged deliveries were made within each of ``BOUNDS`` of the
            time from which they could be, and at last those that took longer.
        to_acknowledgement: The same until they were acknowledged.
        delivery_micros: The sum of all that ``to_delivery`` counts, microseconds.
        acknowledgement_micros: The sum of all that ``to_acknowledgement`` counts, microseconds.
        retried: Attempts that failed and are followed by another.
    """

    sent: int = 0
    queued: int = 0
    acknowledged: int = 0
    failed: int = 0
    dead: int = 0
    dropped: int = 0
    expired: int = 0
    bytes: int = 0
    to_delivery: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    to_acknowledgement: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    delivery_micros: int = 0
    acknowledgement_micros: int = 0
    retried: int = 0

    @property
    def delivered(self) -> int:
        """How often one was handed over, as far as is known what became of it."""
        return self.acknowledged + self.failed

    def acknowledge(self, delivered: float | None, acknowledged: float) -> None:
        """Count an acknowledgement.

        Args:
            delivered: How long it took until the delivery, seconds; None: nobody knows.
            acknowledged: How long until it was acknowledged, seconds.
        """
        self.acknowledged += 1
        _count(self.to_acknowledgement, acknowledged)
        self.acknowledgement_micros += round(acknowledged * 1_000_000)
        if delivered is not None:
            _count(self.to_delivery, delivered)
            self.delivery_micros += round(delivered * 1_000_000)


def percentile(classes: list[int], share: float) -> float | None:
    """Return the bound below which a share of the latencies lies, seconds; None: there is none.

    Args:
        classes: How many lie in each class.
        share: 0..1.
    """
    total = sum(classes)
    if not total:
        return None
    rank, seen = share * total, 0
    for number, bound in enumerate(BOUNDS):
        seen += classes[number]
        if seen >= rank:
            return bound
    return 2 * BOUNDS[-1]


def _count(classes: list[int], seconds: float) -> None:
    classes[bisect_left(BOUNDS, seconds)] += 1
