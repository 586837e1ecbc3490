"""Messages in memory: the queries of ``Messages`` over the rows of the same fold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec

from aia.testing.pages import Order, page_of
from aia.testing.tables import Tables
from aia_mas.domain.communication.message_events import Sealed
from aia_mas.projections.communication.envelope import ENVELOPE_COLUMNS
from aia_mas.projections.communication.message_filters import (
    AnyFilter,
    DeadLetterFilter,
    MessageFilter,
    ReceivedFilter,
    check_filter,
)
from aia_mas.projections.communication.message_rows import DeliveryRow, ExpiryRow, MessageRow
from aia_mas.projections.communication.message_view import (
    DeadLetter,
    Message,
    ReceivedMessage,
    dead_letter_of,
    message_of,
    received_of,
)
from aia_mas.projections.communication.messages import Standing
from aia_mas.projections.communication.standing import MessageStatus, status_of, summary
from aia_mas.projections.communication.story import Story, story_of
from aia_mas.projections.communication.story_reading import RecipientPage
from aia_mas.projections.listing import Found, Page


class _Letter(NamedTuple):
    """A letter, its message, and when it expired if it has."""

    row: DeliveryRow
    message: MessageRow
    expired_at: datetime | None

    @property
    def status(self) -> MessageStatus:
        return status_of(self.row.state, self.expired_at is not None)


class MemoryMessages:
    """Answers as ``Messages`` does."""

    def __init__(self, tables: Tables, position: Callable[[], int]) -> None:
        """Read the tables of messages (``position``: how far they have come)."""
        self._tables = tables
        self._position = position

    async def find(
        self,
        message_id: str,
        status: tuple[str, ...] = (),
        cursor: str | None = None,
        limit: int = 100,
    ) -> Found[Story]:
        """Return the story of a message; see ``Messages.find``."""
        wanted = RecipientPage(status, cursor, limit)
        message: MessageRow | None = self._tables.rows[0].get(message_id)
        if message is None:
            return Found(None, self._position())
        all_letters = [each for each in self._letters() if each.message is message]
        last = sorted(_last(all_letters), key=lambda each: each.row.recipient)
        chosen = [
            (each.row, each.expired_at)
            for each in last
            if each.row.recipient > wanted.after and (not status or each.status in status)
        ]
        page, following = wanted.cut(chosen[: wanted.limit + 1])
        shown = {row.recipient: row.position for row, _ in page}
        earlier = [
            each.row for each in all_letters if each.row.position < shown.get(each.row.recipient, 0)
        ]
        counts = Counter(each.status.value for each in last)
        expiries = self._expiries(message_id)
        story = story_of(
            _envelope(message), message.spread, expiries, counts, page, earlier, following
        )
        return Found(story, self._position())

    async def list(
        self,
        filters: MessageFilter = MessageFilter(),  # noqa: B008 - immutable
        sort: str = "-sent_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Message]:
        """Return one page of messages; see ``Messages.list``."""
        return page_of(
            self._messages(filters),
            lambda row: message_of((*_envelope(row), self._summary(row))),
            {"sent_at": Order(lambda row: Fraction(row.position))},
            lambda row: row.message_id,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def count(self, filters: MessageFilter = MessageFilter()) -> int:  # noqa: B008 - immutable
        """Return how many messages there are."""
        return sum(1 for _ in self._messages(filters))

    async def received(
        self,
        recipient: str,
        filters: ReceivedFilter = ReceivedFilter(),  # noqa: B008 - immutable
        sort: str = "-queued_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[ReceivedMessage]:
        """Return one page of the messages that somebody was sent; see ``Messages.received``."""
        return page_of(
            self._received(recipient, filters),
            lambda each: received_of(_columns(each)),
            {"queued_at": Order(lambda each: Fraction(each.row.position))},
            lambda each: each.row.key,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def count_received(
        self,
        recipient: str,
        filters: ReceivedFilter = ReceivedFilter(),  # noqa: B008 - immutable
    ) -> int:
        """Return how many messages somebody was sent."""
        return sum(1 for _ in self._received(recipient, filters))

    async def dead_letters(
        self,
        filters: DeadLetterFilter = DeadLetterFilter(),  # noqa: B008 - immutable
        sort: str = "-died_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[DeadLetter]:
        """Return one page of the letters that are dead; see ``Messages.dead_letters``."""
        return page_of(
            self._dead(filters),
            lambda each: dead_letter_of(_columns(each)),
            {"died_at": Order(lambda each: Fraction(each.row.ended or 0))},
            lambda each: each.row.key,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def count_dead_letters(
        self,
        filters: DeadLetterFilter = DeadLetterFilter(),  # noqa: B008 - immutable
    ) -> int:
        """Return how many letters are dead."""
        return sum(1 for _ in self._dead(filters))

    async def state_of(self, message_id: str, recipient: str) -> Standing:
        """Return where a message stands at a recipient; see ``Messages.state_of``."""
        message: MessageRow | None = self._tables.rows[0].get(message_id)
        if message is None:
            return Standing(False, None, False, False, self._position())
        last = [
            each.status
            for each in _last(self._letters())
            if each.message is message and each.row.recipient == recipient
        ]
        return Standing(
            True,
            last[0] if last else None,
            message.spread,
            self._has_expired(message),
            self._position(),
        )

    async def sealed(self, message_id: str) -> Sealed | None:
        """Return the encrypted payload of a message."""
        message: MessageRow | None = self._tables.rows[0].get(message_id)
        if message is None or message.sealed is None:
            return None
        return msgspec.convert(message.sealed, Sealed, from_attributes=True)

    def _expiries(self, message_id: str) -> Sequence[ExpiryRow]:
        return [row for row in self._tables.rows[2].values() if row.message_id == message_id]

    def _has_expired(self, message: MessageRow) -> bool:
        until = message.expires_at
        return until is not None and any(
            row.at >= until for row in self._expiries(message.message_id)
        )

    def _letters(self) -> Iterator[_Letter]:
        messages = {row.position: row for row in self._tables.rows[0].values()}
        for row in self._tables.rows[1].values():
            message = messages.get(row.sent)
            if message is not None:
                yield _Letter(row, message, self._expired_at(row, message))

    def _expired_at(self, letter: DeliveryRow, message: MessageRow) -> datetime | None:
        until = letter.expires_at or message.expires_at
        if letter.ended is not None or until is None:
            return None
        for row in self._expiries(message.message_id):
            if row.position > letter.position and row.at >= until:
                return row.at
        return None

    def _summary(self, message: MessageRow) -> MessageStatus:
        known = {each.status for each in _last(self._letters()) if each.message is message}
        return summary(known, spread=message.spread, expired=self._has_expired(message))

    def _messages(self, filters: MessageFilter) -> Iterator[MessageRow]:
        check_filter(filters)
        letters = self._tables.rows[1].values()
        for row in self._tables.rows[0].values():
            if (
                _fits(row, filters)
                and (filters.topic is None or filters.topic in row.topics)
                and filters.correlation_id in {None, row.correlation_id}
                and _within(row.sent_at, filters)
                and (not filters.status or self._summary(row) in filters.status)
                and (
                    filters.recipient is None
                    or any(
                        each.sent == row.position and each.recipient == filters.recipient
                        for each in letters
                    )
                )
            ):
                yield row

    def _received(self, recipient: str, filters: ReceivedFilter) -> Iterator[_Letter]:
        check_filter(filters)
        for each in _last(self._letters()):
            if (
                each.row.recipient == recipient
                and _fits(each.message, filters)
                and _within(each.message.sent_at, filters)
                and (not filters.status or each.status in filters.status)
            ):
                yield each

    def _dead(self, filters: DeadLetterFilter) -> Iterator[_Letter]:
        check_filter(filters)
        for each in _last(self._letters()):
            row, reason = each.row, each.row.reason or ""
            if (
                row.state == MessageStatus.DEAD
                and row.ended_at is not None
                and _fits(each.message, filters)
                and _within(row.ended_at, filters)
                and filters.recipient in {None, row.recipient}
                and (filters.reason in {None, reason} or reason.startswith(f"{filters.reason}:"))
            ):
                yield each


def _last(letters: Iterable[_Letter]) -> list[_Letter]:
    """Return those that were not queued again later."""
    last: dict[tuple[int, str], _Letter] = {}
    for each in letters:
        key = (each.row.sent, each.row.recipient)
        if key not in last or last[key].row.position < each.row.position:
            last[key] = each
    return list(last.values())


def _fits(message: MessageRow, filters: AnyFilter) -> bool:
    return (
        filters.from_agent in {None, message.from_agent}
        and filters.message_type in {None, message.message_type}
        and (not filters.priority or message.priority in filters.priority)
    )


def _within(at: datetime, filters: AnyFilter) -> bool:
    return (filters.since is None or at >= filters.since) and (
        filters.until is None or at < filters.until
    )


def _columns(letter: _Letter) -> tuple[Any, ...]:
    return (*_envelope(letter.message), *msgspec.structs.astuple(letter.row), letter.expired_at)


def _envelope(row: MessageRow) -> tuple[Any, ...]:
    """Return what the database would give for ``ENVELOPE_COLUMNS``."""
    return tuple(_value(row, text.strip()) for text in ENVELOPE_COLUMNS.split(","))


def _value(row: MessageRow, column: str) -> Any:
    name = column.removeprefix("m.")
    if name.endswith(" is not null"):
        return getattr(row, name.removesuffix(" is not null")) is not None
    value = getattr(row, name.removesuffix("::text"))
    if name.endswith("::text") and value is not None:
        return msgspec.json.encode(value).decode()
    return value
