"""One log that several nodes share, each by a line of its own that can be slow or break."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping

from aia_mas.application.event_log.batch import Batch, BatchResult, Sent
from aia_mas.application.event_log.committer import Committer
from aia_mas.application.event_log.feed import Feed
from aia_mas.application.event_log.fold_snapshots import Skip, StoredFold
from aia_mas.application.event_log.log import StreamHead
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.pages import PAGE
from aia_mas.application.event_log.records import (
    Appended,
    AppendRequest,
    Head,
    RecordedEvent,
    Settle,
    StoredOutcome,
)
from aia_mas.application.orchestration import handlers as orchestration

from .virtual_time import LoopClock

_LOOK = 1.0
"""Seconds after which a node looks by itself whether the log has more than it knows."""


class Store:
    """What outlives every node: the log, the snapshots of folds, and the epochs of leases."""

    def __init__(self, clock: LoopClock) -> None:
        self.clock = clock
        self.log = MemoryEventLog(EventMapper(orchestration.EVENTS), now=clock.now)
        self.snapshots = Snapshots()
        self.lines: list[Line] = []

    @property
    def events(self) -> list[RecordedEvent]:
        """Every event, in order."""
        return self.log.events

    @property
    def head(self) -> int:
        """The last position."""
        return len(self.log.events)

    def take_lease(self, name: str) -> int:
        """Give a lease to somebody else; returns its epoch."""
        epoch = self.log.epochs[name] = self.log.epochs.get(name, 0) + 1
        return epoch

    def commit(self, batch: Batch) -> BatchResult:
        """Store a batch, and tell every node."""
        result = self.log.write_now(batch)
        for line in self.lines:
            line.feed.look()
        return result


class Line:
    """The log as one node reaches it.

    Attributes:
        feed: The node's window on the log.
        committer: Its queue.
        open: Batches wait while it is not set.
        deaf: It does not hear of what other nodes commit.
        whole_since: When it was repaired, seconds.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.whole_since = 0.0
        self.mapper: EventMapper = store.log.mapper
        self.feed = Feed()
        self.feed.start(store.head)
        self.committer = Committer(self, self.feed.publish)
        self.open = asyncio.Event()
        self.open.set()
        self.deaf = False
        store.lines.append(self)

    async def follow(self) -> None:
        """Read what other nodes commit."""
        while True:
            await self.feed.gap(_LOOK)
            if not self.deaf:
                await self.feed.catch_up(self._store.log.read)
            else:
                await asyncio.sleep(_LOOK)

    def repair(self) -> None:
        """Go on, and read what was missed."""
        if self.deaf or not self.open.is_set():
            self.whole_since = self._store.clock.monotonic()
        self.deaf = False
        self.open.set()
        self.feed.look()

    def close(self) -> None:
        """Break: nothing gets into the log or out of it any more."""
        self._store.lines.remove(self)

    def enqueue(
        self, request: AppendRequest, settle: Settle | None = None
    ) -> asyncio.Future[Appended]:
        return self.committer.enqueue(request, settle)

    def send(self, _batch: Batch) -> None:
        return None

    async def write(self, batch: Batch, _sent: Sent | None = None) -> BatchResult:
        await self.open.wait()
        return self._store.commit(batch)

    async def read(self, after: int, limit: int, **options: int | None) -> list[RecordedEvent]:
        return await self._store.log.read(after, limit, **options)  # type: ignore[arg-type]

    async def read_stream(
        self, stream: str, after_version: int = -1, limit: int | None = None
    ) -> list[RecordedEvent]:
        return await self._store.log.read_stream(stream, after_version, limit)

    async def read_streams(
        self, after: Mapping[str, int], limit: int = PAGE
    ) -> list[RecordedEvent]:
        return await self._store.log.read_streams(after, limit)

    async def stream_heads(self, streams: Iterable[str]) -> dict[str, StreamHead]:
        return await self._store.log.stream_heads(streams)

    async def head(self) -> Head:
        return await self._store.log.head()

    async def command(self, command_id: str) -> StoredOutcome | None:
        return await self._store.log.command(command_id)


class Snapshots:
    """Snapshots of folds, in memory."""

    def __init__(self) -> None:
        self.newest: dict[str, StoredFold] = {}

    async def load(self, name: str, version: int) -> StoredFold | None:
        return self.newest.get(f"{name}/{version}")

    async def generation(self, name: str, version: int) -> int:
        return 0

    async def save(self, name: str, version: int, stored: StoredFold) -> None:
        known = self.newest.get(f"{name}/{version}")
        if known is None or known.position < stored.position:
            self.newest[f"{name}/{version}"] = stored

    async def replace(
        self, name: str, version: int, stored: StoredFold, skipped: Collection[int] = ()
    ) -> None:
        await self.save(name, version, stored)

    async def unreadable(self, name: str, version: int, upto: int) -> list[Skip]:
        return []

    async def record_skip(self, name: str, version: int, event: RecordedEvent, why: str) -> None:
        raise AssertionError(f"{name} could not fold {event}: {why}")
