"""Every kind of orders that the settlement carries out, in one place."""

from __future__ import annotations

from typing import Final

from aia_mas.domain.economy.governance.tier_orders import CHANGE_TIERS
from aia_mas.domain.economy.incentives.orders import CANCEL_PROGRAM, OPEN_PROGRAM
from aia_mas.domain.economy.ledger.reversing import REVERSE
from aia_mas.domain.economy.orders import Kinds, OrderKind
from aia_mas.domain.economy.parameter_changes import CHANGE_PARAMETERS
from aia_mas.domain.economy.staking.rewards import CLAIM_REWARDS, NOTIFY_STAKING_REWARDS
from aia_mas.domain.economy.staking.slashing import SLASH
from aia_mas.domain.economy.supply.faucet import FAUCET
from aia_mas.domain.economy.supply.initial_stake import INITIAL_STAKE
from aia_mas.domain.economy.supply.treasury_orders import BURN, FUND, MINT

_ALL: Final[tuple[OrderKind, ...]] = (
    CANCEL_PROGRAM,
    OPEN_PROGRAM,
    REVERSE,
    CHANGE_PARAMETERS,
    CHANGE_TIERS,
    MINT,
    BURN,
    FUND,
    FAUCET,
    INITIAL_STAKE,
    CLAIM_REWARDS,
    NOTIFY_STAKING_REWARDS,
    SLASH,
)

ORDER_KINDS: Final[Kinds] = {kind.name: kind for kind in _ALL}
"""Kinds of orders by name."""
