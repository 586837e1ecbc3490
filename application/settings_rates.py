"""How many requests one caller may send, as a setting."""

from __future__ import annotations

import re
from typing import Any

import msgspec

_RATE = re.compile(
    r"\s*(\d{1,9})\s*/\s*(second|minute|hour)(?:(?:,\s*|\s+)burst\s+(\d{1,9}))?\s*", re.ASCII
)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
_MANY = 1_000_000


class Rate(msgspec.Struct, frozen=True):
    """A rate of requests.

    Attributes:
        interval: Seconds between two requests of one who sends them evenly.
        burst: How many may come at once after a pause.
    """

    interval: float
    burst: int

    @property
    def refill(self) -> float:
        """Seconds of silence after which a whole burst may come again."""
        return self.interval * self.burst


def rate(raw: Any) -> Rate:
    """Read a rate like ``100/second`` or ``6000/minute burst 500``; the burst is else the count."""
    found = _RATE.fullmatch(raw) if isinstance(raw, str) else None
    count, unit, burst = found.groups() if found else ("0", "second", None)
    most = int(burst or count)
    if not 1 <= int(count) <= _MANY or not 1 <= most <= _MANY:
        raise ValueError(
            "must be like 100/second, 6000/minute or 6000/minute burst 500, with numbers from 1 to"
            f" {_MANY}"
        )
    return Rate(_SECONDS[unit] / int(count), most)
