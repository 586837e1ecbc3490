"""Waits until this node knows what stands in the log: one look for all who want to know at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


class CatchingUp:
    """Lets any number of those who wait share a look into the log that began after they came."""

    def __init__(
        self, head: Callable[[], Awaitable[int]], reached: Callable[[int], Awaitable[object]]
    ) -> None:
        """Wire it.

        Args:
            head: Reads up to where the log goes.
            reached: Waits until this node has a position.
        """
        self._head = head
        self._reached = reached
        self._looking = asyncio.Lock()
        self._came = self._served = self._position = 0

    async def __call__(self) -> None:
        """Wait until this node has all that is in the log now."""
        self._came += 1
        number = self._came
        async with self._looking:
            if self._served < number:
                everybody = self._came
                self._position = await self._head()
                self._served = everybody
            position = self._position
        await self._reached(position)
