"""Presence over a store in memory that may be away, slow, or of another time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import anyio

from aia_mas.application.presence import MemoryPresence, Presence, Seen

from .conftest import SteppedClock

INTERVAL = 0.5


class Store(MemoryPresence):
    """A store that can be away, or hang, with a clock of its own.

    Attributes:
        away: It refuses every call.
        hangs: It answers no call.
        goes_on: Set when calls that hang are answered after all.
        reads: How many pages it gives before it is away.
        asked: Since when it was read.
        pages: How much was read or written in one call, at most.
        ahead: How far its clock is ahead of that of the nodes.
    """

    def __init__(self, clock: SteppedClock) -> None:
        super().__init__(clock)
        self.away = False
        self.hangs = False
        self.reads = float("inf")
        self.asked: list[datetime] = []
        self.pages = 0
        self.ahead = timedelta(0)
        self.hung = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def now(self) -> datetime:
        await self._check()
        return await super().now() + self.ahead

    async def write(self, seen: Seen, now: datetime) -> None:
        await self._check()
        self.pages = max(self.pages, len(seen))
        await super().write(seen, now)

    async def read(self, since: datetime, until: datetime, limit: int) -> Seen:
        await self._check()
        self.away = self.reads <= 1
        self.reads -= 1
        self.asked.append(since)
        page = await super().read(since, until, limit)
        self.pages = max(self.pages, len(page))
        return page

    @property
    def of_others(self) -> dict[tuple[str, str], datetime]:
        """What is known, signs of life of the nodes themselves aside."""
        return {key: at for key, at in self._seen.items() if key[0] != "node"}

    async def _check(self) -> None:
        if self.away:
            raise ConnectionRefusedError
        if self.hangs:
            self.hung.set()
            await self.goes_on.wait()


@asynccontextmanager
async def running(
    store: Store, clock: SteppedClock, patience: float = 5.0
) -> AsyncIterator[Presence]:
    presence = Presence(store, clock, interval=INTERVAL, patience=patience)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(presence.run)
        yield presence
        tasks.cancel_scope.cancel()


def is_away(presence: Presence) -> bool:
    return not presence.available
