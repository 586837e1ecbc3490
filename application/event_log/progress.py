"""How far something has come along the log, and who waits for it to get further."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from itertools import count


class Progress:
    """A position that moves, and can be waited for."""

    def __init__(self, position: int = 0) -> None:
        """Stand at a position."""
        self._position = position
        self._waiters: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._awaited = asyncio.Event()

    @property
    def position(self) -> int:
        """The last position reached."""
        return self._position

    @property
    def has_waiters(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiters)

    def move(self, position: int) -> None:
        """Go to a position (back as well, after a restore) and wake who waits for it."""
        self._position = position
        waiters = self._waiters
        while waiters and waiters[0][0] <= position:
            waiter = heappop(waiters)[2]
            if not waiter.done():
                waiter.set_result(None)
        if not waiters:
            self._awaited.clear()

    async def reached(self, position: int, timeout: float | None = None) -> bool:
        """Wait until a position is reached.

        Args:
            position: Which one.
            timeout: Seconds to wait at most; None waits for ever.

        Returns:
            False when the time passed first.
        """
        if self._position >= position:
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (position, next(self._numbers), waiter)
        heappush(self._waiters, entry)
        self._awaited.set()
        try:
            async with asyncio.timeout(timeout):
                await waiter
        except TimeoutError:
            return self._position >= position
        finally:
            if waiter.cancelled():
                self._forget(entry)
        return True

    async def somebody_waits(self, timeout: float | None = None) -> bool:
        """Wait until somebody waits; False when ``timeout`` seconds passed first."""
        try:
            async with asyncio.timeout(timeout):
                await self._awaited.wait()
        except TimeoutError:
            return False
        return True

    def _forget(self, entry: tuple[int, int, asyncio.Future[None]]) -> None:
        # A sorted list is a heap; waiters that give up are rare enough to afford it.
        self._waiters = sorted(waiter for waiter in self._waiters if waiter is not entry)
        if not self._waiters:
            self._awaited.clear()
