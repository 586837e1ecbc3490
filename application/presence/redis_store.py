"""Signs of life in Redis or Valkey."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from aia_mas.application.presence.store import SLACK, Seen, Sighted


class RedisPresence:
    """Signs of life in one sorted set, scored by time."""

    def __init__(self, redis: Redis, name: str) -> None:
        """Use a server (``name``: prefix of the key, one for each store)."""
        self._redis = redis
        self._key = f"{name}:presence"

    async def now(self) -> datetime:
        """Return what time it is there."""
        seconds, microseconds = await self._redis.time()
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)

    async def write(self, seen: Seen, now: datetime) -> None:
        """Note signs of life; the latest one of each counts."""
        scores = {_member(key): at.timestamp() for key, at in seen.items()}
        await self._redis.zremrangebyscore(self._key, f"({(now + SLACK).timestamp()}", "+inf")
        await self._redis.zadd(self._key, scores, gt=True)

    async def read(self, since: datetime, until: datetime, limit: int) -> Seen:
        """Return what was heard of last within a time, earliest first, at most ``limit``."""
        rows = await self._redis.zrangebyscore(
            self._key,
            since.timestamp(),
            until.timestamp(),
            start=0,
            num=limit,
            withscores=True,
        )
        result: dict[Sighted, datetime] = {}
        # Any: redis-py types this reply as that of all its options at once.
        row: Any
        for row in rows:
            member, score = row
            kind, _, key = (member.decode() if isinstance(member, bytes) else member).partition("/")
            result[kind, key] = datetime.fromtimestamp(float(score), UTC)
        return result

    async def drop(self, keys: Collection[Sighted]) -> None:
        """Forget what will not be asked for again."""
        await self._redis.zrem(self._key, *(_member(key) for key in keys))

    async def forget(self, before: datetime) -> None:
        """Forget old signs of life."""
        await self._redis.zremrangebyscore(self._key, "-inf", f"({before.timestamp()}")


def _member(key: Sighted) -> str:
    return "/".join(key)
