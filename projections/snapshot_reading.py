"""All rows of a list as they were at one moment, in pages: what a stream of changes begins with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple, Protocol

import msgspec
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from aia_mas.application.event_log.connections import Pool
from aia_mas.projections.listing import Conditions, storable
from aia_mas.projections.sessions import connect
from aia_mas.projections.table import Projection

# More rows at once would hold the event loop for too long.
_NEXT = "fetch 50 from snapshot"


class Wanted(Protocol):
    """Which rows, by what stands in them; None does not restrict."""

    @property
    def task_ids(self) -> Collection[str] | None:
        """These tasks."""
        ...

    @property
    def agent_ids(self) -> Collection[str] | None:
        """These agents, or what they hold or finished."""
        ...

    @property
    def task_types(self) -> Collection[str] | None:
        """Tasks of these types."""
        ...

    @property
    def proposal_ids(self) -> Collection[str] | None:
        """These proposals."""
        ...

    @property
    def statuses(self) -> Collection[str] | None:
        """What stands so."""
        ...


class SnapshotSource(NamedTuple):
    """A list that can be read as a whole.

    Attributes:
        projection: Whose tables are read.
        query: Selected columns, tables and joins.
        order: What comes first is not cut off.
        conditions: Returns which rows are wanted.
        item: Returns what is told of a row, anything that msgspec encodes.
    """

    projection: Projection
    query: str
    order: str
    conditions: Callable[[Wanted], Conditions]
    item: Callable[[TupleRow], object]


class Reading(Protocol):
    """A list at one moment, until it is closed."""

    @property
    def position(self) -> int:
        """The last event of the log that is in it; every later one is not."""
        ...

    async def next(self) -> Sequence[bytes]:
        """Return the next items as JSON; none: there are no more."""
        ...


class _CursorReading:
    """A list for as long as the transaction is open that sees it so."""

    def __init__(
        self,
        position: int,
        connection: AsyncConnection[TupleRow],
        item: Callable[[TupleRow], object],
    ) -> None:
        """Read from the cursor ``snapshot`` of a connection."""
        self.position = position
        self._connection = connection
        self._item = item

    async def next(self) -> Sequence[bytes]:
        rows = await (await self._connection.execute(_NEXT)).fetchall()
        return [_encode(self._item(row)) for row in rows]


@asynccontextmanager
async def reading(
    conninfo: str,
    source: SnapshotSource,
    wanted: Wanted,
    limit: int,
    pool: Pool | None = None,
) -> AsyncIterator[Reading]:
    """Read a list and its position in one transaction, on a connection of its own.

    Args:
        conninfo: libpq URL or keywords.
        source: The list.
        wanted: Which rows of it.
        limit: Rows at most.
        pool: As in ``connect``.
    """
    conditions = source.conditions(wanted)
    query = sql.SQL(" ").join(
        (
            # Not a cursor of psycopg's, which cannot be closed by who is cancelled meanwhile.
            sql.SQL(f"declare snapshot no scroll cursor for {source.query} where"),
            conditions.where(),
            sql.SQL(f"order by {source.order} limit {limit}"),
        )
    )
    async with await connect(conninfo, "snapshot", pool) as connection, connection.transaction():
        await connection.execute("set transaction isolation level repeatable read, read only")
        row = await (
            await connection.execute(
                "select position from projection_checkpoints where projection = %s",
                (source.projection.key,),
            )
        ).fetchone()
        await connection.execute(query, conditions.values)
        yield _CursorReading(0 if row is None else row[0], connection, source.item)


def add_choice(conditions: Conditions, column: str, choice: Collection[str] | None) -> None:
    """Add that a column has one of some values; None does not restrict."""
    if choice is None:
        return
    values = sorted(filter(storable, choice))
    if values:
        conditions.add_choice(column, values)
    else:
        conditions.add("false")


_encode = msgspec.json.Encoder().encode
