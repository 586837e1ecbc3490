"""Lists by filters and sort order, page by page, each beginning where the last one ended."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from aia_mas.application.event_log.connections import Pool
from aia_mas.domain.kernel.errors import InvalidValue

MAX_LIMIT = 500
"""Most items of one page."""

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """One page of a list, and what to ask with for the next one (None: there is none)."""

    items: list[T]
    next_cursor: str | None


class SortKey(NamedTuple):
    """What can be sorted by: an expression that is never null, and its SQL type."""

    expression: str
    type: str


class Conditions:
    """The conditions of one query and their values."""

    def __init__(self) -> None:
        """Begin without any."""
        self._parts: list[sql.Composable] = []
        self.values: list[Any] = []

    def add(self, condition: str, *values: Any) -> None:
        """Add a condition with its values (``%s``)."""
        self._parts.append(sql.SQL(condition))
        self.values += values

    def add_choice(self, column: str, choice: Sequence[str]) -> None:
        """Add that a column has one of some values.

        They stand in the statement itself: how rare each one is decides about the plan.
        """
        self._parts.append(
            sql.SQL("{} in ({})").format(
                sql.SQL(column), sql.SQL(", ").join(sql.Literal(value) for value in choice)
            )
        )

    def where(self) -> sql.Composable:
        """Return the WHERE clause."""
        if not self._parts:
            return sql.SQL("true")
        return sql.SQL(" and ").join(self._parts)


class Listing:
    """A list that clients page through."""

    def __init__(self, select: str, source: str, key: str, sorts: Mapping[str, SortKey]) -> None:
        """Describe the list.

        Args:
            select: The selected columns.
            source: Tables and joins.
            key: The unique column that decides between equals.
            sorts: What clients may sort by.
        """
        self._select = select
        self._source = source
        self._key = key
        self._sorts = sorts

    async def page(
        self,
        pool: Pool,
        conditions: Conditions,
        *,
        sort: str,
        cursor: str | None,
        limit: int,
    ) -> tuple[list[TupleRow], str | None]:
        """Return the rows of one page (two columns more than selected) and the next cursor.

        Args:
            pool: Where to ask.
            conditions: Which rows.
            sort: A name of ``sorts``, with ``-`` before it for the largest first.
            cursor: That of the page before.
            limit: Rows at most, 1..500.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, or a limit out of bounds.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidValue(f"limit is from 1 to {MAX_LIMIT}", field="limit")
        descending, name = sort.startswith("-"), sort.removeprefix("-")
        by = self._sorts.get(name)
        if by is None:
            names = ", ".join(sorted(self._sorts))
            raise InvalidValue(f"sort is one of {names}, with - for descending", field="sort")
        if cursor is not None:
            value, key = _read_cursor(cursor, sort)
            sign = "<" if descending else ">"
            conditions.add(
                f"({by.expression}, {self._key}) {sign} (%s::text::{by.type}, %s)", value, key
            )
        order = "desc" if descending else "asc"
        query = sql.SQL(
            f"select {self._select}, ({by.expression})::text, {self._key} from {self._source}"  # noqa: S608
            f" where {{}} order by {by.expression} {order}, {self._key} {order} limit {limit + 1}"
        ).format(conditions.where())
        async with pool.connection() as connection:
            try:
                rows = await (await connection.execute(query, conditions.values)).fetchall()
            except psycopg.DataError as error:
                if cursor is None:
                    raise
                raise InvalidValue("this is no cursor of this list", field="cursor") from error
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], _write_cursor(sort, *rows[limit - 1][-2:])

    async def count(self, pool: Pool, conditions: Conditions) -> int:
        """Return how many rows there are."""
        query = sql.SQL(f"select count(*) from {self._source} where {{}}").format(  # noqa: S608
            conditions.where()
        )
        async with pool.connection() as connection:
            row = await (await connection.execute(query, conditions.values)).fetchone()
        assert row is not None
        return int(row[0])

    async def one(self, pool: Pool, key: str) -> TupleRow | None:
        """Return the row with a key."""
        if "\0" in key:
            return None
        query = sql.SQL(
            f"select {self._select} from {self._source} where {self._key} = %s"  # noqa: S608
        )
        async with pool.connection() as connection:
            return await (await connection.execute(query, (key,))).fetchone()


def check_texts(filters: msgspec.Struct) -> None:
    """Refuse filters with a text that no row can hold.

    Raises:
        InvalidValue: A text holds NUL or half a surrogate pair.
    """
    for name, value in msgspec.structs.asdict(filters).items():
        texts: Sequence[Any] = value if isinstance(value, tuple) else (value,)
        for text in texts:
            if isinstance(text, str) and not _storable(text):
                raise InvalidValue("a character that cannot be stored", field=name)


def like(text: str) -> str:
    """Return the pattern for texts that hold this one."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _storable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def _write_cursor(sort: str, value: str, key: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, value, key])).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str) -> tuple[str, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        written, value, key = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=tuple[str, str, str]
        )
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidValue("this is no cursor of this list", field="cursor") from error
    if written != sort or not _storable(value) or not _storable(key):
        raise InvalidValue("the cursor belongs to another sort order", field="cursor")
    return value, key
