"""Signs of life in Redis or Valkey."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from redis.asyncio import Redis

from aia_mas.application.presence.store import SLACK, Seen, Sighted

_REPORT_SECONDS = 86_400


class RedisPresence:
    """Signs of life in one sorted set, scored by time; each report under a key of its own."""

    def __init__(self, redis: Redis, name: str) -> None:
        """Use a server (``name``: prefix of the key, one for each store)."""
        self._redis = redis
        self._key = f"{name}:presence"
        self._reports = f"{name}:report:"

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

    async def write_reports(self, reports: Mapping[str, bytes]) -> None:
        """Keep the latest report of some agents."""
        pipeline = self._redis.pipeline(transaction=False)
        for agent_id, report in reports.items():
            # In a pipeline this only queues, and returns the pipeline.
            pipeline.execute_command("SET", self._reports + agent_id, report, "EX", _REPORT_SECONDS)
        await pipeline.execute()

    async def read_reports(self, agent_ids: Collection[str]) -> Mapping[str, bytes]:
        """Return the reports of some agents, of those that are known."""
        if not agent_ids:
            return {}
        # Any: redis-py types this reply as that of all its options at once.
        found: Any = await self._redis.mget([self._reports + each for each in agent_ids])
        pairs = zip(agent_ids, found, strict=True)
        return {each: report for each, report in pairs if report is not None}


def _member(key: Sighted) -> str:
    return "/".join(key)
