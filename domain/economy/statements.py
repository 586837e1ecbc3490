"""Statements: the lines of an account by months, and how a month is closed for good."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, NamedTuple

import msgspec

from aia_mas.domain.economy.accounts import OWNED, check_account
from aia_mas.domain.economy.authority import check_may_spend
from aia_mas.domain.economy.errors import InvalidMonth, MonthNotOver
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError, PermissionDenied
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.kernel.principal import Role

CLOCKS_APART: Final = timedelta(minutes=1)
"""For so long a month has to be over: entries belong to the month in which the database recorded
them, and its clock may be behind that of a node."""
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_FIRST_YEAR, _LAST_YEAR = 1970, 9000


class Line(NamedTuple):
    """A line of an account; amounts in base units.

    Attributes:
        line: Its number, from 1 on without gaps.
        position: Of its event in the log.
        transfer_id: The transfer that made it.
        reason: The reason code of that.
        amount: Above 0: came in; below: went out; 0: only what is held changed.
        balance: What was in the account from here on.
        held: What pending transfers held of that.
        at: When it was recorded, UTC.
    """

    line: int
    position: int
    transfer_id: str
    reason: str
    amount: int
    balance: int
    held: int
    at: datetime


class MonthClosed(Event, frozen=True, kw_only=True):
    """A month of an account was closed: its statement says this from here on; base units.

    Attributes:
        account_id: The account.
        month: Which one, ``2026-01``.
        opening: What was in it before the first line.
        closing: What was in it after the last one.
        credits: What came in.
        debits: What went out.
        lines: How many lines there are.
        first_line: The number of the first one; that of the next one to come when there is none.
        hash: The hash over them, see ``Summing``.
        by: Who closed it.
        at: When, UTC.
    """

    topic: ClassVar[str] = "statement.closed.v1"
    account_id: str
    month: str
    opening: int
    closing: int
    credits: int
    debits: int
    lines: int
    first_line: int
    hash: str
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (MonthClosed,)
"""Every event of statements, for the topic registry."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a statement comes to; the fields: see ``MonthClosed``."""

    opening: int
    closing: int
    credits: int
    debits: int
    lines: int
    first_line: int
    hash: str


class ToldClosing(msgspec.Struct, frozen=True, kw_only=True):
    """A closed month as it is told; amounts in tokens, the fields: see ``MonthClosed``."""

    account_id: str
    month: str
    opening: str
    closing: str
    credits: str
    debits: str
    lines: int
    first_line: int
    hash: str
    by: str
    at: datetime


class StatementState(State, frozen=True, kw_only=True):
    """A closed month."""

    closed: MonthClosed


class CloseMonth(msgspec.Struct, frozen=True, kw_only=True):
    """Close a month of an account (``figures``: by its lines, once all of them were known)."""

    account_id: str
    month: str
    figures: Figures


class Summing:
    """Adds up the lines of a statement, and seals them.

    The hash is SHA-256, begun with account, month, opening balance and number of the first line,
    and carried on with every line as JSON: anybody who has the lines can work it out.
    """

    def __init__(self, account_id: str, month: str, opening: int, first_line: int) -> None:
        """Begin before the first line."""
        self._opening = self._closing = opening
        self._first, self._lines = first_line, 0
        self._credits = self._debits = 0
        self._hash = hashlib.sha256(_encode([account_id, month, str(opening), first_line]))

    def add(self, lines: Iterable[Line]) -> None:
        """Take in the next lines.

        Raises:
            ValueError: They do not follow from those before.
        """
        for line in lines:
            follows = self._first + self._lines == line.line
            if not follows or self._closing + line.amount != line.balance:
                raise ValueError(f"line {line.line} does not follow from the one before")
            self._lines += 1
            self._closing = line.balance
            if line.amount > 0:
                self._credits += line.amount
            else:
                self._debits -= line.amount
            self._hash.update(_encode(_sealed(line)))

    @property
    def figures(self) -> Figures:
        """What it comes to so far."""
        return Figures(
            opening=self._opening,
            closing=self._closing,
            credits=self._credits,
            debits=self._debits,
            lines=self._lines,
            first_line=self._first,
            hash=self._hash.hexdigest(),
        )


def told_closing(closed: MonthClosed) -> ToldClosing:
    """Return a closed month as it is told."""
    figures = msgspec.structs.asdict(closed)
    amounts = {name: to_text(figures[name]) for name in ("opening", "closing", "credits", "debits")}
    return ToldClosing(**(figures | amounts))


def statement_stream(account_id: str, month: str) -> str:
    """Return the stream of a month of an account."""
    return stream_of("statement", f"{account_id}:{month}")


def span_of(month: str, field: str = "month") -> tuple[datetime, datetime]:
    """Return when a month begins and when the next one does, UTC.

    Raises:
        InvalidMonth: It is none.
    """
    form = _MONTH.fullmatch(month)
    if form is None or not _FIRST_YEAR <= int(form[1]) <= _LAST_YEAR:
        raise InvalidMonth(field=field)
    year, number = int(form[1]), int(form[2])
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return datetime(year, number, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)


def is_over(month: str, now: datetime) -> bool:
    """Tell whether nothing can be added to a month any more."""
    return now >= span_of(month)[1] + CLOCKS_APART


def check_over(month: str, now: datetime) -> None:
    """Refuse a month to which something may still be added.

    Raises:
        InvalidMonth: It is none.
        MonthNotOver: It is not over.
    """
    if not is_over(month, now):
        raise MonthNotOver(month=month)


def evolve(_state: StatementState | None, event: Event) -> StatementState:
    """Fold one event of a statement."""
    assert isinstance(event, MonthClosed)
    return StatementState(closed=event)


def close_month(state: StatementState | None, command: CloseMonth, ctx: Context) -> Decision:
    """Close a month that is over, once; to close it again changes nothing.

    Owners close months of their accounts, treasurers and admins those of all.
    """
    stream = statement_stream(command.account_id, command.month)
    try:
        _check_may_close(command.account_id, ctx)
        check_over(command.month, ctx.now)
    except DomainError as error:
        return refuse(error)
    if state is not None:
        return accept(stream)
    closed = MonthClosed(
        account_id=command.account_id,
        month=command.month,
        **msgspec.structs.asdict(command.figures),
        by=ctx.principal.subject,
        at=ctx.now,
    )
    return accept(stream, closed)


def _check_may_close(account_id: str, ctx: Context) -> None:
    account = check_account(account_id, "account_id")
    if account.purpose in OWNED:
        check_may_spend(ctx.principal, account.owner)
    elif not ctx.principal.has(Role.ADMIN, Role.TREASURER):
        raise PermissionDenied("Accounts of the system are closed by treasurers")


def _sealed(line: Line) -> list[object]:
    # Amounts as texts: no program that reads JSON may round them.
    amounts = (str(line.amount), str(line.balance), str(line.held))
    at = line.at.astimezone(UTC)
    return [line.line, line.position, line.transfer_id, line.reason, *amounts, at]


_encode = msgspec.json.Encoder().encode
