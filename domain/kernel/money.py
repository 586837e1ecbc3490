"""Money: integers of base units (18 decimals) inside, strings at the edge, never a float."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact

from aia_mas.domain.kernel.errors import InvalidValue

DECIMALS = 18
ONE = 10**DECIMALS
MAX_AMOUNT = 10**15 * ONE
"""The largest amount accepted from outside: 10**15 whole tokens, in base units."""

_MOST = Decimal(MAX_AMOUNT // ONE)
_EXACT = Context(prec=80, traps=[Inexact])


class InvalidAmount(InvalidValue):
    """An amount is a number of tokens with at most 18 decimals, from 0 to 10^15."""

    code = "invalid_amount"


class NegativeAmount(InvalidAmount):
    """An amount is not below 0."""

    code = "negative_amount"


class AmountTooLarge(InvalidAmount):
    """An amount is at most 10^15 tokens."""

    code = "amount_too_large"


def to_units(tokens: Decimal | int | str, field: str) -> int:
    """Convert whole tokens to base units, exactly.

    Raises:
        InvalidAmount: Not a finite number, or finer than 18 decimals.
        NegativeAmount: It is below 0.
        AmountTooLarge: It is above ``MAX_AMOUNT``.
    """
    try:
        number = Decimal(tokens)
    except (ArithmeticError, ValueError):
        raise InvalidAmount(field=field) from None
    if not number.is_finite():
        raise InvalidAmount(field=field)
    # By the number as it is: an exponent of thousands is no amount, and would cost memory.
    if number < 0:
        raise NegativeAmount(field=field)
    if number > _MOST:
        raise AmountTooLarge(field=field)
    if number and number.adjusted() < -DECIMALS:
        raise InvalidAmount(field=field)
    try:
        units = number.scaleb(DECIMALS, context=_EXACT)
    except Inexact:
        raise InvalidAmount(field=field) from None
    if units != units.to_integral_value():
        raise InvalidAmount(field=field)
    return int(units)


def to_text(units: int) -> str:
    """Format base units as a decimal string without superfluous zeros, for example ``"15"``."""
    sign, magnitude = ("-" if units < 0 else ""), abs(units)
    whole, fraction = divmod(magnitude, ONE)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:018d}".rstrip("0")
