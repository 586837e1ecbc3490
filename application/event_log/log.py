"""The event log as the rest of the system sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from aia_mas.application.event_log.feed import Feed
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.pages import PAGE, PAGE_BYTES
from aia_mas.application.event_log.records import (
    Appended,
    AppendRequest,
    Head,
    NewEvent,
    RecordedEvent,
    Settle,
    StoredOutcome,
)
from aia_mas.domain.kernel import Event


class EventFilter(msgspec.Struct, frozen=True):
    """Which events an auditor wants to see; empty fields do not restrict.

    Attributes:
        stream: One stream.
        category: All streams of one kind, for example ``agent``.
        topics: These topics only.
        actor: One actor.
        since: Recorded at this time or later.
        until: Recorded before this time.
        after: Positions behind this one.
        upto: Positions up to and including this one.
    """

    stream: str | None = None
    category: str | None = None
    topics: tuple[str, ...] = ()
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int | None = None
    upto: int | None = None


class StreamHead(msgspec.Struct, frozen=True):
    """Where a stream ends: the version of its last event and the command that wrote it."""

    version: int
    command_id: str


class EventLog(Protocol):
    """Appends and reads events; ``PostgresEventLog`` and ``MemoryEventLog`` implement it.

    Attributes:
        mapper: Encodes and decodes events.
        feed: The window on its end.
        store_id: Its identity, for good.
        epoch: Which history its positions belong to; another one after a restore.
    """

    mapper: EventMapper
    feed: Feed
    store_id: UUID
    epoch: UUID

    def enqueue(
        self, request: AppendRequest, settle: Settle | None = None
    ) -> asyncio.Future[Appended]:
        """Queue a request for the next commit (see ``Committer.enqueue``)."""
        ...

    async def append(self, request: AppendRequest) -> Appended:
        """Commit a request (see ``Committer.enqueue`` for the errors)."""
        ...

    async def read(
        self,
        after: int,
        limit: int,
        where: EventFilter | None = None,
        *,
        newest: bool = False,
        max_bytes: int | None = None,
    ) -> list[RecordedEvent]:
        """Return events behind a position, oldest first, or before it, newest first.

        Args:
            after: The position before the first one wanted; with ``newest`` the position behind
                the first one wanted (0: from the end).
            limit: How many at most.
            where: Which ones.
            newest: Walk from the end to the beginning.
            max_bytes: No more of them once their stored size has come to this; at least one. Then
                fewer than ``limit`` do not mean that there are no others: see ``pages.is_last``.
        """
        ...

    async def count(self, where: EventFilter) -> int:
        """Return how many events there are."""
        ...

    async def read_stream(
        self,
        stream: str,
        after_version: int = -1,
        limit: int | None = None,
        *,
        newest: bool = False,
        max_bytes: int | None = None,
    ) -> list[RecordedEvent]:
        """Return the events of one stream behind a version, in order.

        Args:
            stream: The stream.
            after_version: The version before the first one wanted; with ``newest`` the version
                behind the first one wanted (-1: from the end).
            limit: How many at most; None: all.
            newest: Walk from the end to the beginning.
            max_bytes: As for ``read``.
        """
        ...

    async def read_streams(
        self, after: Mapping[str, int], limit: int = PAGE, *, max_bytes: int = PAGE_BYTES
    ) -> list[RecordedEvent]:
        """Return a page of the events of several streams: stream by stream, each in order.

        Args:
            after: The streams, and of each the version before the first one wanted (-1: none).
            limit: How many events at most.
            max_bytes: As for ``read``. If the page is not the last one (``pages.is_last``), the
                next one begins behind its last event, with the stream that this belongs to.
        """
        ...

    async def stream_heads(self, streams: Iterable[str]) -> dict[str, StreamHead]:
        """Return the heads of those streams that exist."""
        ...

    async def head(self) -> Head:
        """Return the end of the log."""
        ...

    async def command(self, command_id: str) -> StoredOutcome | None:
        """Return what is remembered of an answered command."""
        ...


def new_events(
    mapper: EventMapper, stream: str, version: int, events: Sequence[Event]
) -> list[NewEvent]:
    """Prepare events of one stream that ends at ``version`` for being appended."""
    return [
        NewEvent(stream, version + number, event.topic, mapper.encode(event), event)
        for number, event in enumerate(events, 1)
    ]
