"""What is shown of the ledger: pages, statements, and the order to close a month."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.domain.economy.statements import Line, MonthClosed, ToldClosing
from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.ledger_view import Account, Transaction


class TransactionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Transfers (``next_cursor``: for the next page, if there is one; ``total``: if asked for)."""

    items: list[Transaction]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class AccountPage(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts (``next_cursor``: for the next page, if there is one; ``total``: when asked for)."""

    items: list[Account]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class ClosedMonthPage(msgspec.Struct, frozen=True, kw_only=True):
    """Closed months (``next_cursor``: for the next page, if there is one; ``total``: if asked)."""

    items: list[ToldClosing]
    next_cursor: str | None
    total: int | UnsetType = UNSET


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a statement; amounts in tokens.

    Attributes:
        line: Its number, from 1 on without gaps over the life of the account.
        at: When it was recorded, UTC.
        transfer_id: The transfer that made it.
        reason: The reason code of that.
        amount: Came in; below 0: went out; 0: only what is held changed.
        balance: What was in the account from here on.
        held: What pending transfers held of that.
        position: Where it stands in the log.
    """

    line: int
    at: datetime
    transfer_id: str
    reason: str
    amount: str
    balance: str
    held: str
    position: int


class Closing(msgspec.Struct, frozen=True, kw_only=True):
    """That a month was closed.

    Attributes:
        hash: SHA-256 over the lines as they stand in the log, see `docs/ledger.md`.
        by: Who closed it.
        at: When, UTC.
    """

    hash: str
    by: str
    at: datetime


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A month of an account; amounts in tokens.

    Attributes:
        account_id: The account.
        month: Which one, by UTC.
        over: Nothing can be added to it any more.
        closed: By whom and when it was closed, if it was.
        opening: The balance before the first line.
        closing: The balance after the last one.
        credits: What came in.
        debits: What went out.
        lines: How many lines it has.
        items: The lines of this page.
        next_cursor: For the next page, if there is one.
    """

    account_id: str
    month: str
    over: bool
    closed: Closing | None
    opening: str
    closing: str
    credits: str
    debits: str
    lines: int
    items: list[StatementLine]
    next_cursor: str | None


def shown_line(line: Line) -> StatementLine:
    """Return a line as it is shown."""
    return StatementLine(
        line=line.line,
        at=line.at,
        transfer_id=line.transfer_id,
        reason=line.reason,
        amount=to_text(line.amount),
        balance=to_text(line.balance),
        held=to_text(line.held),
        position=line.position,
    )


def shown_closing(closed: MonthClosed | None) -> Closing | None:
    """Return what is shown of the closing of a month."""
    return None if closed is None else Closing(hash=closed.hash, by=closed.by, at=closed.at)
