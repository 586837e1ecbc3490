"""How much each caller may still ask for: GCRA, in this process or shared through Redis.

The generic cell rate algorithm (ITU-T I.371) keeps one number per caller: the time at which all
that it has asked for would be done if it had asked evenly. A request moves it by one interval, and
is refused when that takes it further ahead of now than a burst reaches.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple, Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from aia_mas.application.settings_rates import Rate

log = structlog.stdlib.get_logger("aia.rates")

_PATIENCE = 0.25
_PAUSE = 1.0
_MICROSECONDS = 1e6
# All times in microseconds by Redis' own clock: nodes need not agree on the time of day.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, refill = tonumber(ARGV[1]), tonumber(ARGV[2])
local ahead = math.max(tonumber(redis.call('GET', KEYS[1]) or 0) - now, 0)
if ahead + interval > refill + 0.5 then return {0, math.ceil(ahead)} end
ahead = ahead + interval
redis.call('SET', KEYS[1], string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 1000) + 1)
return {1, math.ceil(ahead)}
"""


class Allowance(NamedTuple):
    """What became of a request's wish to be served.

    Attributes:
        granted: It may be.
        remaining: How many more would be granted now.
        reset: Seconds of silence after which a whole burst is there again.
        retry_after: Seconds after which the next one is granted; 0: now.
    """

    granted: bool
    remaining: int
    reset: float
    retry_after: float


class Limiter(Protocol):
    """Counts what callers ask for."""

    @property
    def shared(self) -> bool:
        """Whether it counts as it was told to; else it counts by itself for a while."""
        ...

    async def take(self, caller: str) -> Allowance:
        """Count one request of a caller, unless it is one too many."""
        ...


class LocalLimiter:
    """Counts in memory; of too many callers the one not heard of for longest is forgotten."""

    shared = True

    def __init__(
        self, rate: Rate, *, capacity: int = 100_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Count by a rate for at most ``capacity`` callers, by a clock in seconds."""
        self._rate = rate
        self._capacity = capacity
        self._clock = clock
        self._done_at: OrderedDict[str, float] = OrderedDict()

    async def take(self, caller: str) -> Allowance:
        """Count one request; see ``Limiter.take``."""
        now = self._clock()
        ahead = max(self._done_at.get(caller, now) - now, 0.0)
        granted = ahead + self._rate.interval <= self._rate.refill * (1 + 1e-9)
        if granted:
            ahead += self._rate.interval
        self._done_at[caller] = now + ahead
        self._done_at.move_to_end(caller)
        if len(self._done_at) > self._capacity:
            self._done_at.popitem(last=False)
        return _allowance(self._rate, granted, ahead)


class RedisLimiter:
    """Counts in Redis or Valkey for all nodes, and by itself while that is away."""

    def __init__(self, redis: Redis, name: str, rate: Rate) -> None:
        """Use a server (``name``: prefix of the keys, one for each store)."""
        self._script = redis.register_script(_SCRIPT)
        self._name = name
        self._rate = rate
        self._arguments = (rate.interval * _MICROSECONDS, rate.refill * _MICROSECONDS)
        self._local = LocalLimiter(rate)
        self._away_until = 0.0
        self.shared = True

    async def take(self, caller: str) -> Allowance:
        """Count one request; see ``Limiter.take``."""
        if not self.shared:
            now = time.monotonic()
            if now < self._away_until:
                return await self._local.take(caller)
            # This one tries; the others do not wait for what it finds.
            self._away_until = now + _PAUSE
        try:
            async with asyncio.timeout(_PATIENCE):
                granted, ahead = await self._script(
                    keys=[f"{self._name}:rate:{caller}"], args=self._arguments
                )
        except (RedisError, OSError, TimeoutError) as error:
            if self.shared:
                log.warning("rates_counted_locally", error=type(error).__name__)
            self.shared = False
            self._away_until = time.monotonic() + _PAUSE
            return await self._local.take(caller)
        if not self.shared:
            self.shared = True
            log.info("rates_shared")
        return _allowance(self._rate, bool(granted), ahead / _MICROSECONDS)


def _allowance(rate: Rate, granted: bool, ahead: float) -> Allowance:
    left = rate.refill - ahead
    return Allowance(
        granted=granted,
        remaining=max(0, int(left / rate.interval + 1e-6)),
        reset=ahead,
        retry_after=max(0.0, rate.interval - left),
    )
