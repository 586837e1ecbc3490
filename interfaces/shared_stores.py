"""What nodes share beside the log, as configured: in Redis, or else in PostgreSQL or not at all."""

from __future__ import annotations

from contextlib import AsyncExitStack

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.event_log.redis_wakeups import RedisWakeups
from aia_mas.application.presence import PostgresPresence, RedisPresence
from aia_mas.application.rate_limits import Limiter, LocalLimiter, RedisLimiter
from aia_mas.application.settings import Settings


def presence_store(
    settings: Settings, log: PostgresEventLog, stack: AsyncExitStack
) -> PostgresPresence | RedisPresence:
    """Return where signs of life are kept (``stack``: closes what was opened)."""
    if settings.redis is None:
        return PostgresPresence(log.pool)
    # Not tried again in silence: an outage is to be noticed, however short.
    redis = Redis.from_url(
        settings.redis, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)
    )
    stack.push_async_callback(redis.aclose)
    return RedisPresence(redis, f"mas:{log.store_id}")


def wakeups(
    settings: Settings, log: PostgresEventLog, stack: AsyncExitStack
) -> RedisWakeups | None:
    """Return what else wakes nodes than PostgreSQL; None: nothing does (``stack``: see above)."""
    if settings.redis is None:
        return None
    redis = Redis.from_url(
        settings.redis, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0)
    )
    stack.push_async_callback(redis.aclose)
    return RedisWakeups(redis, f"mas:{log.store_id}:commits", log)


def limiter(settings: Settings, log: PostgresEventLog, stack: AsyncExitStack) -> Limiter | None:
    """Return what limits the rate of requests; None: nothing does (``stack``: see above)."""
    rate = settings.rate_limit
    if rate is None:
        return None
    if settings.redis is None:
        return LocalLimiter(rate)
    # Many requests are counted at once: the connections that it takes are bounded.
    pool = BlockingConnectionPool.from_url(
        settings.redis, max_connections=32, timeout=1, socket_timeout=1, socket_connect_timeout=1
    )
    redis = Redis.from_pool(pool)
    stack.push_async_callback(redis.aclose)
    return RedisLimiter(redis, f"mas:{log.store_id}", rate)
