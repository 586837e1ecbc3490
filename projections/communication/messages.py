"""Messages: what was sent, what became of it at each recipient, and what could not be delivered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from aia_mas.application.event_log.connections import Pool
from aia_mas.domain.communication.message_events import Sealed
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.projections.communication.delivery_view import DELIVERY_LARGE, letter_of
from aia_mas.projections.communication.envelope import ENVELOPE_COLUMNS, ENVELOPE_LARGE
from aia_mas.projections.communication.message_filters import (
    DeadLetterFilter,
    MessageFilter,
    ReceivedFilter,
    of_dead_letters,
    of_messages,
    of_received,
)
from aia_mas.projections.communication.message_sql import (
    LETTER_COLUMNS,
    LETTERS,
    POSITION,
    SENT,
    SUMMARY,
    WITH_LETTERS,
)
from aia_mas.projections.communication.message_view import (
    DeadLetter,
    Message,
    ReceivedMessage,
    dead_letter_of,
    message_of,
    received_of,
)
from aia_mas.projections.communication.messages_fold import MESSAGES
from aia_mas.projections.communication.standing import MessageStatus, refusal
from aia_mas.projections.communication.story import MessageStory
from aia_mas.projections.communication.story_reading import RecipientPage, read_story
from aia_mas.projections.listing import Found, Listing, Page, SortKey, storable


class Standing(NamedTuple):
    """Where a message stands at a recipient.

    Attributes:
        found: There is such a message.
        status: Where it stands; None: the read model knows nothing of it at this recipient.
        spread: It goes to a group.
        expired: It has expired.
        position: How far the read model had come.
    """

    found: bool
    status: MessageStatus | None
    spread: bool
    expired: bool
    position: int

    @property
    def refusal(self) -> DomainError | None:
        """Why what the recipient says of it is refused; see ``standing.refusal``."""
        return refusal(self.found, self.status, spread=self.spread, expired=self.expired)


class Messages:
    """Reads messages; ``ProjectionHost`` keeps them up to date."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

    async def find(
        self,
        message_id: str,
        status: tuple[str, ...] = (),
        cursor: str | None = None,
        limit: int = 100,
    ) -> Found[MessageStory]:
        """Return the story of a message.

        Args:
            message_id: The message.
            status: Only recipients at whom it stands so; empty: all.
            cursor: That of the page of recipients before.
            limit: Recipients at most, 1..500.

        Raises:
            InvalidValue: Unknown status, foreign cursor, or a limit out of bounds.
        """
        wanted = RecipientPage(status, cursor, limit)
        return await read_story(self._pool, message_id, wanted)

    async def list(
        self,
        filters: MessageFilter = MessageFilter(),  # noqa: B008 - immutable
        sort: str = "-sent_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Message]:
        """Return one page of messages.

        Args:
            filters: Which ones.
            sort: sent_at; ``-`` before it: the latest first.
            cursor: That of the page before.
            limit: At most so many, 1..500; large ones make it fewer.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        rows, following, position = await _MESSAGES.page(
            self._pool, of_messages(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([message_of(row) for row in rows], following, position)

    async def count(self, filters: MessageFilter = MessageFilter()) -> int:  # noqa: B008 - immutable
        """Return how many messages there are."""
        return await _MESSAGES.count(self._pool, of_messages(filters))

    async def received(
        self,
        recipient: str,
        filters: ReceivedFilter = ReceivedFilter(),  # noqa: B008 - immutable
        sort: str = "-queued_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[ReceivedMessage]:
        """Return one page of the messages that somebody was sent.

        Those that came by name are there from the sending on; those to a group once anything is
        known of their delivery (until then they are in the inbox only).

        Args:
            recipient: Who.
            filters: Which ones.
            sort: queued_at; ``-`` before it: the latest first.
            cursor: That of the page before.
            limit: At most so many, 1..500; large ones make it fewer.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        conditions = of_received(_stored(recipient), filters)
        rows, following, position = await _RECEIVED.page(
            self._pool, conditions, sort=sort, cursor=cursor, limit=limit
        )
        return Page([received_of(row) for row in rows], following, position)

    async def count_received(
        self,
        recipient: str,
        filters: ReceivedFilter = ReceivedFilter(),  # noqa: B008 - immutable
    ) -> int:
        """Return how many messages somebody was sent; see ``received``."""
        return await _RECEIVED.count(self._pool, of_received(_stored(recipient), filters))

    async def dead_letters(
        self,
        filters: DeadLetterFilter = DeadLetterFilter(),  # noqa: B008 - immutable
        sort: str = "-died_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[DeadLetter]:
        """Return one page of the letters that are dead, and were not queued again.

        Args:
            filters: Which ones.
            sort: died_at; ``-`` before it: the latest first.
            cursor: That of the page before.
            limit: At most so many, 1..500; large ones make it fewer.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        rows, following, position = await _DEAD.page(
            self._pool, of_dead_letters(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([dead_letter_of(row) for row in rows], following, position)

    async def count_dead_letters(
        self,
        filters: DeadLetterFilter = DeadLetterFilter(),  # noqa: B008 - immutable
    ) -> int:
        """Return how many letters are dead; see ``dead_letters``."""
        return await _DEAD.count(self._pool, of_dead_letters(filters))

    async def state_of(self, message_id: str, recipient: str) -> Standing:
        """Return where a message stands at a recipient."""
        known = storable(message_id) and storable(recipient)
        values = {"message": message_id, "recipient": recipient} if known else _NOBODY
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_STANDING, values)).fetchone()
        assert row is not None
        spread, expired, *letter, position = row
        status = None
        if letter[0] is not None:
            status = MessageStatus(letter_of(letter).state)
        return Standing(spread is not None, status, bool(spread), bool(expired), position)

    async def sealed(self, message_id: str) -> Sealed | None:
        """Return the encrypted payload of a message; None: it is not encrypted, or not there."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_SEALED, (_stored(message_id),))
            row = await cursor.fetchone()
        return None if row is None or row[0] is None else msgspec.convert(row[0], Sealed)


def _stored(text: str) -> str:
    """Return an id; one that no row can hold becomes one that none has."""
    return text if storable(text) else ""


_NOBODY: dict[str, Any] = {"message": "", "recipient": ""}
_MESSAGES = Listing(
    MESSAGES,
    select=f"{ENVELOPE_COLUMNS}, {SUMMARY}",
    source=f"{SENT} m",
    key="m.message_id",
    sorts={"sent_at": SortKey("m.position", "bigint")},
    large=ENVELOPE_LARGE,
)
_LARGE: Sequence[str] = (*ENVELOPE_LARGE, *DELIVERY_LARGE)


def _letters(sort: str, by: str) -> Listing:
    return Listing(
        MESSAGES,
        select=f"{ENVELOPE_COLUMNS}, {LETTER_COLUMNS}",
        source=WITH_LETTERS,
        key="d.key",
        sorts={sort: SortKey(by, "bigint")},
        large=_LARGE,
    )


_RECEIVED = _letters("queued_at", "d.position")
_DEAD = _letters("died_at", "d.ended")
# By the key of the first letter and the index of those that were queued again: somebody may have
# been sent very many.
_STANDING = f"""select m.spread, m.expired is not null, l.*, {POSITION} from (values (1)) one
    left join {SENT} m on m.message_id = %(message)s left join lateral (
        select {LETTER_COLUMNS} from (
            select * from {LETTERS} f where f.key = m.position || '/' || %(recipient)s
            union all select * from {LETTERS} n
            where n.sent = m.position and n.recipient = %(recipient)s and n.position <> n.sent
        ) d order by d.position desc limit 1
    ) l on true"""  # noqa: S608
_SEALED = f"select m.sealed from {SENT} m where m.message_id = %s"  # noqa: S608
