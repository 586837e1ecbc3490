"""This node's view of who is there, kept in step with the other nodes' in the background."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar
from uuid import uuid4

import psycopg
import structlog
from psycopg_pool import PoolTimeout
from redis.exceptions import RedisError

from aia_mas.application.clock import Clock
from aia_mas.application.event_log.slices import Slices
from aia_mas.application.presence.store import SLACK, PresenceStore, Sighted
from aia_mas.application.presence.store_time import StoreTime

T = TypeVar("T")
log = structlog.stdlib.get_logger("aia.presence")

KEPT = timedelta(hours=25)
"""How long a sign of life is remembered that nobody says is over; the longest window is a day."""

UNAVAILABLE = (psycopg.Error, PoolTimeout, RedisError, OSError, TimeoutError)
"""What the stores raise when they cannot be reached."""

_PAGE = 100
"""Signs of life in one call: the drivers take a page apart without a pause, in about 1 ms."""
_SWEEP_EVERY = 600.0
_NODE = "node"
"""The kind of the signs of life that nodes give of themselves."""


class Presence:
    """Who was heard of and when, by the monotonic clock, which nobody sets.

    Attributes:
        since: From when on the view is without a hole, monotonic seconds: the start, or the end of
            the last outage of the store. Nothing expires within a full window after it.
        available: The store can be reached.
    """

    def __init__(
        self,
        store: PresenceStore,
        clock: Clock,
        *,
        interval: float = 0.5,
        patience: float = 2.0,
        remember: float = 90.0,
    ) -> None:
        """Share signs of life through a store.

        Args:
            store: Where they are shared.
            clock: What time it is.
            interval: Seconds between two exchanges.
            patience: Seconds after which a store that does not answer a call counts as away.
            remember: Seconds of the past that a node reads when it starts. No window needs any (all
                begin with the start); it is for telling when an agent was heard of last.
        """
        self._store = store
        self._clock = clock
        self._interval = interval
        self._patience = patience
        self._seen: dict[Sighted, float] = {}
        # What the store does not know yet, and what it need not know any longer.
        self._fresh: dict[Sighted, float] = {}
        self._over: dict[Sighted, None] = {}
        # A sign of life of this run. When the store has forgotten it, it has forgotten others, too.
        self._own: Sighted = (_NODE, uuid4().hex)
        self._own_written = False
        self._time = StoreTime()
        self._remember = timedelta(seconds=remember)
        self._read_from: datetime | None = None
        # Rows may become visible a little later than their time says.
        self._overlap = max(SLACK, timedelta(seconds=4 * interval))
        self._swept = clock.monotonic()
        # When the exchange under way began, and how long the last one took.
        self._began: float | None = None
        self._took = 0.0
        self.since = clock.monotonic()
        self.available = True

    def beat(self, kind: str, key: str) -> None:
        """Note a sign of life."""
        self._fresh[kind, key] = self._seen[kind, key] = self._clock.monotonic()

    def over(self, sighted: Sighted) -> None:
        """Forget something that nobody will ask for again."""
        self._fresh.pop(sighted, None)
        if self._seen.pop(sighted, None) is not None:
            self._over[sighted] = None

    def last_seen(self, kind: str, key: str) -> datetime | None:
        """Return when something was last heard of, as far as this node knows, UTC."""
        at = self._seen.get((kind, key))
        if at is None:
            return None
        return self._clock.now() - timedelta(seconds=self._clock.monotonic() - at)

    @property
    def exchange_seconds(self) -> float:
        """How long the last exchange took, or the one under way when it takes longer already.

        So much longer than usual may signs of life that others heard have been on their way.
        """
        under_way = 0.0 if self._began is None else self._clock.monotonic() - self._began
        return max(self._took, under_way)

    def __len__(self) -> int:
        """Return how many are remembered."""
        return len(self._seen)

    async def run(self) -> None:
        """Exchange signs of life with the other nodes until cancelled."""
        while True:
            began = self._began = self._clock.monotonic()
            try:
                await self._exchange()
            except UNAVAILABLE as error:
                if self.available:
                    log.warning("presence_unavailable", error=str(error))
                self.available = False
            else:
                if not self.available:
                    # What the others saw meanwhile may be lost: every window starts anew.
                    self.since = self._clock.monotonic()
                    self.available = True
                    log.info("presence_available")
            self._took, self._began = self._clock.monotonic() - began, None
            await self._clock.sleep(self._interval)

    async def flush(self) -> None:
        """Write what is not yet written, unless the store is away; called before stopping."""
        if not self.available:
            log.info("presence_not_flushed", error="the store is away")
            return
        try:
            async with asyncio.timeout(2):
                await self._look_at_clock()
                await self._write()
                await self._store.drop([self._own])
        except UNAVAILABLE as error:
            log.info("presence_not_flushed", error=str(error))

    async def _exchange(self) -> None:
        now = await self._look_at_clock()
        await self._read(now)
        self._fresh[self._own] = self._clock.monotonic()
        await self._write()
        self._own_written = True
        for page in _pages(list(self._over)):
            await self._ask(self._store.drop(page))
            for key in page:
                del self._over[key]
        if self._clock.monotonic() - self._swept > _SWEEP_EVERY:
            self._swept = self._clock.monotonic()
            await self._sweep(now)

    async def _look_at_clock(self) -> datetime:
        before = self._clock.monotonic()
        now = await self._ask(self._store.now())
        if self._time.compare(now, before, self._clock.monotonic()):
            # What was written before the step cannot be told from what was written long ago.
            self._begin_anew("presence_clock_stepped")
        return now

    async def _read(self, now: datetime) -> None:
        """Take over what the other nodes have heard of since the last time."""
        since = min(self._read_from or now - self._remember, now - self._overlap)
        found_own = False
        slices = Slices()
        limit = _PAGE
        while True:
            page = await self._ask(self._store.read(since, now + SLACK, limit))
            last = since
            for key, last in page.items():
                if key[0] == _NODE:
                    found_own = found_own or key == self._own
                    continue
                at = self._time.monotonic(last)
                if key not in self._over and at > self._seen.get(key, float("-inf")):
                    self._seen[key] = at
                if slices.over():
                    await slices.give_way()
            if len(page) < limit:
                break
            # Its last moment is read again, because the page may have ended within it.
            limit = limit * 2 if last == since else _PAGE
            since = self._read_from = last
        self._read_from = now - self._overlap
        if self._own_written and not found_own:
            self._begin_anew("presence_lost")

    async def _write(self) -> None:
        for keys in _pages(list(self._fresh)):
            page = {key: self._fresh[key] for key in keys if key in self._fresh}
            if page:
                seen = {key: self._time.stored(at) for key, at in page.items()}
                await self._ask(self._store.write(seen, self._time.now))
            for key, at in page.items():
                if self._fresh.get(key) == at:
                    del self._fresh[key]

    async def _sweep(self, now: datetime) -> None:
        before = self._clock.monotonic() - KEPT.total_seconds()
        slices = Slices()
        for key, at in list(self._seen.items()):
            if at < before and self._seen.get(key) == at:
                del self._seen[key]
            if slices.over():
                await slices.give_way()
        await self._ask(self._store.forget(now - KEPT))

    def _begin_anew(self, why: str) -> None:
        self.since = self._clock.monotonic()
        log.warning(why)

    async def _ask(self, call: Awaitable[T]) -> T:
        async with asyncio.timeout(self._patience):
            return await call


def _pages(keys: Collection[Sighted]) -> Iterator[list[Sighted]]:
    remaining = iter(keys)
    while page := list(islice(remaining, _PAGE)):
        yield page
