"""A store that a committer writes to, and requests for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import anyio

from aia_mas.application.event_log.batch import Batch, BatchResult, Sent
from aia_mas.application.event_log.committer import Committer
from aia_mas.application.event_log.log import new_events
from aia_mas.application.event_log.records import AppendRequest, Expectation, RecordedEvent

from .counters import MAPPER, Opened

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Writer:
    """Accepts everything that is not told to fail, when it is let to."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.batches: list[list[str]] = []
        self.bad: dict[str, Exception] = {}
        self.head = 0

    def send(self, _batch: Batch) -> None:
        """Send nothing ahead."""

    async def write(self, batch: Batch, _sent: Sent | None = None) -> BatchResult:
        self.batches.append([request.command_id for request in batch.requests])
        await self.gate.wait()
        for request in batch.requests:
            if request.command_id in self.bad:
                raise self.bad[request.command_id]
        first = [self.head + number + 1 for number in range(len(batch))]
        self.head += len(batch)
        return BatchResult([0] * len(batch), first, None, None, None, self.head, NOW)


def request(command_id: str, *, outcome: bytes = b"", actor: str = "system") -> AppendRequest:
    return AppendRequest(
        command_id,
        new_events(MAPPER, command_id, 0, [Opened(limit=1)]),
        [Expectation(command_id, 0, "")],
        outcome=outcome,
        actor=actor,
    )


def many(count: int, prefix: str = "c") -> list[AppendRequest]:
    return [request(f"{prefix}{number}") for number in range(count)]


@asynccontextmanager
async def running(
    writer: Writer, published: list[RecordedEvent] | None = None, **options: int
) -> AsyncIterator[Committer]:
    seen = [] if published is None else published

    def publish(events: Sequence[RecordedEvent]) -> None:
        seen.extend(events)

    committer = Committer(writer, publish, **options)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(committer.run)
        try:
            yield committer
        finally:
            writer.gate.set()
            await committer.stop()
