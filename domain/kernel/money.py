"""Money: integers of base units (18 decimals) inside, strings at the edge, never a float."""

from __future__ import annotations

from decimal import Context, Decimal

from aia_mas.domain.kernel.errors import InvalidValue

DECIMALS = 18
ONE = 10**DECIMALS
MAX_AMOUNT = 10**15 * ONE
"""The largest amount accepted from outside: 10**15 whole tokens, in base units."""

_EXACT = Context(prec=80)


class InvalidAmount(InvalidValue):
    """An amount is a number of tokens with at most 18 decimals, from 0 to 10^15."""

    code = "invalid_amount"


def to_units(tokens: Decimal | int | str, field: str) -> int:
    """Convert whole tokens to base units, exactly.

    Raises:
        InvalidAmount: Not a finite number, negative, too large, or finer than 18 decimals.
    """
    try:
        number = Decimal(tokens)
        units = number.scaleb(DECIMALS, context=_EXACT) if number.is_finite() else None
    except (ArithmeticError, ValueError):
        units = None
    if (
        units is None
        or units < 0
        or units > MAX_AMOUNT
        or units != units.to_integral_value(context=_EXACT)
    ):
        raise InvalidAmount(field=field)
    return int(units)


def to_text(units: int) -> str:
    """Format base units as a decimal string without superfluous zeros, for example ``"15"``."""
    sign, magnitude = ("-" if units < 0 else ""), abs(units)
    whole, fraction = divmod(magnitude, ONE)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:018d}".rstrip("0")
