"""Amounts that are to be moved."""

from __future__ import annotations

from aia_mas.domain.economy.errors import ZeroAmount
from aia_mas.domain.orchestration.bounds import check_units


def check_amount(amount: int, field: str = "amount") -> None:
    """Refuse an amount (base units) that cannot be moved.

    Raises:
        ZeroAmount: It is 0.
        NegativeAmount: It is below 0.
        AmountTooLarge: It is above the largest that any amount may be.
    """
    check_units(amount, field)
    if not amount:
        raise ZeroAmount(field=field)
