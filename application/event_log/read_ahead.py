"""Reads a stretch of the log page by page, one page ahead of whoever folds it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.pages import PAGE, PAGE_BYTES
from aia_mas.application.event_log.records import RecordedEvent


class ReadAhead:
    """The events behind one position and up to another; the store reads while its user folds.

    Used as a context manager, so that a read under way ends with it.
    """

    def __init__(self, log: EventLog, after: int, upto: int, *, page: int = PAGE) -> None:
        """Describe the stretch.

        Args:
            log: What to read.
            after: The position before the first event.
            upto: The position of the last one, which must have been reached.
            page: Events read at once, at most.
        """
        self._log = log
        self._upto = upto
        self._page = page
        self._after = after
        self._ahead: asyncio.Task[Sequence[RecordedEvent]] | None = None

    async def __aenter__(self) -> Self:
        """Begin to read."""
        self._begin()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the read that is under way."""
        if self._ahead is not None:
            self._ahead.cancel()
            # Whatever became of it; its user has left.
            await asyncio.gather(self._ahead, return_exceptions=True)

    async def next(self) -> Sequence[RecordedEvent]:
        """Return the next page; an empty one at the end.

        Raises:
            EventLogError: The store does not have events that it should have.
        """
        if self._ahead is None:
            return ()
        events = await self._ahead
        if not events:
            raise EventLogError(f"the log has nothing behind position {self._after}")
        self._after = events[-1].position
        self._begin()
        return events

    def _begin(self) -> None:
        left = self._upto - self._after
        if left > 0:
            read = self._log.read(self._after, min(self._page, left), max_bytes=PAGE_BYTES)
            self._ahead = asyncio.create_task(read)
        else:
            self._ahead = None
