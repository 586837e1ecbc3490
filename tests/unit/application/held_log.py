"""A log in memory whose commits can be held up, and made to fail."""

from __future__ import annotations

import asyncio
import itertools

from aia_mas.application.event_log.batch import Batch, BatchResult, Sent, Status
from aia_mas.application.event_log.log import new_events
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.records import AppendRequest, Expectation
from aia_mas.domain.kernel import (
    Event,
)

from .counters import MAPPER


class HeldLog(MemoryEventLog):
    """A log in memory whose commits can be held up, and made to fail.

    Attributes:
        gate: Batches wait before it while it is clear.
        arrived: A batch waits.
        fails: Command ids whose batch fails when they stand in it.
        batches: The requests of every batch that was tried.
        loses_answers: Every answer is lost after the commit, and the batch submitted once more.
    """

    def __init__(self, mapper: EventMapper = MAPPER) -> None:
        super().__init__(mapper)
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrived = asyncio.Event()
        self.fails: set[str] = set()
        self.batches: list[list[AppendRequest]] = []
        self.loses_answers = False
        self.made_up_ids = itertools.count(1)

    async def write(self, batch: Batch, sent: Sent | None = None) -> BatchResult:
        self.arrived.set()
        await self.gate.wait()
        self.batches.append(list(batch.requests))
        for request in batch.requests:
            if request.command_id in self.fails:
                raise ValueError(f"{request.command_id} cannot be stored")
        result = self.write_now(batch)
        return _resubmitted(batch, result) if self.loses_answers else result

    def elsewhere(self, stream: str, *events: Event, command_id: str = "elsewhere") -> None:
        """Commit events as another node would, of which this one has not heard yet."""
        head = self._heads.get(stream)
        version, by = (0, "") if head is None else (head.version, head.command_id)
        result = self.write_now(
            Batch(
                [
                    AppendRequest(
                        f"{command_id}:{version}",
                        new_events(self.mapper, stream, version, events),
                        [Expectation(stream, version, by)],
                    )
                ]
            )
        )
        assert list(result.statuses) == [0]

    def catch_up(self) -> None:
        """Hear of what other nodes have committed."""
        self.feed.publish(self.events[self.feed.position :])


def _resubmitted(batch: Batch, first: BatchResult) -> BatchResult:
    """Return what is answered to a batch that was committed before."""
    accepted = [status == Status.ACCEPTED for status in first.statuses]
    return first._replace(
        statuses=[
            Status.KNOWN if each else status
            for each, status in zip(accepted, first.statuses, strict=True)
        ],
        outcomes=[request.outcome for request in batch.requests],
        known_counts=[len(request.events) for request in batch.requests],
        known_at=[first.stamp] * len(accepted),
    )
