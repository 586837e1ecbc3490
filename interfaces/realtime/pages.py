"""Facts older than the rings, read from the log in pages that those who resume share."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import structlog

from aia_mas.application.event_log.log import EventFilter, EventLog
from aia_mas.application.event_log.pages import PAGE_BYTES, is_last
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.event_log.subscription import Subscription
from aia_mas.interfaces.realtime.facts import Fact, FactTopic

log = structlog.stdlib.get_logger("aia.realtime")

PAGE = 256
"""Events of one page. Positions have no gaps, so pages lie at fixed places and can be shared."""
_READERS = 4
_RETRY = 0.5
"""Seconds before a failed read is tried again."""


class Page(NamedTuple):
    """Every wanted fact behind the place a page begins at, up to a position, in order."""

    facts: Sequence[Fact]
    upto: int


class Place(NamedTuple):
    """Where a page begins: behind a position, of the whole log or of these streams only."""

    after: int
    streams: tuple[str, ...]


class Pages:
    """A few readers, and the last pages that they read."""

    def __init__(self, event_log: EventLog, topics: Iterable[FactTopic], capacity: int) -> None:
        """Make an empty cache.

        Args:
            event_log: Where events are read from.
            topics: The topics whose facts are wanted.
            capacity: Pages kept.
        """
        self._log = event_log
        self._topics = {each: topic for topic in topics for each in topic.categories}
        self._capacity = capacity
        self._cache: OrderedDict[Place, Page] = OrderedDict()
        self._waiting: dict[Place, set[Callable[[], None]]] = {}
        self._wanted: asyncio.Queue[Place] = asyncio.Queue()

    def get(self, after: int, streams: tuple[str, ...], wake: Callable[[], None]) -> Page | None:
        """Return the page that goes on behind a position, if it is at hand.

        Args:
            after: The position.
            streams: Only these streams matter; empty: all.
            wake: Called once the page has been read, when it is not at hand.
        """
        place = Place(after if streams else after - after % PAGE, streams)
        page = self._cache.get(place)
        if page is not None and page.upto > after:
            self._cache.move_to_end(place)
            return page
        if place not in self._waiting:
            self._waiting[place] = set()
            self._wanted.put_nowait(place)
        self._waiting[place].add(wake)
        return None

    async def run(self) -> None:
        """Read what is wanted until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_READERS):
                tasks.create_task(self._read_wanted())

    async def _read_wanted(self) -> None:
        while True:
            place = await self._wanted.get()
            try:
                page = await self._page(place)
            except Exception as error:  # noqa: BLE001 - whatever it is, clients wait, not fail
                log.warning("page_not_read", after=place.after, error=str(error))
                asyncio.get_running_loop().call_later(_RETRY, self._wanted.put_nowait, place)
                continue
            self._cache[place] = page
            self._cache.move_to_end(place)
            while len(self._cache) > self._capacity:
                self._cache.popitem(last=False)
            for wake in self._waiting.pop(place):
                wake()

    async def _page(self, place: Place) -> Page:
        facts: list[Fact] = []
        upto, end = place.after, place.after + PAGE
        if place.streams:
            events, upto = await self._of_streams(place)
            self._tell(events, facts)
            return Page(facts, upto)
        # All of it, however large its events are: pages lie at fixed places.
        while upto < end and (upto == place.after or upto < self._log.feed.position):
            events = await Subscription(self._log, upto, page=end - upto).next()
            self._tell(events, facts)
            upto = events[-1].position
        return Page(facts, upto)

    def _tell(self, events: Sequence[RecordedEvent], facts: list[Fact]) -> None:
        facts += [fact for event in events if (fact := self._fact(event)) is not None]

    def _fact(self, event: RecordedEvent) -> Fact | None:
        topic = self._topics.get(event.stream.partition("/")[0])
        return None if topic is None else topic.fact(event)

    async def _of_streams(self, place: Place) -> tuple[Sequence[RecordedEvent], int]:
        """Read a few streams instead of all that lies between their events."""
        upto = self._log.feed.position
        found: list[RecordedEvent] = []
        for stream in place.streams:
            where = EventFilter(stream=stream, upto=upto)
            events = await self._log.read(place.after, PAGE, where, max_bytes=PAGE_BYTES)
            if not is_last(events, PAGE):
                upto = events[-1].position
            found += events
        wanted = [event for event in found if event.position <= upto]
        return sorted(wanted, key=lambda event: event.position), upto
