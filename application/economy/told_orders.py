"""Orders as clients see them: their amounts as decimal strings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aia_mas.domain.kernel.money import to_text

AMOUNTS: Final = frozenset(
    {
        "amount",
        "base_task_reward",
        "budget",
        "deposit",
        "gov_per_completion",
        "gov_per_vote",
        "min_stake",
        "payout",
        "reward_block",
        "stake_per_task",
        "staking_reward_per_day",
    }
)
"""What of an order is an amount, base units; whatever else is a number is that number."""


def told_order(order: Mapping[str, Any]) -> dict[str, Any]:
    """Return an order with its amounts as strings; what is None is left out."""
    return {name: _told(name, value) for name, value in order.items() if value is not None}


def _told(name: str, value: Any) -> Any:
    if name in AMOUNTS and isinstance(value, int):
        return to_text(value)
    if isinstance(value, Mapping):
        return told_order(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_told(name, each) for each in value]
    return value
