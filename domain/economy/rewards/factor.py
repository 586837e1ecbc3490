"""How well an attempt was done, as a factor of its reward: by its rating and by its punctuality.

The agent's own estimate of its quality, and when it says that it began, play no part.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

ONE: Final = 1_000_000
"""A factor of 1, in millionths."""
LOWEST: Final = 500_000
HIGHEST: Final = 1_500_000
"""Bounds of the factor, millionths."""
NEUTRAL: Final = 500_000
"""The rating of what nobody rated, millionths."""


class Punctuality(StrEnum):
    """When an attempt was finished: within half of its time, within it, or after it."""

    EARLY = "early"
    IN_TIME = "in_time"
    LATE = "late"


_BY_PUNCTUALITY = {
    Punctuality.EARLY: 100_000,
    Punctuality.IN_TIME: 0,
    Punctuality.LATE: -100_000,
}


def punctuality(took: float, seconds: float) -> Punctuality:
    """Return when an attempt was finished.

    Args:
        took: Seconds from its assignment to its completion; waiting for answers does not count.
        seconds: How long it might take.
    """
    if took > seconds:
        return Punctuality.LATE
    return Punctuality.EARLY if 2 * took <= seconds else Punctuality.IN_TIME


def factor_of(rating_ppm: int | None, when: Punctuality) -> int:
    """Return the factor of a reward, millionths.

    Args:
        rating_ppm: What the client thinks of the result, millionths of 1; None: it did not say.
        when: Whether it was finished in time.
    """
    rating = NEUTRAL if rating_ppm is None else rating_ppm
    factor = ONE + 8 * (rating - NEUTRAL) // 10 + _BY_PUNCTUALITY[when]
    return min(max(factor, LOWEST), HIGHEST)


def reward_of(base: int, multiplier_ppm: int, factor_ppm: int) -> int:
    """Return what an attempt earns, base units, rounded down."""
    return base * multiplier_ppm * factor_ppm // (ONE * ONE)


def most(base: int, multiplier_ppm: int) -> int:
    """Return the most that an attempt may earn, base units."""
    return reward_of(base, multiplier_ppm, HIGHEST)
