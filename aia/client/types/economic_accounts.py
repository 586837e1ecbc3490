# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about economic accounts."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer


class Account(Answer, frozen=True, kw_only=True):
    """An account, as it stands or as it stood; amounts in tokens.

    Attributes:
        account_id: Its id.
        purpose: What it is for.
        token: In which token.
        owner: Whose it is; null: the system's.
        balance: What is in it.
        held: What pending transfers hold of that.
        available: What may be taken out of it.
        lines: How many changes led to that.
        updated_at: When the last of them was recorded, UTC.
        position: Where that stands in the log.
    """

    account_id: str
    purpose: str
    token: str
    owner: str | None
    balance: str
    held: str
    available: str
    lines: int
    updated_at: datetime | None
    position: int


class AccountPage(Answer, frozen=True, kw_only=True):
    """Accounts (`next_cursor`: for the next page, if there is one; `total`: when asked for).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: When asked for.
    """

    items: list[Account]
    next_cursor: str | None
    total: int | None = None


class ToldClosing(Answer, frozen=True, kw_only=True):
    """A closed month as it is told; amounts in tokens, the fields: see `MonthClosed`."""

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


class ClosedMonthPage(Answer, frozen=True, kw_only=True):
    """Closed months (`next_cursor`: for the next page, if there is one; `total`: if asked).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: If asked.
    """

    items: list[ToldClosing]
    next_cursor: str | None
    total: int | None = None


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


class Statement(Answer, frozen=True, kw_only=True):
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
