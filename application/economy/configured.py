"""What the configuration says about the economy."""

from __future__ import annotations

from aia_mas.application.settings import Settings
from aia_mas.domain.economy.accounts import AIA, AIA_GOV
from aia_mas.domain.economy.parameters import MILLION, EconomicParameters, TierTerms
from aia_mas.domain.kernel.money import ONE

_WEEK = 7 * 86_400


def tokens_of(_settings: Settings) -> frozenset[str]:
    """Return the tokens that there are."""
    return frozenset({AIA, AIA_GOV})


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
    )
