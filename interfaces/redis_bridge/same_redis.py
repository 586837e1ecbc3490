"""Tells a Redis that was started again from one that was there all the time."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError


class RedisRestarted(RedisConnectionError):
    """Redis was started again: nobody listens there who did."""


class SameRedis:
    """One run of a Redis; the library connects to the next one without a word."""

    def __init__(self, redis: Redis) -> None:
        """Watch a Redis."""
        self._redis = redis
        self._run = ""

    async def begin(self) -> None:
        """Remember which run it is.

        Raises:
            redis.RedisError: It cannot be asked.
        """
        self._run = await self._asked()

    async def check(self) -> None:
        """Ask whether it is the same.

        Raises:
            RedisRestarted: It is not.
            redis.RedisError: It cannot be asked.
        """
        if await self._asked() != self._run:
            raise RedisRestarted("it was started again")

    async def _asked(self) -> str:
        """Return the id of its run; empty where we may not ask, so that each is like the other."""
        try:
            told = await self._redis.info("server")
        except ResponseError:
            return ""
        return str(told.get("run_id", ""))
