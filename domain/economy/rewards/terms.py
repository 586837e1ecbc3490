"""What an attempt earns beside its price: promised with its assignment, or why it is nothing."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from aia_mas.domain.economy.parameters import EconomicParameters
from aia_mas.domain.economy.rewards.factor import most


class Unfunded(StrEnum):
    """Why an attempt earns nothing from the pool; the work goes on all the same."""

    OWN_TASK = "own_task"
    NO_STAKE = "no_stake"
    STAKE_LIMIT = "stake_limit"
    POOL_EMPTY = "pool_empty"


class RewardTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an attempt earns, as it was promised to its agent; it never changes afterwards.

    Attributes:
        tier: The tier of the agent's stake when it got the attempt.
        multiplier_ppm: What that tier multiplies the base by, millionths.
        base: The reward at multiplier and factor 1, base units.
        reserved: What is kept for it: the most that it can come to, base units.
        seconds: How long it may take from its assignment on; half of it is early.
    """

    tier: str
    multiplier_ppm: int
    base: int
    reserved: int
    seconds: float = 0.0


def terms_by(parameters: EconomicParameters, stake: int) -> RewardTerms | None:
    """Return what an agent is promised for an attempt; None: its stake (base units) has no tier."""
    tier = parameters.tier_of(stake)
    if tier is None:
        return None
    base = parameters.base_task_reward
    return RewardTerms(
        tier=tier.name,
        multiplier_ppm=tier.multiplier_ppm,
        base=base,
        reserved=most(base, tier.multiplier_ppm),
    )


def rewarded_at_once(parameters: EconomicParameters, stake: int) -> int:
    """Return for how many attempts at once a stake (base units) earns rewards.

    By the stake, not by the agent, so that nobody earns more by dividing it among several.
    """
    return stake // parameters.stake_per_task
