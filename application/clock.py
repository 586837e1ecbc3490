"""The one clock of the system, as a port: time can be driven by tests and simulations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol

import anyio


class Clock(Protocol):
    """Tells the time and waits for it."""

    def now(self) -> datetime:
        """Return the time of day, UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds on a scale that never goes back; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def within(self, seconds: float) -> AbstractContextManager[anyio.CancelScope]:
        """Return a block that is left when so many seconds have passed (``cancelled_caught``)."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the time of day, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait for real."""
        await asyncio.sleep(seconds)

    def within(self, seconds: float) -> AbstractContextManager[anyio.CancelScope]:
        """Return a block that is left when so many seconds have passed for real."""
        return anyio.move_on_after(seconds)


class ManualClock:
    """A clock that stands until it is moved; sleepers wake in the order of their times."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        """Stand at a time."""
        self._start = start
        self._elapsed = 0.0
        self._alarms: list[_Alarm] = []

    def now(self) -> datetime:
        """Return the time it was moved to."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Return the seconds it was moved by."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not future.done():
                future.set_result(None)

        with self._alarm(seconds, wake):
            await future

    @contextmanager
    def within(self, seconds: float) -> Iterator[anyio.CancelScope]:
        """Return a block that is left when the clock was moved that far."""
        with anyio.CancelScope() as scope:
            if seconds <= 0:
                scope.cancel()
            with self._alarm(seconds, scope.cancel):
                yield scope

    @property
    def next_alarm(self) -> float | None:
        """The seconds on its scale at which somebody wakes next; None: nobody sleeps."""
        return min((alarm.at for alarm in self._alarms), default=None)

    def set(self, seconds: float) -> None:
        """Set the time of day forward or (below 0) back, as people do; no time passes by that."""
        self._start += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Move forward and wake who slept until then."""
        self.advance_to(self._elapsed + seconds)

    def advance_to(self, moment: float) -> None:
        """Move forward to a moment of its scale, exactly, and wake who slept until then."""
        self._elapsed = max(self._elapsed, moment)
        due = [alarm for alarm in self._alarms if alarm.at <= self._elapsed]
        self._alarms = [alarm for alarm in self._alarms if alarm.at > self._elapsed]
        for alarm in sorted(due, key=lambda alarm: alarm.at):
            alarm.ring()

    @contextmanager
    def _alarm(self, seconds: float, ring: Callable[[], None]) -> Iterator[None]:
        alarm = _Alarm(self._elapsed + seconds, ring)
        self._alarms.append(alarm)
        try:
            yield
        finally:
            # Nobody is to be waited for any longer who went away before their time.
            if alarm in self._alarms:
                self._alarms.remove(alarm)


class _Alarm:
    """Somebody who is to be woken."""

    __slots__ = ("at", "ring")

    def __init__(self, at: float, ring: Callable[[], None]) -> None:
        self.at = at
        self.ring = ring
