"""An event loop whose time passes only when nothing is left to do: whole days in a moment."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio

START = datetime(2026, 1, 5, tzinfo=UTC)
MOST_ROUNDS = 20_000
"""Rounds of the loop in which whatever can happen at once has happened."""
MOMENT = 0.001
"""Seconds in which whatever can happen at once has happened."""


class NothingWillHappen(RuntimeError):
    """Everybody waits for somebody else: a real program would hang."""


class BusyForEver(RuntimeError):
    """Somebody goes round and round while no time passes: a real program would burn its core."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs everything that is ready, then goes on to the next timer without waiting for it."""

    def __init__(self) -> None:
        self._elapsed = 0.0
        super().__init__(_Impatient(self))

    def time(self) -> float:
        """Return the seconds that have passed."""
        return self._elapsed

    def skip(self, seconds: float) -> None:
        """Let time pass."""
        self._elapsed += seconds


class _Impatient(selectors.BaseSelector):
    """Looks at files as they are, and lets the loop's time pass in place of waiting."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._files = selectors.DefaultSelector()
        self._rounds = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingWillHappen
        self._rounds = 0 if timeout > 0 else self._rounds + 1
        if self._rounds > MOST_ROUNDS:
            raise BusyForEver
        if timeout > 0:
            self._loop.skip(timeout)
        return self._files.select(0)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._files.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._files.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._files.get_map()

    def close(self) -> None:
        self._files.close()


class LoopClock:
    """The clock of the system, which shows the loop's time."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        """Return the time of day, UTC."""
        return START + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        """Return the seconds that have passed."""
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def within(self, seconds: float) -> AbstractContextManager[anyio.CancelScope]:
        """Return a block that is left when so many seconds have passed."""
        return anyio.move_on_after(seconds)
