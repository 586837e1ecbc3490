"""What is published: in order, many at once, and known to have been heard by somebody or not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from redis.asyncio import Redis

_MOST = 10_000
"""What waits to be published, at most; what is more is taken back at once."""
_BUSY = 1_000
"""What waits where nothing is to be said that nobody needs to hear."""
_AT_ONCE = 200


class Parcel(NamedTuple):
    """What is to be published.

    Attributes:
        channel: Where.
        payload: What.
        unheard: Called when nobody listened.
    """

    channel: str
    payload: bytes
    unheard: Callable[[], None] | None = None


class Wire:
    """The way out."""

    def __init__(self) -> None:
        """Begin with nothing to say."""
        self._waiting: list[Parcel] = []
        self._some = asyncio.Event()

    @property
    def is_busy(self) -> bool:
        """Whether much waits to be published."""
        return len(self._waiting) >= _BUSY

    def publish(self, parcel: Parcel) -> None:
        """Publish something soon."""
        if len(self._waiting) >= _MOST:
            _give_back(parcel)
            return
        self._waiting.append(parcel)
        self._some.set()

    async def run(self, redis: Redis) -> None:
        """Publish until cancelled.

        Raises:
            redis.RedisError: It cannot be reached; what was on its way is taken back.
        """
        while True:
            await self._some.wait()
            parcels, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            if not self._waiting:
                self._some.clear()
            heard: list[Any] = []
            try:
                async with redis.pipeline(transaction=False) as pipeline:
                    for parcel in parcels:
                        _ = pipeline.publish(parcel.channel, parcel.payload)
                    heard = await pipeline.execute()
            finally:
                for number, parcel in enumerate(parcels):
                    if number >= len(heard) or not heard[number]:
                        _give_back(parcel)

    def clear(self) -> None:
        """Take back what was not published."""
        waiting, self._waiting = self._waiting, []
        self._some.clear()
        for parcel in waiting:
            _give_back(parcel)


def _give_back(parcel: Parcel) -> None:
    if parcel.unheard is not None:
        parcel.unheard()
