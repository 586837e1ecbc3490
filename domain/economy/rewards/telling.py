"""What clients are told of the reward of an attempt."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from aia_mas.domain.economy.parameters import MILLION
from aia_mas.domain.economy.rewards.factor import Punctuality
from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.kernel.money import to_text


class RewardStatus(StrEnum):
    """How far a reward is."""

    UNFUNDED = "unfunded"
    PROMISED = "promised"
    PAID = "paid"
    FORFEITED = "forfeited"


class ToldReward(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an attempt earns from the reward pool, beside its price.

    Attributes:
        status: `promised` when the attempt was given out; `paid` or `forfeited` (the stake that
            backed it is gone) when the completed task was settled; `unfunded`: it earns nothing.
        reason: Why it earns nothing: `own_task`, `no_stake`, `stake_limit`, `pool_empty` or
            `stake_lost`.
        tier: The tier of the agent's stake when it got the attempt.
        multiplier: What that tier multiplies the base by.
        base: The reward before multiplier and factor, tokens.
        reserved: What is kept for it: the most that it can come to, tokens.
        seconds: How long it may take from its assignment on; within half of that it is early.
        rating: How the client rated the result, 0..1, in time.
        punctuality: `early`, `in_time` or `late`.
        factor: What rating and punctuality come to, 0.5..1.5.
        amount: What it earned, tokens: base x multiplier x factor.
        gov: AIA_GOV that it earned, tokens.
        transfer_id: The transfer that paid it, together with others.
        settled_at: When, UTC.
    """

    status: RewardStatus
    reason: str | None = None
    tier: str | None = None
    multiplier: str | None = None
    base: str | None = None
    reserved: str | None = None
    seconds: float | None = None
    rating: float | None = None
    punctuality: Punctuality | None = None
    factor: str | None = None
    amount: str | None = None
    gov: str | None = None
    transfer_id: str | None = None
    settled_at: datetime | None = None


def told_reward(terms: RewardTerms | None, unfunded: str = "") -> ToldReward | None:
    """Return what is told of what an attempt was promised; None: nothing was offered."""
    if terms is None:
        if not unfunded:
            return None
        return ToldReward(status=RewardStatus.UNFUNDED, reason=unfunded)
    return ToldReward(
        status=RewardStatus.PROMISED,
        tier=terms.tier,
        multiplier=in_ones(terms.multiplier_ppm),
        base=to_text(terms.base),
        reserved=to_text(terms.reserved),
        seconds=terms.seconds,
    )


def in_ones(ppm: int) -> str:
    """Return millionths as a decimal number, for example ``1.2``."""
    return f"{(Decimal(ppm) / MILLION).normalize():f}"
