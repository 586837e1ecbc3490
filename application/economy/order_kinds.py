"""Every kind of orders that the settlement carries out, in one place."""

from __future__ import annotations

from typing import Final

from aia_mas.domain.economy.incentives.orders import CANCEL_PROGRAM, OPEN_PROGRAM
from aia_mas.domain.economy.ledger.reversing import REVERSE
from aia_mas.domain.economy.orders import Kinds, OrderKind
from aia_mas.domain.economy.staking.rewards import CLAIM_REWARDS, NOTIFY_STAKING_REWARDS
from aia_mas.domain.economy.staking.slashing import SLASH

_ALL: Final[tuple[OrderKind, ...]] = (
    CANCEL_PROGRAM,
    OPEN_PROGRAM,
    REVERSE,
    CLAIM_REWARDS,
    NOTIFY_STAKING_REWARDS,
    SLASH,
)

ORDER_KINDS: Final[Kinds] = {kind.name: kind for kind in _ALL}
"""Kinds of orders by name."""
