"""Lists in memory, page by page, with the sort orders and bounds of the lists in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

import msgspec

from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.projections.listing import MAX_LIMIT, PAGE_BYTES, Page, read_cursor, write_cursor

T = TypeVar("T")

SortValue = Fraction | str


class Order(NamedTuple):
    """What can be sorted by: the value of a row, and how it is read again from a cursor."""

    # Any: each list has rows of its own.
    value: Callable[[Any], SortValue]
    read: Callable[[str], SortValue] = Fraction


def page_of(
    rows: Iterable[T],
    make: Callable[[T], Any],
    orders: Mapping[str, Order],
    key: Callable[[T], str],
    *,
    sort: str,
    cursor: str | None,
    limit: int,
    position: int,
) -> Page[Any]:
    """Return one page.

    Args:
        rows: All rows that the filters let through.
        make: Makes the item of a row.
        orders: What can be sorted by.
        key: Decides between equals.
        sort: A name of ``orders``, with ``-`` before it for the largest first.
        cursor: That of the page before.
        limit: Items at most, 1..500; large ones make it fewer, but at least one.
        position: How far the rows have come.

    Raises:
        InvalidValue: Unknown sort order, foreign cursor, or a limit out of bounds.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidValue(f"limit is from 1 to {MAX_LIMIT}", field="limit")
    descending, name = sort.startswith("-"), sort.removeprefix("-")
    order = orders.get(name)
    if order is None:
        names = ", ".join(sorted(orders))
        raise InvalidValue(f"sort is one of {names}, with - for descending", field="sort")

    def place(row: T) -> tuple[SortValue, str]:
        return order.value(row), key(row)

    found = sorted(rows, key=place, reverse=descending)
    if cursor is not None:
        last = _last(cursor, sort, order)
        found = [row for row in found if (place(row) < last if descending else place(row) > last)]
    items = _fitting([make(row) for row in found[:limit]])
    if len(items) == len(found):
        return Page(items, None, position)
    value, last_key = place(found[len(items) - 1])
    return Page(items, write_cursor(sort, str(value), last_key), position)


def _last(cursor: str, sort: str, order: Order) -> tuple[Any, str]:
    value, key = read_cursor(cursor, sort)
    try:
        return order.read(value), key
    except ValueError as error:
        raise InvalidValue("this is no cursor of this list", field="cursor") from error


def _fitting(items: Sequence[T]) -> list[T]:
    size = 0
    for count, item in enumerate(items):
        size += len(msgspec.json.encode(item))
        if count and size > PAGE_BYTES:
            return list(items[:count])
    return list(items)
