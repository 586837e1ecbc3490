"""Amounts of tokens as they come from outside: exact, whichever way they are written.

They are kept as the JSON that came, because a number that was decoded is a float or has lost how it
was written: ``"1_0"`` and ``"１"`` are amounts to Python's ``Decimal``, and none to us.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.money import InvalidAmount, to_units

NOTHING = Decimal(0)
"""The default of an amount."""

_DESCRIPTION = "A number of tokens: a string of plain digits with at most 18 decimals, or a number."
_FORM = {"minimum": 0, "maximum": 10**15, "pattern": r"^(0|[1-9][0-9]{0,15})(\.[0-9]{1,18})?$"}
_LONGEST_NUMBER = 1_000


def _amount(*types: str) -> msgspec.Meta:
    return msgspec.Meta(
        description=_DESCRIPTION,
        examples=["15.0", 15],
        extra_json_schema={"type": [*types], "format": "decimal", **_FORM},
    )


if TYPE_CHECKING:
    Amount = msgspec.Raw | Decimal
    OptionalAmount = msgspec.Raw | None
    ChangedAmount = msgspec.Raw | msgspec.UnsetType
else:
    # To msgspec a raw value is of any type, and in no union; the defaults are no JSON that came.
    Amount = ChangedAmount = Annotated[msgspec.Raw, _amount("string", "number")]
    OptionalAmount = Annotated[msgspec.Raw, _amount("string", "number", "null")]


def units(amount: msgspec.Raw | Decimal, field: str) -> int:
    """Return an amount of tokens in base units.

    Raises:
        InvalidAmount: It is none, or too fine, or (of its subclasses) negative or too large.
    """
    if isinstance(amount, Decimal):  # the default: nothing came
        return to_units(amount, field)
    raw = bytes(amount)
    try:
        if raw.startswith(b'"'):
            return to_units(msgspec.json.decode(raw, type=str), field)
        # As a decimal, not by way of a float; beyond a thousand characters it is no amount.
        return to_units(Decimal(raw[:_LONGEST_NUMBER].decode()), field)
    except InvalidValue:
        raise
    except (ArithmeticError, ValueError):
        raise InvalidAmount(field=field) from None


def optional_units(amount: msgspec.Raw | None, field: str) -> int | None:
    """Return an amount in base units; None when there is none, also when it was said so.

    Raises:
        InvalidAmount: See ``units``.
    """
    return None if amount is None or bytes(amount) == b"null" else units(amount, field)


def written(amount: Decimal | float | str | None) -> msgspec.Raw:
    """Return a program's amount as it would have come; a float as its shortest decimal."""
    if isinstance(amount, str) or amount is None:
        return msgspec.Raw(msgspec.json.encode(amount))
    return msgspec.Raw(str(amount).encode())


def amounts_of(struct: type[msgspec.Struct]) -> frozenset[str]:
    """Return the names of the fields of a request that are amounts."""
    kinds: tuple[Any, ...] = (Amount, OptionalAmount)
    return frozenset(f.encode_name for f in msgspec.structs.fields(struct) if f.type in kinds)
