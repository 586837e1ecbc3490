"""Amounts of resources: what agents have and tasks take, counted exactly, in millionths."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from aia_mas.domain.kernel.places import within
from aia_mas.domain.orchestration.bounds import check_count, check_name
from aia_mas.domain.orchestration.errors import InvalidResourceAmount

MAX_RESOURCE = 1e12
"""The largest amount of a resource."""

Amounts = tuple[tuple[str, int], ...]
"""Names of resources, sorted, and how much of each, millionths, above 0."""

_DECIMALS = 6
_ONE: int = 10**_DECIMALS


def check_resources(resources: Mapping[str, float], field: str) -> None:
    """Refuse resources that cannot be counted.

    Raises:
        InvalidValue: Too many.
        InvalidText: A name is empty, too long, or holds NUL.
        InvalidResourceAmount: An amount is NaN or outside 0..10^12.
    """
    check_count(resources, field)
    for name, amount in resources.items():
        check_name(name, field)
        if not 0.0 <= amount <= MAX_RESOURCE:
            raise InvalidResourceAmount(field=within(field, name))


def had(amount: float) -> int:
    """Return an amount that an agent has, in millionths, rounded down."""
    return _counted(amount, ROUND_FLOOR)


def taken(resources: Mapping[str, float]) -> Amounts:
    """Return what a task takes, in millionths, rounded up, so that nobody is ever overdrawn."""
    counted = ((name, _counted(amount, ROUND_CEILING)) for name, amount in resources.items())
    return tuple(sorted((name, amount) for name, amount in counted if amount))


def shown(millionths: int) -> float:
    """Return an amount as it was declared or asked for."""
    return millionths / _ONE


def _counted(amount: float, rounding: str) -> int:
    # Older logs hold amounts that are refused today, and tasks are matched before they are refused.
    if not 0.0 <= amount <= MAX_RESOURCE:
        amount = MAX_RESOURCE if amount > MAX_RESOURCE else 0.0
    # By its shortest text: 0.1 is a tenth, and not what a double makes of it.
    return int(Decimal(repr(amount)).scaleb(_DECIMALS).to_integral_value(rounding))
