"""From what a program writes down to what the API takes: one shape and one set of checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.interfaces.http.schemas.amounts import amounts_of, written

Amount = Decimal | int | float | str
"""A number of tokens; a float stands for the shortest decimal that is read as the same float."""

_Shape = TypeVar("_Shape", bound=msgspec.Struct)


def read_as(shape: type[_Shape], value: msgspec.Struct | Mapping[str, Any]) -> _Shape:
    """Return a value in another shape, checked as if it had come over HTTP.

    Raises:
        InvalidValue: Something in it is of the wrong kind; the message tells what and where.
    """
    try:
        plain = msgspec.to_builtins(value, builtin_types=(Decimal, datetime))
        given = {name: field for name, field in plain.items() if field is not None}
        for name in amounts_of(shape) & given.keys():
            given[name] = written(given[name])
        return msgspec.convert(given, shape)
    except (msgspec.ValidationError, TypeError) as error:
        raise InvalidValue(str(error)) from None
