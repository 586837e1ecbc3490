"""Reads the story of a message from the tables, all of it as of one position."""

from __future__ import annotations

from collections.abc import Iterable

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from aia_mas.application.event_log.connections import Pool
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.projections.communication.delivery_view import letter_of
from aia_mas.projections.communication.envelope import ENVELOPE_COLUMNS
from aia_mas.projections.communication.letters import letter_key
from aia_mas.projections.communication.message_filters import check_statuses
from aia_mas.projections.communication.message_rows import DeliveryRow
from aia_mas.projections.communication.message_sql import (
    LAST,
    LETTER_COLUMNS,
    POSITION,
    SENT,
    STANDING,
    WITH_LETTERS,
)
from aia_mas.projections.communication.story import MessageStory, story_of
from aia_mas.projections.listing import (
    MAX_LIMIT,
    Conditions,
    Found,
    read_cursor,
    storable,
    write_cursor,
)

_SORT = "recipient"


class RecipientPage:
    """Which recipients of a message are shown.

    Attributes:
        status: At whom it stands so; empty: anyhow.
        after: Those behind this one; empty: from the first one on.
        limit: So many at most.
    """

    def __init__(self, status: tuple[str, ...], cursor: str | None, limit: int) -> None:
        """Read what was asked for.

        Raises:
            InvalidValue: Unknown status, foreign cursor, or a limit out of bounds.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise InvalidValue(f"limit is from 1 to {MAX_LIMIT}", field="limit")
        check_statuses(status)
        self.status = status
        self.after = "" if cursor is None else read_cursor(cursor, _SORT)[1]
        self.limit = limit

    def cut(self, found: list[DeliveryRow]) -> tuple[list[DeliveryRow], str | None]:
        """Return what is on the page of one more letter than fits on it, and the next cursor."""
        if len(found) <= self.limit:
            return found, None
        last = found[self.limit - 1].recipient
        return found[: self.limit], write_cursor(_SORT, last, last)


async def read_story(pool: Pool, message_id: str, wanted: RecipientPage) -> Found[MessageStory]:
    """Return the story of a message (``wanted``: which of its recipients are shown)."""
    async with pool.connection() as connection, connection.transaction():
        # Counts, recipients and their history are of the same moment.
        await connection.execute("set transaction isolation level repeatable read, read only")
        cursor = await connection.execute(_MESSAGE, (message_id if storable(message_id) else None,))
        row = await cursor.fetchone()
        assert row is not None
        *envelope, spread, expired, expired_at, sent, position = row
        if sent is None:
            return Found(None, position)
        cursor = await connection.execute(_COUNTS, (sent,))
        counts: dict[str, int] = dict(await cursor.fetchall())
        found = [letter_of(each) for each in await _page(connection, sent, wanted)]
        page, following = wanted.cut(found)
        earlier = await _earlier(connection, sent, page)
    over = None if expired is None else (expired, expired_at)
    story = story_of(envelope, spread, over, counts, page, earlier, following)
    return Found(story, position)


_Connection = psycopg.AsyncConnection[TupleRow]


async def _page(connection: _Connection, sent: int, wanted: RecipientPage) -> list[TupleRow]:
    conditions = Conditions()
    conditions.add("d.sent = %s and d.recipient > %s", sent, wanted.after)
    conditions.add(LAST)
    if wanted.status:
        conditions.add_choice(STANDING, wanted.status)
    query = sql.SQL(
        f"select {LETTER_COLUMNS} from {WITH_LETTERS} where {{}}"  # noqa: S608
        f" order by d.recipient limit {wanted.limit + 1}"
    ).format(conditions.where())
    return await (await connection.execute(query, conditions.values)).fetchall()


async def _earlier(
    connection: _Connection, sent: int, last: Iterable[DeliveryRow]
) -> list[DeliveryRow]:
    """Return the letters before the last ones, for those to whom it was queued again."""
    again = {letter.recipient: letter.position for letter in last if letter.position != sent}
    if not again:
        return []
    keys = [letter_key(sent, name) for name in again]
    rows = await connection.execute(_AGAIN, (keys, sent, list(again)))
    letters = [letter_of(row) for row in await rows.fetchall()]
    return [each for each in letters if each.position < again[each.recipient]]


_MESSAGE = f"""select m.*, {POSITION} from (values (1)) one left join lateral (
    select {ENVELOPE_COLUMNS}, m.spread, m.expired, m.expired_at, m.position as sent
    from {SENT} m where m.message_id = %s
) m on true"""  # noqa: S608
_COUNTS = f"""select {STANDING}, count(*) from {WITH_LETTERS}
    where d.sent = %s and {LAST} group by 1"""  # noqa: S608
_AGAIN = f"""select {LETTER_COLUMNS} from {WITH_LETTERS} where d.key = any(%s::text[])
    union all select {LETTER_COLUMNS} from {WITH_LETTERS}
    where d.sent = %s and d.recipient = any(%s::text[]) and d.position <> d.sent"""  # noqa: S608
