"""What values from outside may look like: texts, names, numbers, amounts, JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from contextlib import suppress
from datetime import datetime
from math import isfinite
from typing import Any

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import ReservedId, check_id
from aia_mas.domain.kernel.money import MAX_AMOUNT, AmountTooLarge, NegativeAmount
from aia_mas.domain.kernel.places import within
from aia_mas.domain.orchestration.errors import InvalidSkillLevel, InvalidText

MAX_NAME = 128
"""Longest name (skill, label, task type...), in characters."""
MAX_TEXT = 10_000
"""Longest free text, in characters."""
MAX_ENTRIES = 256
"""Most entries of one list or mapping."""
MAX_DEPTH = 64
"""Deepest nesting of a JSON value."""


def check_text(value: str, field: str, *, shortest: int = 0, longest: int = MAX_TEXT) -> None:
    """Refuse a text that is too short, too long or cannot be stored.

    Raises:
        InvalidText: Its length is out of bounds, or it holds NUL or half a surrogate pair.
    """
    if not shortest <= len(value) <= longest:
        raise InvalidText(f"{field} is {shortest} to {longest} characters long", field=field)
    if not _storable(value):
        raise InvalidText(f"{field} holds a character that cannot be stored", field=field)


def check_name(value: str, field: str) -> None:
    """Refuse a name that is not 1 to 128 storable characters.

    Raises:
        InvalidText: It is empty, too long, or holds NUL.
    """
    check_text(value, field, shortest=1, longest=MAX_NAME)


def check_key(value: str, field: str) -> None:
    """Refuse a concurrency key that is no id; unlike ids it may be a word that names a route.

    Raises:
        InvalidId: It is empty, has other characters than ids, or is ``.`` or ``..``.
        IdTooLong: It has more than 128 characters.
    """
    with suppress(ReservedId):
        check_id(value, field)


def check_names(values: tuple[str, ...], field: str) -> None:
    """Refuse more than 256 names, or one that is no name.

    Raises:
        InvalidValue: Too many.
        InvalidText: One is empty, too long, or holds NUL.
    """
    check_count(values, field)
    for index, value in enumerate(values):
        if not 0 < len(value) <= MAX_NAME or not _storable(value):
            check_name(value, f"{field}.{index}")


def check_count(values: Sized, field: str) -> None:
    """Refuse a collection of more than 256 entries.

    Raises:
        InvalidValue: Too many.
    """
    if len(values) > MAX_ENTRIES:
        raise InvalidValue(f"{field} has at most {MAX_ENTRIES} entries", field=field)


def check_levels(levels: Mapping[str, float], field: str) -> None:
    """Refuse skill levels outside 0..1 and bad skill names.

    Raises:
        InvalidValue: Too many.
        InvalidText: A skill's name is empty, too long, or holds NUL.
        InvalidSkillLevel: A level is NaN or outside 0..1.
    """
    check_count(levels, field)
    for name, level in levels.items():
        check_name(name, field)
        if not 0.0 <= level <= 1.0:
            raise InvalidSkillLevel(field=within(field, name))


def check_labels(labels: Mapping[str, str], field: str) -> None:
    """Refuse labels whose key is no name or whose value is longer than a name.

    Raises:
        InvalidValue: Too many.
        InvalidText: A key or a value is out of bounds, or holds NUL.
    """
    check_count(labels, field)
    for name, value in labels.items():
        check_name(name, field)
        check_text(value, within(field, name), longest=MAX_NAME)


def check_units(units: int, field: str) -> None:
    """Refuse an amount (base units) that is negative or above the largest accepted one.

    Raises:
        NegativeAmount: It is below 0.
        AmountTooLarge: It is above ``MAX_AMOUNT``.
    """
    if units < 0:
        raise NegativeAmount(field=field)
    if units > MAX_AMOUNT:
        raise AmountTooLarge(field=field)


def check_number(
    value: float,
    field: str,
    *,
    lowest: float,
    highest: float,
    error: type[InvalidValue] = InvalidValue,
) -> None:
    """Refuse a number outside ``lowest``..``highest`` (both allowed), and NaN.

    Raises:
        InvalidValue: It is out of bounds (``error``: which subclass says so).
    """
    if not lowest <= value <= highest:
        raise error(f"{field} is from {lowest} to {highest}", field=field)


def check_moment(value: datetime | None, field: str) -> None:
    """Refuse a time without a zone; it could not be compared with the clock.

    Raises:
        InvalidValue: It has no zone.
    """
    if value is not None and value.tzinfo is None:
        raise InvalidValue(f"{field} has no time zone", field=field)


def check_lines(lines: tuple[str, ...], field: str, *, most: int, longest: int) -> None:
    """Refuse too many lines of text, or one that is too long or cannot be stored.

    Raises:
        InvalidValue: Too many.
        InvalidText: One is out of bounds, or holds NUL.
    """
    if len(lines) > most:
        raise InvalidValue(f"{field} has at most {most} entries", field=field)
    for index, line in enumerate(lines):
        check_text(line, f"{field}.{index}", longest=longest)


def check_small_json(value: Any, field: str, largest: int) -> None:
    """Refuse JSON that could not be stored, or is larger than some bytes when encoded.

    Raises:
        InvalidText: See ``check_json``.
        InvalidValue: It is too large; or see ``check_json``.
    """
    if value is None:
        return
    check_json(value, field)
    if len(msgspec.json.encode(value)) > largest:
        raise InvalidValue(f"{field} has at most {largest} bytes as JSON", field=field)


def check_json(value: Any, field: str, depth: int = MAX_DEPTH) -> None:
    """Refuse JSON (any type: it is the client's own) that could not be stored.

    Raises:
        InvalidText: A string or key in it holds NUL or half a surrogate pair.
        InvalidValue: It is nested too deeply, or holds something that JSON has no form for.
    """
    kind = type(value)
    if kind is str:
        if not _storable(value):
            raise InvalidText(f"{field} holds a character that cannot be stored", field=field)
    elif value is None or kind is bool or kind is int:
        return
    elif kind is float:
        if not isfinite(value):
            raise InvalidValue(f"{field} holds a number that is not finite", field=field)
    elif depth == 0:
        raise InvalidValue(f"{field} is nested more than {MAX_DEPTH} deep", field=field)
    elif isinstance(value, Mapping):
        for name in value:
            if type(name) is not str or not _storable(name):
                raise InvalidText(f"{field} holds a key that cannot be stored", field=field)
        _check_members(value.values(), field, depth)
    elif isinstance(value, (list, tuple)):
        _check_members(value, field, depth)
    else:
        raise InvalidValue(f"{field} holds a {kind.__name__}, which is not JSON", field=field)


def _check_members(values: Iterable[Any], field: str, depth: int) -> None:
    for value in values:
        check_json(value, field, depth - 1)


def _storable(value: str) -> bool:
    if "\0" in value:
        return False
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
