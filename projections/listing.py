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
from aia_mas.projections.table import Projection

MAX_LIMIT = 500
"""Most items of one page."""
PAGE_BYTES = 8 * 2**20
"""Most bytes of the large columns of one page; a single row that is larger is a page by itself."""

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """One page of a list.

    Attributes:
        items: What is on it.
        next_cursor: What to ask with for the next one; None: there is none.
        position: How far the read model had come: these are its rows at exactly this position.
    """

    items: list[T]
    next_cursor: str | None
    position: int


class Found(NamedTuple, Generic[T]):
    """What was asked for, if there is such a thing, and how far the read model had come."""

    item: T | None
    position: int


class Rows(NamedTuple):
    """Rows of a page (with columns behind the selected ones), as in ``Page``."""

    rows: list[TupleRow]
    next_cursor: str | None
    position: int


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
            sql.SQL("{} in ({})").format(sql.SQL(column), sql.SQL(", ").join(map(_literal, choice)))
        )

    def add_element(self, column: str, element: str) -> None:
        """Add that an array has an element, which stands in the statement for the same reason."""
        self._parts.append(sql.SQL("{} @> array[{}]").format(sql.SQL(column), _literal(element)))

    def where(self) -> sql.Composable:
        """Return the WHERE clause."""
        if not self._parts:
            return sql.SQL("true")
        return sql.SQL(" and ").join(self._parts)


def _literal(value: str) -> sql.Composable:
    """Return a text as it stands in a statement that takes values as well."""
    # Where values are put in a per cent sign begins one, also within quotes, unless it is doubled.
    return sql.SQL(sql.Literal(value).as_string(None).replace("%", "%%"))


class Listing:
    """A list that clients page through.

    Rows and the position of the checkpoint come from one statement, so from one snapshot.
    """

    def __init__(
        self,
        projection: Projection,
        *,
        select: str,
        source: str,
        key: str,
        sorts: Mapping[str, SortKey],
        large: Sequence[str],
    ) -> None:
        """Describe the list.

        Args:
            projection: Whose tables are read.
            select: The selected columns.
            source: Tables and joins.
            key: The unique column that decides between equals.
            sorts: What clients may sort by.
            large: The columns that the bytes of a page are counted by: all of any length.
        """
        self._select = select
        # One row, whether or not there is a row of the list to go with it.
        self._with_position = f"""select p.*, c.position from (
            select coalesce((select position from projection_checkpoints
                where projection = '{projection.key}'), 0) as position) c
            left join lateral ({{}}) p on true"""  # noqa: S608
        self._source = source
        # Parentheses are for joins only: SQL has no table in parentheses.
        self._joined = f"({source})" if " join " in source else source
        self._key = key
        self._sorts = sorts
        carried = [f"{column} as large_{number}" for number, column in enumerate(large)]
        self._carried = ", ".join(carried)
        self._stored = _sum("pg_column_size({})", large)
        self._encoded = _sum(
            "octet_length({}::text)", [f"large_{number}" for number in range(len(large))]
        )

    async def page(
        self,
        pool: Pool,
        conditions: Conditions,
        *,
        sort: str,
        cursor: str | None,
        limit: int,
    ) -> Rows:
        """Return one page.

        Args:
            pool: Where to ask.
            conditions: Which rows.
            sort: A name of ``sorts``, with ``-`` before it for the largest first.
            cursor: That of the page before.
            limit: Rows at most, 1..500; large ones make it fewer, but at least one.

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
            value, key = read_cursor(cursor, sort)
            sign = "<" if descending else ">"
            conditions.add(
                f"({by.expression}, {self._key}) {sign} (%s::text::{by.type}, %s)", value, key
            )
        order = "desc" if descending else "asc"
        page = sql.SQL(self._page(by.expression, order, limit)).format(conditions.where())
        query = sql.SQL(
            f"{self._with_position} order by p.sort_by {order}, p.sort_key {order}"
        ).format(page)
        async with pool.connection() as connection:
            try:
                rows = await (await connection.execute(query, conditions.values)).fetchall()
            except psycopg.DataError as error:
                if cursor is None:
                    raise
                raise InvalidValue("this is no cursor of this list", field="cursor") from error
        *_, found, text, key, _, position = rows[min(limit, len(rows)) - 1]
        if key is None:
            return Rows([], None, position)
        following = write_cursor(sort, text, key) if found > min(limit, len(rows)) else None
        return Rows(rows[:limit], following, position)

    def _page(self, by: str, order: str, limit: int) -> str:
        """Return the query of a page: its keys, as many of them as fit, and the rows of these.

        Rows are first counted as they are stored, possibly compressed, which costs no look into
        large values; then those that remain as they will be sent.
        """
        window = (
            f"over (order by sort_by {order}, sort_key {order}"
            " rows between unbounded preceding and current row)"
        )
        keys = f"""select ({by})::text as sort_text, {self._key} as sort_key, {by} as sort_by
            from {self._source} where {{}}
            order by {by} {order}, {self._key} {order} limit {limit + 1}"""  # noqa: S608
        stored = f"""select k.*, {self._carried}, count(*) over () as found,
                row_number() {window} as number, sum({self._stored}) {window} as stored
            from ({keys}) k join {self._joined} on {self._key} = k.sort_key"""  # noqa: S608
        encoded = f"""select r.*, sum({self._encoded}) {window} as encoded
            from ({stored}) r where number = 1 or stored <= {PAGE_BYTES}"""  # noqa: S608
        return f"""select {self._select}, f.found, f.sort_text, f.sort_key, f.sort_by
            from ({encoded}) f join {self._joined} on {self._key} = f.sort_key
            where f.number = 1 or f.encoded <= {PAGE_BYTES}"""  # noqa: S608

    async def keys(self, pool: Pool, conditions: Conditions, *, sort: str, limit: int) -> list[str]:
        """Return the keys of the first rows (``sort``, ``limit``: see ``page``, without bound)."""
        by = self._sorts[sort].expression
        query = sql.SQL(
            f"select {self._key} from {self._source} where {{}}"  # noqa: S608
            f" order by {by}, {self._key} limit {limit}"
        ).format(conditions.where())
        async with pool.connection() as connection:
            rows = await (await connection.execute(query, conditions.values)).fetchall()
        return [key for (key,) in rows]

    async def count(self, pool: Pool, conditions: Conditions) -> int:
        """Return how many rows there are."""
        query = sql.SQL(f"select count(*) from {self._source} where {{}}").format(  # noqa: S608
            conditions.where()
        )
        async with pool.connection() as connection:
            row = await (await connection.execute(query, conditions.values)).fetchone()
        assert row is not None
        return int(row[0])

    async def one(self, pool: Pool, key: str) -> Found[TupleRow]:
        """Return the row with a key."""
        # What cannot be stored is not there; the position is asked for all the same.
        values: tuple[str | None] = (key if storable(key) else None,)
        row_of_key = sql.SQL(
            f"select {self._select}, {self._key} as sort_key from {self._source}"  # noqa: S608
            f" where {self._key} = %s"
        )
        query = sql.SQL(self._with_position).format(row_of_key)
        async with pool.connection() as connection:
            row = await (await connection.execute(query, values)).fetchone()
        assert row is not None
        *_, found, position = row
        return Found(None if found is None else row, position)


def _sum(size: str, columns: Sequence[str]) -> str:
    return " + ".join(f"coalesce({size.format(column)}, 0)" for column in columns)


def check_texts(filters: msgspec.Struct) -> None:
    """Refuse filters with a text that no row can hold.

    Raises:
        InvalidValue: A text holds NUL or half a surrogate pair.
    """
    for name, value in msgspec.structs.asdict(filters).items():
        texts: Sequence[Any] = value if isinstance(value, tuple) else (value,)
        for text in texts:
            if isinstance(text, str) and not storable(text):
                raise InvalidValue("a character that cannot be stored", field=name)


def like(text: str) -> str:
    """Return the pattern for texts that hold this one."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def storable(text: str) -> bool:
    """Tell whether a column can hold a text: neither NUL nor half a surrogate pair is in it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


def write_cursor(sort: str, value: str, key: str) -> str:
    """Return the cursor of what follows a row (``value``: by which it is sorted)."""
    return base64.urlsafe_b64encode(msgspec.json.encode([sort, value, key])).decode().rstrip("=")


def read_cursor(cursor: str, sort: str) -> tuple[str, str]:
    """Return the value and the key in a cursor.

    Raises:
        InvalidValue: It is none, or belongs to another sort order.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        written, value, key = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True), type=tuple[str, str, str]
        )
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidValue("this is no cursor of this list", field="cursor") from error
    if written != sort or not storable(value) or not storable(key):
        raise InvalidValue("the cursor belongs to another sort order", field="cursor")
    return value, key
