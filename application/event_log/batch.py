"""One batch of append requests, flattened into the arrays that ``append_batch`` takes."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from aia_mas.application.event_log.records import AppendRequest
from aia_mas.application.event_log.row_hashes import row_hashes

MAX_REQUESTS = 1000
MAX_BYTES = 4 * 2**20


class Status(IntEnum):
    """What became of one request (the numbers are those of ``append_batch``)."""

    ACCEPTED = 0
    KNOWN = 1
    REUSED = 2
    STALE = 3
    FENCED = 4


class BatchResult(NamedTuple):
    """What became of a batch, request by request.

    Attributes:
        statuses: One per request.
        first_positions: Where the events of an accepted or known request begin.
        outcomes: Stored outcomes of known requests; None when there are none.
        known_counts: How many events known requests have; None when there are none.
        known_at: When known requests were committed; None when there are none.
        head: The head of the log after the batch.
        stamp: The time given to the accepted events.
    """

    statuses: Sequence[int]
    first_positions: Sequence[int]
    outcomes: Sequence[bytes | None] | None
    known_counts: Sequence[int | None] | None
    known_at: Sequence[datetime | None] | None
    head: int
    stamp: datetime


Sent = asyncio.Future[Any]
"""A batch on its way; what it comes back with is the writer's own."""


class BatchWriter(Protocol):
    """Stores a batch in one transaction; resubmits by itself when the answer was lost."""

    def send(self, batch: Batch) -> Sent | None:
        """Send a batch ahead of its turn, behind those under way; never fails.

        Returns:
            What to hand to ``write`` when its turn has come; None when it cannot be sent now.
        """
        ...

    async def write(self, batch: Batch, sent: Sent | None = None) -> BatchResult:
        """Decide and store a batch.

        Args:
            batch: The requests.
            sent: What ``send`` returned for it.

        Raises:
            LogUnavailable: The store lacked resources for too long; nothing was stored.
            Exception: Anything else means that one of the requests cannot be stored.
        """
        ...


class Batch:
    """Requests in order, flattened while they arrive so that sending costs little.

    No command id stands in a batch twice: the second one must see the outcome of the first.
    """

    __slots__ = (
        "_columns",
        "_events",
        "_expected",
        "_fences",
        "_ids",
        "_known",
        "_lookups",
        "_streams",
        "bytes",
        "requests",
    )

    def __init__(self, requests: Sequence[AppendRequest] = ()) -> None:
        """Start with some requests."""
        self.requests: list[AppendRequest] = []
        self.bytes = 0
        self._ids: set[str] = set()
        self._lookups: list[int] = []
        self._streams: dict[str, int] = {}
        # Streams to look up, in order; one that is expected not to exist and written proves it by
        # being written.
        self._known: dict[int, None] = {}
        self._fences: list[tuple[int, str, int]] = []
        self._expected: tuple[list[int], list[int], list[str]] = ([], [], [])
        self._columns: tuple[list[Any], ...] = ([], [], [], [], [], [])
        self._events: tuple[list[Any], ...] = ([], [], [], [], [], [], [], [], [], [], [])
        for request in requests:
            self.add(request)

    def __len__(self) -> int:
        return len(self.requests)

    def takes(self, request: AppendRequest) -> bool:
        """Tell whether a request fits in."""
        return (
            len(self.requests) < MAX_REQUESTS
            and self.bytes < MAX_BYTES
            and request.command_id not in self._ids
        )

    def add(self, request: AppendRequest) -> None:
        """Add a request behind the others.

        Raises:
            ValueError: Its text is no Unicode, or it writes to a stream of which it expects
                nothing, so that nobody could tell a late copy of it from another request. The
                batch stays as it was.
        """
        written = {event.stream for event in request.events}
        if not written.issubset([expectation.stream for expectation in request.expectations]):
            raise ValueError("a stream is written without an expectation")
        command, actor = request.command_id, request.actor
        correlation, causation = request.correlation_id, request.causation_id
        new_hashes = row_hashes(request.events, command, actor, correlation, causation)
        self.requests.append(request)
        number = len(self.requests)
        self._ids.add(command)
        if request.maybe_known:
            self._lookups.append(number)
        if request.fence is not None:
            self._fences.append((number, request.fence.lease, request.fence.epoch))
        streams = self._streams
        ids, body_hashes, outcomes, kinds, expectation_counts, event_counts = self._columns
        ids.append(command)
        body_hashes.append(request.body_hash)
        outcomes.append(request.outcome)
        kinds.append(request.kind)
        expectation_counts.append(len(request.expectations))
        event_counts.append(len(request.events))
        indexes, versions, commands = self._expected
        for stream, version, command_id in request.expectations:
            index = streams.setdefault(stream, len(streams) + 1)
            if version > 0 or stream not in written:
                self._known[index] = None
            indexes.append(index)
            versions.append(version)
            commands.append(command_id)
        (
            numbers,
            ev_streams,
            stream_ids,
            ev_versions,
            topics,
            states,
            ev_commands,
            actors,
            correlations,
            causations,
            hashes,
        ) = self._events
        for event in request.events:
            numbers.append(number)
            ev_streams.append(streams.setdefault(event.stream, len(streams) + 1))
            stream_ids.append(event.stream)
            ev_versions.append(event.version)
            topics.append(event.topic)
            states.append(event.state)
            ev_commands.append(command)
            actors.append(actor)
            correlations.append(correlation)
            causations.append(causation)
            self.bytes += len(event.state)
        hashes += new_hashes
        self.bytes += len(request.outcome)

    def columns(self, *, look_up_all: bool) -> list[Any]:
        """Return the arguments of ``append_batch`` behind the store id, in order."""
        ids, hashes, outcomes, kinds, expectation_counts, event_counts = self._columns
        count = len(self.requests)
        streams = list(self._streams)
        looked_up = list(range(1, len(streams) + 1)) if look_up_all else list(self._known)
        return [
            ids,
            hashes,
            outcomes,
            kinds,
            list(range(1, count + 1)) if look_up_all else self._lookups,
            [number for number, _, _ in self._fences],
            [lease for _, lease, _ in self._fences],
            [epoch for _, _, epoch in self._fences],
            expectation_counts,
            event_counts,
            streams,
            looked_up,
            [streams[index - 1] for index in looked_up],
            *self._expected,
            *self._events,
        ]
