"""Ids and draws that come out the same for the same seed and the same steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random
from uuid import UUID


class Chance:
    """All that is left to chance in a system, drawn from one seed."""

    def __init__(self, seed: int, now: Callable[[], datetime]) -> None:
        """Begin (``now``: what time it is; the ids of UUIDv7 say it)."""
        self._random = Random(seed)  # noqa: S311 - the same again is what it is for
        self._now = now
        self._count = 0

    def random(self) -> float:
        """Draw from 0..1."""
        return self._random.random()

    def uuid(self) -> UUID:
        """Return an id that says no time (UUIDv4)."""
        return UUID(int=self._random.getrandbits(128), version=4)

    def new_id(self) -> str:
        """Return a new UUIDv7; each sorts after all before it, as the time never goes back.

        After RFC 9562, method 1: a counter of 42 bits stands behind the milliseconds.
        """
        self._count += 1
        milliseconds = round(self._now().timestamp() * 1000) & (2**48 - 1)
        high, low = divmod(self._count, 2**30)
        value = milliseconds << 80 | 7 << 76 | (high & 0xFFF) << 64 | 2 << 62 | low << 32
        return str(UUID(int=value | self._random.getrandbits(32)))

    def key(self) -> str:
        """Return a new idempotency key."""
        return self.uuid().hex
