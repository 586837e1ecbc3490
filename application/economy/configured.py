"""What the configuration says about the economy."""

from __future__ import annotations

from aia_mas.application.settings import Settings
from aia_mas.domain.economy.governance.kinds import PROPOSAL_KINDS, for_development
from aia_mas.domain.economy.parameters import MILLION, EconomicParameters, TierTerms
from aia_mas.domain.economy.supply.terms import SupplyTerms, TokenTerms
from aia_mas.domain.kernel.money import ONE

_HOUR = 3_600
_WEEK = 7 * 24 * _HOUR


def tokens_of(settings: Settings) -> frozenset[str]:
    """Return the tokens that there are."""
    return frozenset(settings.tokens)


def supply_of(settings: Settings) -> SupplyTerms:
    """Return how many of each there may be, and what a system in development begins with."""
    begins = settings.development
    tokens = tuple(
        TokenTerms(
            token=token,
            cap=settings.supply_cap(token),
            treasury=settings.genesis_treasury.get(token, 0) if begins else 0,
            reward_pool=settings.genesis_reward_pool.get(token, 0) if begins else 0,
        )
        for token in settings.tokens
    )
    return SupplyTerms(tokens=tokens, faucet=settings.development)


def parameters_of(settings: Settings) -> EconomicParameters:
    """Return the parameters that hold until they are changed through the log."""
    return EconomicParameters(
        tiers=tuple(
            TierTerms(
                name=tier.name,
                min_stake=tier.min_stake,
                multiplier_ppm=int(tier.multiplier * MILLION),
            )
            for tier in settings.staking_tiers
        ),
        base_task_reward=settings.base_task_reward,
        # In development people see at once what comes of what they do.
        unbonding_seconds=0 if settings.development else _WEEK,
        staking_reward_per_day=100 * ONE if settings.development else 0,
        vote_reward_interval_seconds=_HOUR if settings.development else _WEEK,
        proposal_kinds=for_development() if settings.development else PROPOSAL_KINDS,
        supply=supply_of(settings),
        rating_window_seconds=settings.rating_window_seconds,
    )
