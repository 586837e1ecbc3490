"""Events in position order, gapless, from any position, for as long as one listens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.pages import PAGE, PAGE_BYTES
from aia_mas.application.event_log.records import RecordedEvent


class Subscription:
    """An endless walk along the log.

    It reads from the node's window where that reaches back far enough, else pages from the store.
    """

    def __init__(self, log: EventLog, after: int = 0, *, page: int = PAGE) -> None:
        """Start behind a position.

        Args:
            log: The log to walk.
            after: The last position already seen; 0 is before the first event.
            page: How many events come at once, at most.
        """
        self._log = log
        self._page = page
        self.position = after

    async def batches(self) -> AsyncIterator[Sequence[RecordedEvent]]:
        """Yield runs of events, each continuing the one before, waiting for new ones."""
        while True:
            yield await self.next()

    async def next(self) -> Sequence[RecordedEvent]:
        """Return the next run of events, at least one."""
        while True:
            events = self._log.feed.since(self.position, self._page)
            if events is None:
                events = await self._log.read(self.position, self._page, max_bytes=PAGE_BYTES)
            if events:
                self.position = events[-1].position
                return events
            await self._log.feed.wait(self.position)
