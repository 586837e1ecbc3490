"""The log as an auditor reads it: plain JSON out of the view that is made for that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

_PAGE = 2_000
_QUERY = """select position, stream, topic, recorded_at, actor, command_id, data
from readable_events where split_part(stream, '/', 1) = any(%s) order by position"""


class Fact(NamedTuple):
    """An event, not decoded by anything of the product.

    Attributes:
        position: Its place in the log.
        stream: The stream it belongs to.
        topic: What kind of event it is.
        at: When it was recorded, UTC.
        actor: Who caused it.
        command_id: The command that did.
        data: What it says; amounts are base units. Fields that have their default are missing.
    """

    position: int
    stream: str
    topic: str
    at: datetime
    actor: str
    command_id: str
    data: dict[str, Any]

    @property
    def subject(self) -> str:
        """The id in its stream."""
        return self.stream.partition("/")[2]


async def facts(
    connection: AsyncConnection[TupleRow], categories: Collection[str]
) -> AsyncIterator[Fact]:
    """Yield the events of some kinds of streams, in order, within an open transaction."""
    async with connection.cursor("facts") as cursor:
        await cursor.execute(_QUERY, (sorted(categories),))
        while rows := await cursor.fetchmany(_PAGE):
            for row in rows:
                yield Fact(*row)


async def table(
    connection: AsyncConnection[TupleRow], name: str, query: str, *values: object
) -> AsyncIterator[TupleRow]:
    """Yield the rows of a query, within an open transaction (``name``: of its cursor).

    Amounts, which are whole numbers of any size in the database, come as such.
    """
    async with connection.cursor(name) as cursor:
        await cursor.execute(query.encode(), values)
        while rows := await cursor.fetchmany(_PAGE):
            for row in rows:
                yield tuple(int(each) if isinstance(each, Decimal) else each for each in row)
