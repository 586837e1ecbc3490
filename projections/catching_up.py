"""Whether a read model has caught up with the log since its node started."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from aia_mas.application.event_log.feed import Feed

NEARLY: Final = 1_000
"""Events behind the log with which a read model counts as caught up: it is written to meanwhile."""


class CatchingUp:
    """One read model on its way to the end of the log; once there, that is over for good."""

    def __init__(self) -> None:
        """Begin behind."""
        self._there = asyncio.Event()

    @property
    def done(self) -> bool:
        """Whether it has caught up once."""
        return self._there.is_set()

    async def wait(self, timeout: float) -> bool:
        """Wait until it has; False when ``timeout`` seconds passed first."""
        if self._there.is_set():
            return True
        try:
            async with asyncio.timeout(timeout):
                await self._there.wait()
        except TimeoutError:
            return False
        return True

    async def follow(self, feed: Feed, reached: Callable[[int], Awaitable[bool]]) -> None:
        """Wait until it is all but at the end of the log.

        Args:
            feed: Knows the end of the log.
            reached: Waits until the read model has a position.
        """
        # What was the end at the start must be in it; what is added from then on, nearly.
        target = feed.position
        while True:
            await reached(target)
            if feed.position - target <= NEARLY:
                self._there.set()
                return
            target = feed.position - NEARLY
