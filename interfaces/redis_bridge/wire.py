"""What is published: in order, many at once, and known to have been heard by somebody or not."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, NamedTuple

import structlog
from redis.asyncio import Redis

from aia_mas.interfaces.redis_bridge.same_redis import SameRedis

log = structlog.stdlib.get_logger("aia.redis")

_MOST = 10_000
_MOST_BYTES = 16 * 2**20
"""What waits to be published, about; whoever has more to say waits until there is room."""
_AT_ONCE = 200
_BYTES_AT_ONCE = 2**20
_TELL_EVERY = 10.0
"""Seconds between two lines of the log about what Redis refuses to publish."""


class Lost(Enum):
    """Why what was to be published reached nobody."""

    UNSENT = auto()
    """It was not published, or nobody knows whether it was: Redis is away, or this side ends."""
    UNHEARD = auto()
    """Nobody listened."""


class Parcel(NamedTuple):
    """What is to be published.

    Attributes:
        channel: Where.
        payload: What.
        lost: Called when it reached nobody.
    """

    channel: str
    payload: bytes
    lost: Callable[[Lost], None] | None = None


class Wire:
    """The way out.

    Attributes:
        sent: How much was published.
    """

    def __init__(self) -> None:
        """Begin with nothing to say."""
        self.sent = 0
        self._waiting: deque[Parcel] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._told_at = -_TELL_EVERY

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be given to it for now."""
        return len(self._waiting) >= _MOST or self._bytes >= _MOST_BYTES

    async def has_room(self) -> None:
        """Wait until it is not full."""
        while self.is_full:
            self._room.clear()
            await self._room.wait()

    def publish(self, parcel: Parcel) -> None:
        """Publish something soon."""
        self._waiting.append(parcel)
        self._bytes += len(parcel.payload)
        self._some.set()

    async def run(self, redis: Redis, same: SameRedis) -> None:
        """Publish until cancelled.

        Raises:
            redis.RedisError: It cannot be reached, or was started again; what was on its way is
                taken back.
        """
        while True:
            await self._some.wait()
            parcels = self._next()
            heard: list[Any] = []
            try:
                async with redis.pipeline(transaction=False) as pipeline:
                    for parcel in parcels:
                        _ = pipeline.publish(parcel.channel, parcel.payload)
                    # One that Redis refuses (its ACL) must not keep the others from being heard.
                    told = await pipeline.execute(raise_on_error=False)
                if any(each.lost and not count for each, count in zip(parcels, told, strict=True)):
                    await same.check()
                heard = told
            finally:
                self._settle(parcels, heard)

    def clear(self) -> None:
        """Take back what was not published."""
        waiting, self._waiting, self._bytes = self._waiting, deque(), 0
        self._some.clear()
        self._room.set()
        for parcel in waiting:
            _give_back(parcel, Lost.UNSENT)

    def _next(self) -> list[Parcel]:
        """Take out what is published in one go."""
        parcels: list[Parcel] = []
        size = 0
        while self._waiting and len(parcels) < _AT_ONCE and size < _BYTES_AT_ONCE:
            parcels.append(self._waiting.popleft())
            size += len(parcels[-1].payload)
        self._bytes -= size
        if not self._waiting:
            self._some.clear()
        if not self.is_full:
            self._room.set()
        return parcels

    def _settle(self, parcels: list[Parcel], heard: list[Any]) -> None:
        refused: Exception | None = None
        for number, parcel in enumerate(parcels):
            told = heard[number] if number < len(heard) else None
            if told is None:
                _give_back(parcel, Lost.UNSENT)
            elif isinstance(told, Exception):
                refused = told
                _give_back(parcel, Lost.UNHEARD)
            else:
                self.sent += 1
                if not told:
                    _give_back(parcel, Lost.UNHEARD)
        now = asyncio.get_running_loop().time()
        if refused is not None and now - self._told_at >= _TELL_EVERY:
            self._told_at = now
            log.warning("redis_publish_refused", error=str(refused))


def _give_back(parcel: Parcel, why: Lost) -> None:
    if parcel.lost is not None:
        parcel.lost(why)
