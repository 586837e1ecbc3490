"""Staking tiers: which stake makes which tier."""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum

from aia_mas.domain.kernel.money import ONE


class Tier(StrEnum):
    """The tiers, by rising stake."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"
    DIAMOND = "diamond"

    @property
    def rank(self) -> int:
        """Its place among all, from 1; no tier at all is 0."""
        return _RANKS[self]

    @property
    def stake(self) -> int:
        """The stake from which on it is held, base units."""
        return _STAKES[self.rank - 1]


_STAKES: tuple[int, ...] = tuple(tokens * ONE for tokens in (100, 500, 2_000, 5_000, 10_000))
_TIERS = tuple(Tier)
_RANKS: dict[Tier, int] = {tier: rank for rank, tier in enumerate(_TIERS, 1)}


def tier_rank(stake: int) -> int:
    """Return the rank of a stake's tier (base units), 0 below the lowest."""
    return bisect_right(_STAKES, stake)


def tier_of(stake: int) -> Tier | None:
    """Return the tier of a stake (base units), None below the lowest."""
    rank = tier_rank(stake)
    return _TIERS[rank - 1] if rank else None
