"""Presence: when each agent and each task lease was last heard of, shared between nodes.

Heartbeats are too many and too short-lived to be events. They are gathered and written a few times
a second, to PostgreSQL (an UNLOGGED table) or to Redis; only changes of standing become events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from redis.asyncio import Redis
from redis.exceptions import RedisError

from aia_mas.application.clock import Clock

log = structlog.stdlib.get_logger("aia.presence")

Seen = Mapping[tuple[str, str], datetime]
"""(kind, key) -> when it was last heard of, UTC. Kinds: ``agent``, ``task``."""

KEPT = timedelta(hours=1)
"""How long a sign of life is remembered; far longer than any window that asks for it."""


class PresenceStore(Protocol):
    """Where nodes share signs of life."""

    async def write(self, seen: Seen) -> None:
        """Note signs of life."""
        ...

    async def read(self, since: datetime) -> Seen:
        """Return what was heard of since a time."""
        ...

    async def forget(self, before: datetime) -> None:
        """Drop old signs of life."""
        ...


UNAVAILABLE = (psycopg.Error, PoolTimeout, RedisError, OSError, TimeoutError)
"""What the stores raise when they cannot be reached."""


class PostgresPresence:
    """Signs of life in the UNLOGGED table ``presence``."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        """Use a migrated database."""
        self._pool = pool

    async def write(self, seen: Seen) -> None:
        """Note signs of life; the latest one counts."""
        # Sorted, so that two nodes never lock the same rows in opposite orders.
        items = sorted(seen.items())
        async with self._pool.connection() as connection:
            await connection.execute(
                """insert into presence as p
                select * from unnest(%s::text[], %s::text[], %s::timestamptz[])
                on conflict (kind, key) do update
                set seen_at = greatest(p.seen_at, excluded.seen_at)""",
                (
                    [kind for (kind, _), _ in items],
                    [key for (_, key), _ in items],
                    [at for _, at in items],
                ),
            )

    async def read(self, since: datetime) -> Seen:
        """Return what was heard of since a time."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select kind, key, seen_at from presence where seen_at >= %s", (since,)
            )
            return {(kind, key): at for kind, key, at in await cursor.fetchall()}

    async def forget(self, before: datetime) -> None:
        """Drop old signs of life."""
        async with self._pool.connection() as connection:
            await connection.execute("delete from presence where seen_at < %s", (before,))


class RedisPresence:
    """Signs of life in one sorted set of Redis or Valkey, scored by time."""

    def __init__(self, redis: Redis, name: str) -> None:
        """Use a server (``name``: prefix of the key, one for each store)."""
        self._redis = redis
        self._key = f"{name}:presence"

    async def write(self, seen: Seen) -> None:
        """Note signs of life; the latest one counts."""
        scores = {f"{kind}/{key}": at.timestamp() for (kind, key), at in seen.items()}
        await self._redis.zadd(self._key, scores, gt=True)

    async def read(self, since: datetime) -> Seen:
        """Return what was heard of since a time."""
        rows = await self._redis.zrangebyscore(
            self._key, since.timestamp(), "+inf", withscores=True
        )
        result: dict[tuple[str, str], datetime] = {}
        # Any: redis-py types this reply as that of all its options at once.
        row: Any
        for row in rows:
            member, score = row
            kind, _, key = (member.decode() if isinstance(member, bytes) else member).partition("/")
            result[kind, key] = datetime.fromtimestamp(float(score), UTC)
        return result

    async def forget(self, before: datetime) -> None:
        """Drop old signs of life."""
        await self._redis.zremrangebyscore(self._key, "-inf", f"({before.timestamp()}")


class MemoryPresence:
    """Signs of life in this process, for systems in memory."""

    def __init__(self) -> None:
        """Start with none."""
        self._seen: dict[tuple[str, str], datetime] = {}

    async def write(self, seen: Seen) -> None:
        """Note signs of life; the latest one counts."""
        for key, at in seen.items():
            self._seen[key] = max(at, self._seen.get(key, at))

    async def read(self, since: datetime) -> Seen:
        """Return what was heard of since a time."""
        return {key: at for key, at in self._seen.items() if at >= since}

    async def forget(self, before: datetime) -> None:
        """Drop old signs of life."""
        self._seen = {key: at for key, at in self._seen.items() if at >= before}


class Presence:
    """This node's view of who is there; written and read in the background.

    Attributes:
        since: From when on the view is without a hole: the start, or the end of the last outage of
            the store. Nothing expires within a full window after it.
    """

    def __init__(
        self,
        store: PresenceStore,
        clock: Clock,
        *,
        interval: float = 0.5,
        patience: float = 2.0,
    ) -> None:
        """Share signs of life through a store.

        Args:
            store: Where they are shared.
            clock: What time it is.
            interval: Seconds between two exchanges.
            patience: Seconds after which a store that does not answer counts as away.
        """
        self._store = store
        self._clock = clock
        self._interval = interval
        self._patience = patience
        self._fresh: dict[tuple[str, str], datetime] = {}
        self._seen: dict[tuple[str, str], datetime] = {}
        self.since = clock.now()
        self.available = True

    def beat(self, kind: str, key: str) -> None:
        """Note a sign of life."""
        now = self._clock.now()
        self._fresh[kind, key] = now
        self._seen[kind, key] = now

    def last_seen(self, kind: str, key: str) -> datetime | None:
        """Return when something was last heard of, as far as this node knows."""
        return self._seen.get((kind, key))

    async def run(self) -> None:
        """Exchange signs of life with the other nodes until cancelled."""
        read_from = self._clock.now() - KEPT
        swept = self._clock.monotonic()
        while True:
            began = self._clock.now()
            fresh, self._fresh = self._fresh, {}
            try:
                async with asyncio.timeout(self._patience):
                    await self._exchange(fresh, read_from)
                if self._clock.monotonic() - swept > KEPT.total_seconds() / 10:
                    swept = self._clock.monotonic()
                    await self._sweep(began - KEPT)
            except UNAVAILABLE as error:
                self._fresh = {**fresh, **self._fresh}
                if self.available:
                    log.warning("presence_unavailable", error=str(error))
                self.available = False
            else:
                if not self.available:
                    # What the others saw meanwhile may be lost: every window starts anew.
                    self.since = self._clock.now()
                    self.available = True
                    log.info("presence_available")
                # Rows may become visible a little later than their time says.
                read_from = began - timedelta(seconds=max(5.0, 4 * self._interval))
            await self._clock.sleep(self._interval)

    async def _exchange(self, fresh: Seen, read_from: datetime) -> None:
        if fresh:
            await self._store.write(fresh)
        for key, at in (await self._store.read(read_from)).items():
            known = self._seen.get(key)
            if known is None or known < at:
                self._seen[key] = at

    async def flush(self) -> None:
        """Write what is not yet written; called before stopping."""
        fresh, self._fresh = self._fresh, {}
        if fresh:
            try:
                async with asyncio.timeout(2):
                    await self._store.write(fresh)
            except UNAVAILABLE as error:
                log.info("presence_not_flushed", error=str(error))

    async def _sweep(self, before: datetime) -> None:
        self._seen = {key: at for key, at in self._seen.items() if at >= before}
        await self._store.forget(before)
