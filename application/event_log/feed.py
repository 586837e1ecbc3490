"""The node's window on the end of the log: every event once, in order, without gaps.

Own commits arrive without a read back; what other nodes committed is read from PostgreSQL.
Consumers (folds, projections, streams) share the window and read pages from PostgreSQL where it has
moved on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from aia_mas.application.event_log.pages import PAGE, is_last
from aia_mas.application.event_log.records import RecordedEvent

Read = Callable[[int, int], Awaitable[list[RecordedEvent]]]
"""Reads a page of events behind a position, at most so many."""

_GIVEN_UP = 64
"""Events given up with every arrival, beside twice as many as arrive."""


class Feed:
    """The last events of the log in memory, contiguous up to ``position``."""

    def __init__(self, *, capacity: int = 50_000, capacity_bytes: int = 64 * 2**20) -> None:
        """Make an empty feed.

        Args:
            capacity: Events kept for consumers that lag.
            capacity_bytes: Bound of their stored size; a large event pushes out many small ones,
                little by little while the bound is exceeded less than twice.
        """
        # What was given up stands as None before the start until it is worth moving the rest.
        self._events: list[RecordedEvent | None] = []
        self._start = 0
        self._first = 1
        self._capacity = capacity
        self._capacity_bytes = capacity_bytes
        self._bytes = 0
        self._waiters: set[asyncio.Future[None]] = set()
        self._gap = asyncio.Event()
        self._listeners: list[Callable[[Sequence[RecordedEvent]], None]] = []

    @property
    def position(self) -> int:
        """The last position up to which this node knows every event."""
        return self._first + len(self._events) - self._start - 1

    def start(self, position: int) -> None:
        """Begin behind a position of the log; consumers read what is older from PostgreSQL."""
        self._events.clear()
        self._start = self._bytes = 0
        self._first = position + 1
        self._wake()

    def listen(self, listener: Callable[[Sequence[RecordedEvent]], None]) -> None:
        """Call a function with every run of new events, at once; it must be quick."""
        self._listeners.append(listener)

    def publish(self, events: Sequence[RecordedEvent]) -> None:
        """Take events that this node committed or read; only what continues the window is kept.

        Events beyond a gap are left for the reader, which is told to look.
        """
        known = self.position
        if not events or events[-1].position <= known:
            return
        if events[0].position > known + 1:
            self._gap.set()
            return
        new = events[known + 1 - events[0].position :]
        self._events += new
        self._bytes += sum(event.size for event in new)
        self._trim(len(new))
        for listener in self._listeners:
            listener(new)
        self._wake()

    def since(self, after: int, limit: int = PAGE) -> Sequence[RecordedEvent] | None:
        """Return events behind a position, or None when the window begins later than that."""
        if after + 1 < self._first:
            return None
        start = self._start + after + 1 - self._first
        return self._events[start : start + limit]  # type: ignore[return-value]

    def first_after(self, position: int) -> RecordedEvent | None:
        """Return the oldest event behind a position that the window holds, if there is one."""
        index = self._start + max(position + 1 - self._first, 0)
        return self._events[index] if index < len(self._events) else None

    async def wait(self, after: int, timeout: float | None = None) -> bool:
        """Wait until the window has moved beyond a position.

        Returns:
            False when ``timeout`` seconds passed first.
        """
        try:
            async with asyncio.timeout(timeout):
                while self.position <= after:
                    waiter = asyncio.get_running_loop().create_future()
                    self._waiters.add(waiter)
                    try:
                        await waiter
                    finally:
                        self._waiters.discard(waiter)
        except TimeoutError:
            return self.position > after
        return True

    async def gap(self, timeout: float) -> None:
        """Wait until something is missing from the window, at most ``timeout`` seconds."""
        try:
            async with asyncio.timeout(timeout):
                await self._gap.wait()
        except TimeoutError:
            return

    def look(self) -> None:
        """Tell the reader that the log may have more than the window."""
        self._gap.set()

    async def catch_up(self, read: Read) -> None:
        """Read until nothing is missing."""
        self._gap.clear()
        while True:
            page = await read(self.position, PAGE)
            self.publish(page)
            if is_last(page, PAGE):
                return

    def _trim(self, arrived: int) -> None:
        """Give up the oldest events, few at a time: to give up thousands holds everybody up."""
        events, start, left = self._events, self._start, _GIVEN_UP + 2 * arrived
        while start < len(events) and (
            self._bytes > 2 * self._capacity_bytes
            or (left and self._bytes > self._capacity_bytes)
            or (left and len(events) - start > self._capacity)
        ):
            oldest = events[start]
            assert oldest is not None
            self._bytes -= oldest.size
            events[start] = None
            start += 1
            left -= left > 0
        self._first += start - self._start
        if 2 * start > len(events):
            del events[:start]
            start = 0
        self._start = start

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
