"""The event log in memory, for fast tests and simulations; the same contract as in PostgreSQL."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import islice
from struct import pack
from uuid import UUID, uuid4

import anyio

from aia_mas.application.event_log.batch import Batch, BatchResult, Sent, Status
from aia_mas.application.event_log.committer import Committer, recorded
from aia_mas.application.event_log.contact import Contact
from aia_mas.application.event_log.feed import Feed
from aia_mas.application.event_log.log import EventFilter, StreamHead
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.pages import PAGE, PAGE_BYTES
from aia_mas.application.event_log.records import (
    Appended,
    AppendRequest,
    Head,
    Kind,
    RecordedEvent,
    Settle,
    StoredOutcome,
)
from aia_mas.application.event_log.row_hashes import row_hashes


class MemoryEventLog:
    """Keeps everything in lists and dictionaries of this process."""

    def __init__(
        self,
        mapper: EventMapper,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        store_id: UUID | None = None,
        epoch: UUID | None = None,
    ) -> None:
        """Make an empty log.

        Args:
            mapper: Encodes events, so that payloads are checked as they would be in PostgreSQL.
            now: The clock that stamps events.
            store_id: Its identity; a fresh one when left out.
            epoch: Which history it is; a fresh one when left out.
        """
        self.mapper = mapper
        self.feed = Feed()
        self.store_id = store_id or uuid4()
        self.epoch = epoch or uuid4()
        self.contact = Contact()
        self.events: list[RecordedEvent] = []
        self.epochs: dict[str, int] = {}
        self._now = now
        self._streams: dict[str, list[RecordedEvent]] = defaultdict(list)
        self._heads: dict[str, StreamHead] = {}
        self._commands: dict[str, tuple[StoredOutcome, datetime]] = {}
        self._head = Head(0, hashlib.sha256(self.store_id.bytes).digest(), now())
        self.committer = Committer(self, self.feed.publish)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[MemoryEventLog]:
        """Keep committing until left."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.committer.run)
            try:
                yield self
            finally:
                await self.committer.stop()
                tasks.cancel_scope.cancel()

    def enqueue(
        self, request: AppendRequest, settle: Settle | None = None
    ) -> asyncio.Future[Appended]:
        """Queue a request (see ``Committer.enqueue``)."""
        return self.committer.enqueue(request, settle)

    async def append(self, request: AppendRequest) -> Appended:
        """Commit a request (see ``Committer.enqueue`` for the errors)."""
        return await self.committer.append(request)

    async def drain(self) -> None:
        """Take no new requests and wait until all queued ones are answered."""
        await self.committer.drain()

    async def give_up(self) -> None:
        """Answer all who wait for a commit."""
        await self.committer.stop(grace=0)

    def send(self, _batch: Batch) -> None:
        """Send nothing ahead; see ``BatchWriter.send``."""

    async def write(self, batch: Batch, _sent: Sent | None = None) -> BatchResult:
        """Decide and store a batch; see ``BatchWriter.write``."""
        return self.write_now(batch)

    def write_now(self, batch: Batch) -> BatchResult:
        """Decide and store a batch at once."""
        stamp = max(self._head.recorded_at, self._now())
        statuses: list[int] = []
        firsts: list[int] = []
        outcomes: list[bytes | None] = []
        counts: list[int | None] = []
        known_at: list[datetime | None] = []
        hashes: list[bytes] = []
        before = self._head.position
        for request in batch.requests:
            known = self._known(request)
            status = self._judge(request, known)
            statuses.append(status)
            firsts.append(known[0].first_position if known else len(self.events) + 1)
            outcomes.append(known[0].outcome if known else None)
            counts.append(known[0].event_count if known else None)
            known_at.append(known[1] if known else None)
            if status is Status.ACCEPTED:
                hashes += self._store(request, stamp)
        if len(self.events) > before:
            self._seal(before, stamp, hashes)
        return BatchResult(statuses, firsts, outcomes, counts, known_at, len(self.events), stamp)

    async def read(
        self,
        after: int,
        limit: int,
        where: EventFilter | None = None,
        *,
        newest: bool = False,
        max_bytes: int | None = None,
    ) -> list[RecordedEvent]:
        """Return events behind (or with ``newest`` before) a position; see ``EventLog.read``."""
        if newest:
            walk = reversed(self.events[: after - 1 if after else None])
        else:
            walk = iter(self.events[after : None if where else after + limit])
        matching = (event for event in walk if where is None or _matches(event, where))
        page = [event for event, _ in zip(matching, range(limit), strict=False)]
        return _bounded(page, max_bytes)

    async def count(self, where: EventFilter) -> int:
        """Return how many events there are."""
        return sum(_matches(event, where) for event in self.events)

    async def read_stream(
        self,
        stream: str,
        after_version: int = -1,
        limit: int | None = None,
        *,
        newest: bool = False,
        max_bytes: int | None = None,
    ) -> list[RecordedEvent]:
        """Return the events of one stream behind a version; see ``EventLog.read_stream``."""
        events = self._streams.get(stream, ())
        if newest:
            walk = reversed(events)
            page = [e for e in walk if after_version == -1 or e.version < after_version][:limit]
        else:
            page = [event for event in events if event.version > after_version][:limit]
        return _bounded(page, max_bytes)

    async def read_streams(
        self, after: Mapping[str, int], limit: int = PAGE, *, max_bytes: int = PAGE_BYTES
    ) -> list[RecordedEvent]:
        """Return a page of the events of several streams; see ``EventLog.read_streams``."""
        events = (
            event
            for stream, version in after.items()
            for event in self._streams.get(stream, ())
            if event.version > version
        )
        return _bounded(list(islice(events, limit)), max_bytes)

    async def stream_heads(self, streams: Iterable[str]) -> dict[str, StreamHead]:
        """Return the heads of those streams that exist."""
        return {stream: self._heads[stream] for stream in streams if stream in self._heads}

    async def head(self) -> Head:
        """Return the end of the log."""
        return self._head

    async def command(self, command_id: str) -> StoredOutcome | None:
        """Return what is remembered of an answered command."""
        known = self._commands.get(command_id)
        return known[0] if known else None

    def _known(self, request: AppendRequest) -> tuple[StoredOutcome, datetime] | None:
        """Return the outcome of a command that was carried out before, and when that was."""
        known = self._commands.get(request.command_id)
        if known is not None or request.kind is not Kind.NOT_KEPT or not request.events:
            return known
        # Its id was made up for it alone: it is known by the events that it wrote.
        first = request.events[0]
        stream = self._streams.get(first.stream)
        index = first.version - stream[0].version if stream else -1
        if stream is None or not 0 <= index < len(stream):
            return None
        event = stream[index]
        if event.command_id != request.command_id:
            return None
        outcome = StoredOutcome(
            request.body_hash, request.outcome, event.position, len(request.events)
        )
        return outcome, event.recorded_at

    def _judge(
        self, request: AppendRequest, known: tuple[StoredOutcome, datetime] | None
    ) -> Status:
        if known is not None:
            return Status.KNOWN if known[0].body_hash == request.body_hash else Status.REUSED
        fence = request.fence
        if fence is not None and self.epochs.get(fence.lease) != fence.epoch:
            return Status.FENCED
        for stream, version, command_id in request.expectations:
            head = self._heads.get(stream)
            if head is None:
                if version > 0:
                    return Status.STALE
            elif (head.version, head.command_id) != (version, command_id):
                return Status.STALE
        return Status.ACCEPTED

    def _store(self, request: AppendRequest, stamp: datetime) -> list[bytes]:
        first = len(self.events) + 1
        for event in recorded(request, first, stamp):
            self.events.append(event)
            self._streams[event.stream].append(event)
            self._heads[event.stream] = StreamHead(event.version, event.command_id)
        if request.kind is not Kind.NOT_KEPT:
            outcome = StoredOutcome(request.body_hash, request.outcome, first, len(request.events))
            self._commands[request.command_id] = (outcome, stamp)
        return row_hashes(
            request.events,
            request.command_id,
            request.actor,
            request.correlation_id,
            request.causation_id,
        )

    def _seal(self, before: int, stamp: datetime, hashes: list[bytes]) -> None:
        digest = hashlib.sha256(b"".join(hashes)).digest()
        link = pack(">qq", before + 1, len(self.events)) + str(stamp).encode() + digest
        self._head = Head(len(self.events), hashlib.sha256(self._head.hash + link).digest(), stamp)


def _bounded(events: list[RecordedEvent], max_bytes: int | None) -> list[RecordedEvent]:
    if max_bytes is not None:
        size = 0
        for count, event in enumerate(events, 1):
            size += event.size
            if size >= max_bytes:
                return events[:count]
    return events


def _matches(event: RecordedEvent, where: EventFilter) -> bool:
    return (
        (where.stream is None or event.stream == where.stream)
        and (where.category is None or event.stream.startswith(f"{where.category}/"))
        and (not where.topics or event.topic in where.topics)
        and (where.actor is None or event.actor == where.actor)
        and (where.since is None or event.recorded_at >= where.since)
        and (where.until is None or event.recorded_at < where.until)
        and (where.after is None or event.position > where.after)
        and (where.upto is None or event.position <= where.upto)
    )
