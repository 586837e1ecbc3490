"""The event log behind the recorder interface of the ``eventsourcing`` library.

A thin synchronous adapter: programs and tools written against the library's recorders work with our
log, and the test cases that the library ships show that it keeps their contract. Every call runs on
the event loop of the log, from another thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from concurrent.futures import wait
from typing import Any, TypeVar
from uuid import UUID, uuid4

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)

from aia_mas.application.event_log.errors import CommandIdReused, StaleExpectation
from aia_mas.application.event_log.log import EventFilter, EventLog
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.records import AppendRequest, Expectation, NewEvent

T = TypeVar("T")

_TRACKED = "tracking.moved.v1"


class OpaqueMapper(EventMapper):
    """Leaves envelopes as they are: the library's own mapper reads them."""

    def __init__(self) -> None:
        """Know no classes."""
        super().__init__(())

    def decode(self, topic: str, state: bytes) -> Any:
        """Return the envelope."""
        return bytes(state)


class _Adapter:
    """Calls the log from other threads."""

    def __init__(self, log: EventLog, loop: asyncio.AbstractEventLoop) -> None:
        """Adapt a running log.

        Args:
            log: The log, made with an ``OpaqueMapper``.
            loop: The event loop on which it runs; calls must come from other threads.
        """
        self._log = log
        self._loop = loop

    def _insert(
        self, stored_events: Sequence[StoredEvent], tracking: Tracking | None = None
    ) -> list[int]:
        if not stored_events and tracking is None:
            return []
        return self._call(self._append(stored_events, tracking))

    async def _append(
        self, stored_events: Sequence[StoredEvent], tracking: Tracking | None
    ) -> list[int]:
        by_stream: dict[str, list[int]] = defaultdict(list)
        for event in stored_events:
            by_stream[str(event.originator_id)].append(event.originator_version)
        heads = await self._log.stream_heads(by_stream)
        expectations = []
        for stream, versions in by_stream.items():
            if versions != list(range(versions[0], versions[0] + len(versions))):
                raise IntegrityError(f"{stream}: versions {versions} are not contiguous")
            before, head = versions[0] - 1, heads.get(stream)
            written_by = head.command_id if head is not None and head.version == before else ""
            expectations.append(Expectation(stream, before, written_by))
        events = [
            NewEvent(str(e.originator_id), e.originator_version, e.topic, e.state, e.state)
            for e in stored_events
        ]
        if tracking is not None:
            await self._track(tracking, events, expectations)
        try:
            appended = await self._log.append(AppendRequest(f"lib:{uuid4()}", events, expectations))
        except (StaleExpectation, CommandIdReused) as error:
            raise IntegrityError(str(error)) from error
        return list(range(appended.first, appended.first + len(stored_events)))

    async def _track(
        self, tracking: Tracking, events: list[NewEvent], expectations: list[Expectation]
    ) -> None:
        """Add the tracking object as one more event, so that it is recorded with the others."""
        stream = _tracking_stream(tracking.application_name)
        head = (await self._log.stream_heads([stream])).get(stream)
        version, command_id = (0, "") if head is None else (head.version, head.command_id)
        last = await self._tracked(stream, version)
        if last is not None and last >= tracking.notification_id:
            raise IntegrityError(f"{tracking.application_name} is already at {last}")
        state = str(tracking.notification_id).encode()
        expectations.append(Expectation(stream, version, command_id))
        events.append(NewEvent(stream, version + 1, _TRACKED, state, state))

    async def _tracked(self, stream: str, version: int) -> int | None:
        events = await self._log.read_stream(stream, version - 1, 1) if version else []
        return int(events[0].event) if events else None

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        while True:
            # Looked at once a second: a loop that has ended never answers, and the thread would
            # outlive the program.
            if wait([future], timeout=1.0).done:
                return future.result()
            if not self._loop.is_running():
                raise TimeoutError


class LibraryAggregateRecorder(_Adapter, AggregateRecorder):
    """Stores and selects the events of single streams."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Append events, all or none; they continue their streams.

        Raises:
            IntegrityError: A version is not the next one of its stream.
        """
        self._insert(stored_events)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Return events of one stream."""
        after = -1 if gt is None else gt
        events = self._call(self._log.read_stream(str(originator_id), after))
        chosen = [event for event in events if lte is None or event.version <= lte]
        if desc:
            chosen.reverse()
        return [
            StoredEvent(_same_type(originator_id, e.stream), e.version, e.topic, e.event)
            for e in chosen[:limit]
        ]


class LibraryApplicationRecorder(LibraryAggregateRecorder, ApplicationRecorder):
    """Adds the whole log, in order, and subscriptions to it."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Append events, all or none, and return their positions."""
        return self._insert(stored_events)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Return events of the log in order."""
        after = 0 if start is None else start - inclusive_of_start
        where = EventFilter(topics=tuple(topics), upto=stop)
        events = self._call(self._log.read(after, limit, where))
        return [
            Notification(
                id=e.position,
                originator_id=_uuid_or_text(e.stream),
                originator_version=e.version,
                topic=e.topic,
                state=e.event,
            )
            for e in events
        ]

    def max_notification_id(self) -> int | None:
        """Return the last position, or None for an empty log."""
        return self._call(self._log.head()).position or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Return an iterator that walks along the log and waits for more."""
        return _LibrarySubscription(recorder=self, gt=gt, topics=topics)

    def wait_beyond(self, position: int, seconds: float) -> None:
        """Wait until the log has more than ``position`` events, at most ``seconds``."""
        self._call(self._log.feed.wait(position, seconds))


class LibraryTrackingRecorder(_Adapter, TrackingRecorder):
    """Records how far something has come, as a stream of its own."""

    def insert_tracking(self, tracking: Tracking) -> None:
        """Move on.

        Raises:
            IntegrityError: It is that far already.
        """
        self._insert((), tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """Return how far it is; None before the first step."""
        return self._call(self._max(_tracking_stream(application_name)))

    async def _max(self, stream: str) -> int | None:
        head = (await self._log.stream_heads([stream])).get(stream)
        return None if head is None else await self._tracked(stream, head.version)


class LibraryProcessRecorder(LibraryTrackingRecorder, LibraryApplicationRecorder, ProcessRecorder):
    """Records events and how far their cause was processed in one append."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Append events, and the tracking object given as ``tracking``, all or none."""
        return self._insert(stored_events, kwargs.get("tracking"))


class _LibrarySubscription(Subscription[ApplicationRecorder]):
    """Pulls pages; the log's own window tells when there is more."""

    def __init__(
        self, recorder: LibraryApplicationRecorder, gt: int | None, topics: Sequence[str]
    ) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._source = recorder
        self._position = gt or 0
        self._page: list[Notification] = []
        self._stopped = threading.Event()

    def stop(self) -> None:
        super().stop()
        self._stopped.set()

    def __next__(self) -> Notification:
        while not self._stopped.is_set():
            if self._page:
                notification = self._page.pop(0)
                self._position = notification.id
                return notification
            self._page = list(
                self._source.select_notifications(
                    self._position, 100, topics=self._topics, inclusive_of_start=False
                )
            )
            if not self._page:
                self._source.wait_beyond(self._position, 0.05)
        raise StopIteration


def _tracking_stream(application_name: str) -> str:
    return f"tracking/{application_name}"


def _same_type(like: UUID | str, text: str) -> UUID | str:
    return UUID(text) if isinstance(like, UUID) else text


def _uuid_or_text(text: str) -> UUID | str:
    try:
        return UUID(text)
    except ValueError:
        return text
