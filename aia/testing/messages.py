"""Messages in memory: the queries of ``Messages`` over the rows of the same fold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec

from aia.testing.pages import Order, page_of
from aia.testing.tables import Tables
from aia_mas.domain.communication.message_events import Sealed
from aia_mas.projections.communication.envelope import ENVELOPE_COLUMNS
from aia_mas.projections.communication.letters import expire
from aia_mas.projections.communication.message_filters import (
    AnyFilter,
    DeadLetterFilter,
    MessageFilter,
    ReceivedFilter,
    check_filter,
)
from aia_mas.projections.communication.message_rows import DeliveryRow, MessageRow
from aia_mas.projections.communication.message_view import (
    DeadLetter,
    Message,
    ReceivedMessage,
    dead_letter_of,
    message_of,
    received_of,
)
from aia_mas.projections.communication.messages import Standing
from aia_mas.projections.communication.standing import MessageStatus, summary
from aia_mas.projections.communication.story import MessageStory, story_of
from aia_mas.projections.communication.story_reading import RecipientPage
from aia_mas.projections.listing import Found, Page


class _Letter(NamedTuple):
    """A letter and its message."""

    row: DeliveryRow
    message: MessageRow

    @property
    def status(self) -> MessageStatus:
        return MessageStatus(self.row.state)


class _Mail:
    """A message with all that is known of it.

    Attributes:
        message: As it was sent.
        letters: All its letters.
        last: The last one to each recipient, by recipient.
    """

    def __init__(self, message: MessageRow) -> None:
        self.message = message
        self.letters: list[_Letter] = []
        self.last: dict[str, _Letter] = {}

    @property
    def states(self) -> set[MessageStatus]:
        return {each.status for each in self.last.values()}

    @property
    def expired(self) -> tuple[int, datetime] | None:
        position, at = self.message.expired, self.message.expired_at
        return None if position is None or at is None else (position, at)

    @property
    def status(self) -> MessageStatus:
        spread, expired = self.message.spread, self.expired is not None
        return summary(self.states, spread=spread, expired=expired)

    def stands(self, statuses: tuple[str, ...]) -> bool:
        lost = {MessageStatus.EXPIRED} if self.message.spread and self.expired else set()
        return any(status in statuses for status in self.states | lost)

    def add(self, row: DeliveryRow) -> None:
        if self.expired is not None and row.position == self.message.position:
            row = msgspec.structs.replace(row)
            expire(row, *self.expired)
        letter = _Letter(row, self.message)
        self.letters.append(letter)
        known = self.last.get(row.recipient)
        if known is None or known.row.position < row.position:
            self.last[row.recipient] = letter


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
    ) -> Found[MessageStory]:
        """Return the story of a message; see ``Messages.find``."""
        wanted = RecipientPage(status, cursor, limit)
        mail = self._mail().get(message_id)
        if mail is None:
            return Found(None, self._position())
        chosen = [
            each.row
            for name, each in sorted(mail.last.items())
            if name > wanted.after and (not status or each.status in status)
        ]
        page, following = wanted.cut(chosen[: wanted.limit + 1])
        shown = {row.recipient: row.position for row in page}
        story = story_of(
            _envelope(mail.message),
            mail.message.spread,
            mail.expired,
            Counter(each.status.value for each in mail.last.values()),
            page,
            [
                each.row
                for each in mail.letters
                if each.row.position < shown.get(each.row.recipient, 0)
            ],
            following,
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
            lambda mail: message_of((*_envelope(mail.message), mail.status)),
            {"sent_at": Order(lambda mail: Fraction(mail.message.position))},
            lambda mail: mail.message.message_id,
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
        mail, position = self._mail().get(message_id), self._position()
        if mail is None:
            return Standing(False, None, False, False, position)
        last = mail.last.get(recipient)
        status = None if last is None else last.status
        return Standing(True, status, mail.message.spread, mail.expired is not None, position)

    async def sealed(self, message_id: str) -> Sealed | None:
        """Return the encrypted payload of a message."""
        message: MessageRow | None = self._tables.rows[0].get(message_id)
        return None if message is None else message.sealed

    def _mail(self) -> dict[str, _Mail]:
        """Put together what belongs together."""
        messages, letters = self._tables.rows
        found = {message_id: _Mail(row) for message_id, row in messages.items()}
        sent = {mail.message.position: mail for mail in found.values()}
        for letter in letters.values():
            if letter.sent in sent:
                sent[letter.sent].add(letter)
        return found

    def _messages(self, filters: MessageFilter) -> Iterator[_Mail]:
        check_filter(filters)
        for mail in self._mail().values():
            row = mail.message
            if (
                _fits(row, filters)
                and (filters.topic is None or filters.topic in row.topics)
                and filters.correlation_id in {None, row.correlation_id}
                and (filters.recipient is None or filters.recipient in mail.last)
                and _within(row.sent_at, filters)
                and (not filters.status or mail.stands(filters.status))
            ):
                yield mail

    def _last(self) -> Iterator[_Letter]:
        for mail in self._mail().values():
            yield from mail.last.values()

    def _received(self, recipient: str, filters: ReceivedFilter) -> Iterator[_Letter]:
        check_filter(filters)
        for each in self._last():
            if (
                each.row.recipient == recipient
                and _fits(each.message, filters)
                and _within(each.message.sent_at, filters)
                and (not filters.status or each.status in filters.status)
            ):
                yield each

    def _dead(self, filters: DeadLetterFilter) -> Iterator[_Letter]:
        check_filter(filters)
        for each in self._last():
            row, reason = each.row, each.row.reason or ""
            if (
                each.status is MessageStatus.DEAD
                and row.ended_at is not None
                and _fits(each.message, filters)
                and _within(row.ended_at, filters)
                and filters.recipient in {None, row.recipient}
                and (filters.reason in {None, reason} or reason.startswith(f"{filters.reason}:"))
            ):
                yield each


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
    return (*_envelope(letter.message), *msgspec.structs.astuple(letter.row), None, None)


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
