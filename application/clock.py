"""The one clock of the system, as a port: time can be driven by tests and simulations."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


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


class ManualClock:
    """A clock that stands until it is moved; sleepers wake in the order of their times."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        """Stand at a time."""
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

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
        self._sleepers.append((self._elapsed + seconds, future))
        await future

    def set(self, seconds: float) -> None:
        """Set the time of day forward or (below 0) back, as people do; no time passes by that."""
        self._start += timedelta(seconds=seconds)

    def advance(self, seconds: float) -> None:
        """Move forward and wake who slept until then."""
        self._elapsed += seconds
        due = sorted(
            (sleeper for sleeper in self._sleepers if sleeper[0] <= self._elapsed),
            key=lambda sleeper: sleeper[0],
        )
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self._elapsed]
        for _, future in due:
            if not future.done():
                future.set_result(None)
