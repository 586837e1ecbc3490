"""The reason codes of the system's transfers: nobody else's transfer passes itself off as one."""

from __future__ import annotations

from typing import Final

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.errors import InvalidValue

SYSTEM_REASONS: Final = frozenset(
    {
        "burn",
        "faucet",
        "fund",
        "genesis",
        "incentive",
        "incentive_budget",
        "incentive_return",
        "mint",
        "proposal_deposit",
        "reward_block",
        "slash",
        "stake",
        "staking_reward",
        "staking_rewards",
        "task",
        "task_reward",
        "unstake",
        "unstake_cancelled",
        "unstake_released",
        "vote",
    }
)
"""By these an agent's earnings are told apart, and what is held for tasks and proposals."""


def check_not_reserved(reason: str, ctx: Context, field: str = "reason") -> None:
    """Refuse a reason of the system's transfers to everybody else.

    Raises:
        InvalidValue: It is one.
    """
    if reason in SYSTEM_REASONS and ctx.principal.subject != SETTLEMENT.subject:
        raise InvalidValue(f"{reason} is a reason of the system's own transfers", field=field)
