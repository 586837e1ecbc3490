"""Money: integers of base units (18 decimals) inside, strings at the edge, never a float."""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact

from aia_mas.domain.kernel.errors import InvalidValue

DECIMALS = 18
ONE = 10**DECIMALS
MAX_AMOUNT = 10**15 * ONE
"""The largest amount accepted from outside: 10**15 whole tokens, in base units."""

_MOST = Decimal(MAX_AMOUNT // ONE)
_TEXT = re.compile(r"(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?")
_LONGEST = len(str(_MOST))
_EXACT = Context(prec=80, traps=[Inexact])


class InvalidAmount(InvalidValue):
    """An amount is a number of tokens, or plain digits with at most 18 decimals, up to 10^15."""

    code = "invalid_amount"


class NegativeAmount(InvalidAmount):
    """An amount is not below 0."""

    code = "negative_amount"


class AmountTooLarge(InvalidAmount):
    """An amount is at most 10^15 tokens."""

    code = "amount_too_large"


def to_units(tokens: Decimal | int | str, field: str) -> int:
    """Convert whole tokens to base units, exactly.

    Args:
        tokens: A number, or a text in the one form that texts have: plain digits without leading
            zeros, and at most 18 of them behind a point; no plus, no exponent, no spaces.
        field: Where it stands.

    Raises:
        InvalidAmount: Not a finite number, finer than 18 decimals, or a text in another form.
        NegativeAmount: It is below 0.
        AmountTooLarge: It is above ``MAX_AMOUNT``.
    """
    if isinstance(tokens, str):
        return _read(tokens, field)
    number = Decimal(tokens)
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


def _read(text: str, field: str) -> int:
    form = _TEXT.fullmatch(text)
    if form is None:
        raise InvalidAmount(field=field)
    sign, whole, fraction = form[1], form[2], form[3] or ""
    if len(fraction) > DECIMALS:
        raise InvalidAmount(field=field)
    # By the length first: reading thousands of digits takes the square of their number.
    units = MAX_AMOUNT + 1 if len(whole) > _LONGEST else int(whole + fraction.ljust(DECIMALS, "0"))
    if sign:
        raise NegativeAmount(field=field) if units else InvalidAmount(field=field)
    if units > MAX_AMOUNT:
        raise AmountTooLarge(field=field)
    return units


def to_text(units: int) -> str:
    """Format base units as a decimal string without superfluous zeros, for example ``"15"``."""
    sign, magnitude = ("-" if units < 0 else ""), abs(units)
    whole, fraction = divmod(magnitude, ONE)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:018d}".rstrip("0")
