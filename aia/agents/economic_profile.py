"""How an agent stands in the economy, as a program of the platform sees it: with decimals."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Self

import msgspec

from aia_mas.projections.economy import figures


class TokenBalances(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has of one token, in tokens.

    Attributes:
        wallet: In the wallet, what is held of it included.
        held: What pending transfers hold of the wallet.
        available: What can be spent.
        staked: Bonded.
        unbonding: On its way back to the wallet.
        claimable: Staking rewards that can be claimed.
    """

    wallet: Decimal
    held: Decimal
    available: Decimal
    staked: Decimal
    unbonding: Decimal
    claimable: Decimal


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """What was earned in a window (``since``: when it begins, UTC; None: it has no beginning).

    Attributes:
        total: By token, in tokens.
        by_kind: The same by what it was earned with: ``tasks``, ``payments``, ``staking``,
            ``incentives``, ``governance``, ``reports``.
    """

    since: datetime | None
    total: dict[str, Decimal]
    by_kind: dict[str, dict[str, Decimal]]


class NextTier(msgspec.Struct, frozen=True, kw_only=True):
    """The tier above (``missing``: how many tokens more of effective stake make it)."""

    name: str
    min_stake: Decimal
    missing: Decimal
    multiplier: float


class AgentEconomicProfile(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent, or another owner of a wallet, stands in the economy; amounts in tokens.

    Attributes:
        agent_id: Whose it is.
        registered: It is a registered agent now.
        tier: The tier of its effective stake; None: below all.
        multiplier: What rewards are multiplied by there; 0: it gets none from the pool.
        next_tier: The tier above, and what is missing; None: there is none.
        balances: By token.
        staked: Bonded AIA.
        unbonding: AIA that is unbonding.
        effective_stake: What counts for the tier.
        rewarded_tasks: For how many tasks at once its stake earns rewards.
        voting_power: What its vote counts now.
        earnings: By window (``1h``, ``24h``, ``7d``, ``30d``, ``all``).
        rank: Its places among all, from 1, by stake and by earnings.
        reputation: What clients think of it.
        as_of: The last event of the log in all this.
    """

    agent_id: str
    registered: bool
    tier: str | None
    multiplier: float
    next_tier: NextTier | None
    balances: dict[str, TokenBalances]
    staked: Decimal
    unbonding: Decimal
    effective_stake: Decimal
    rewarded_tasks: int
    voting_power: Decimal
    earnings: dict[str, Earned]
    rank: figures.Ranks
    reputation: figures.Reputation
    as_of: int

    @classmethod
    def of(cls, profile: figures.AgentEconomicProfile) -> Self:
        """Return a profile with its amounts as decimals."""
        return msgspec.convert(msgspec.to_builtins(profile), cls)
