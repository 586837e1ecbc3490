"""The ledger in memory: the queries of ``Ledger`` over the rows of the same fold."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import msgspec

from aia.testing.pages import Order, page_of
from aia.testing.tables import Tables
from aia_mas.domain.economy.statements import Line, MonthClosed, span_of
from aia_mas.projections.economy.ledger import LINES_AT_ONCE, MonthView, frozen
from aia_mas.projections.economy.ledger_filters import (
    AccountFilter,
    ClosedFilter,
    TransactionFilter,
)
from aia_mas.projections.economy.ledger_rows import (
    AccountRow,
    ClosedRow,
    EntryRow,
    TransferRow,
)
from aia_mas.projections.economy.ledger_view import (
    CLOSED_COLUMNS,
    LINE_COLUMNS,
    TRANSFER_COLUMNS,
    Account,
    Transaction,
    account_of,
    closed_of,
    line_of,
    transaction_of,
)
from aia_mas.projections.listing import Found, Page, check_texts


class MemoryLedger:
    """Answers as ``Ledger`` does."""

    def __init__(self, tables: Tables, position: Callable[[], int]) -> None:
        """Read the tables of the ledger (``position``: how far they have come)."""
        self._tables = tables
        self._position = position

    async def account(self, account_id: str) -> Found[Account]:
        """Return an account as it stands."""
        row = self._tables.rows[0].get(account_id)
        return Found(None if row is None else _account(row), self._position())

    async def account_then(
        self, account_id: str, *, position: int | None = None, time: datetime | None = None
    ) -> Found[Account]:
        """Return an account as it stood; see ``Ledger.account_then``."""
        entries = self._entries(account_id)
        if position is not None:
            upto = bisect_right(entries, position, key=lambda row: row.position)
        else:
            assert time is not None
            upto = bisect_right(entries, time, key=lambda row: row.at)
        found = None
        if upto:
            row = entries[upto - 1]
            found = account_of((account_id, row.balance, row.held, row.line, row.at, row.position))
        return Found(found, self._position())

    async def accounts(
        self,
        filters: AccountFilter = AccountFilter(),  # noqa: B008 - immutable
        sort: str = "account_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Account]:
        """Return one page of accounts; see ``Ledger.accounts``."""
        return page_of(
            self._accounts(filters),
            _account,
            _ACCOUNT_ORDERS,
            lambda row: row.account_id,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def count_accounts(
        self,
        filters: AccountFilter = AccountFilter(),  # noqa: B008 - immutable
    ) -> int:
        """Return how many accounts there are."""
        return sum(1 for _ in self._accounts(filters))

    async def transfer(self, transfer_id: str) -> Found[Transaction]:
        """Return a transfer."""
        row = self._tables.rows[2].get(transfer_id)
        return Found(None if row is None else _transaction(row), self._position())

    async def transactions(
        self,
        filters: TransactionFilter = TransactionFilter(),  # noqa: B008 - immutable
        sort: str = "-position",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Transaction]:
        """Return one page of transfers; see ``Ledger.transactions``."""
        return page_of(
            self._transfers(filters),
            _transaction,
            _TRANSFER_ORDERS,
            lambda row: row.transfer_id,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def count_transactions(
        self,
        filters: TransactionFilter = TransactionFilter(),  # noqa: B008 - immutable
    ) -> int:
        """Return how many transfers there are."""
        return sum(1 for _ in self._transfers(filters))

    async def month(self, account_id: str, month: str) -> MonthView:
        """Return what a month comes to; see ``Ledger.month``."""
        begins, ends = span_of(month)
        position = self._position()
        closed = self._tables.rows[3].get(f"{account_id}:{month}")
        if closed is not None:
            return frozen(closed_of(_columns(closed, CLOSED_COLUMNS)), position)
        entries = self._entries(account_id)
        before = bisect_left(entries, begins, key=lambda row: row.at)
        amounts = [int(row.amount) for row in entries if begins <= row.at < ends]
        return MonthView(
            int(entries[before - 1].balance) if before else 0,
            sum(amount for amount in amounts if amount > 0),
            -sum(amount for amount in amounts if amount < 0),
            len(amounts),
            before + 1,
            None,
            position,
        )

    async def closed_months(
        self,
        filters: ClosedFilter,
        sort: str = "-month",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[MonthClosed]:
        """Return one page of closed months of an account; see ``Ledger.closed_months``."""
        return page_of(
            self._closed(filters),
            lambda row: closed_of(_columns(row, CLOSED_COLUMNS)),
            _CLOSED_ORDERS,
            lambda row: row.key,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def count_closed_months(self, filters: ClosedFilter) -> int:
        """Return how many closed months there are."""
        return sum(1 for _ in self._closed(filters))

    async def lines(
        self, account_id: str, first: int, last: int, limit: int = LINES_AT_ONCE
    ) -> list[Line]:
        """Return lines of an account, in order; see ``Ledger.lines``."""
        chosen = self._entries(account_id)[first - 1 : last][:limit]
        return [line_of(_columns(row, LINE_COLUMNS)) for row in chosen]

    def _entries(self, account_id: str) -> Sequence[EntryRow]:
        return [row for row in self._tables.rows[1].values() if row.account_id == account_id]

    def _accounts(self, filters: AccountFilter) -> Iterator[AccountRow]:
        check_texts(filters)
        for row in self._tables.rows[0].values():
            if (
                (filters.owner is None or row.owner == filters.owner)
                and (filters.token is None or row.token == filters.token)
                and (not filters.purpose or row.purpose in filters.purpose)
            ):
                yield row

    def _transfers(self, filters: TransactionFilter) -> Iterator[TransferRow]:
        check_texts(filters)
        for row in self._tables.rows[2].values():
            if _fits(row, filters):
                yield row

    def _closed(self, filters: ClosedFilter) -> Iterator[ClosedRow]:
        check_texts(filters)
        for row in self._tables.rows[3].values():
            if (
                row.account_id == filters.account
                and (filters.since is None or row.month >= filters.since)
                and (filters.until is None or row.month < filters.until)
            ):
                yield row


def _fits(row: TransferRow, filters: TransactionFilter) -> bool:
    amount, made_at = int(row.amount), row.made_at.astimezone(UTC)
    return (
        (filters.account is None or filters.account in row.accounts)
        and (filters.owner is None or filters.owner in row.owners)
        and (filters.token is None or filters.token in row.tokens)
        and (not filters.reason or row.reason in filters.reason)
        and (not filters.status or row.status in filters.status)
        and (filters.transfer_id is None or filters.transfer_id in {row.transfer_id, row.reverses})
        and (filters.since is None or made_at >= filters.since)
        and (filters.until is None or made_at < filters.until)
        and (filters.min_amount is None or amount >= filters.min_amount)
        and (filters.max_amount is None or amount <= filters.max_amount)
    )


def _account(row: AccountRow) -> Account:
    return account_of(
        (row.account_id, row.balance, row.held, row.lines, row.updated_at, row.position)
    )


def _transaction(row: TransferRow) -> Transaction:
    return transaction_of(_columns(row, TRANSFER_COLUMNS))


def _columns(row: msgspec.Struct, columns: str) -> tuple[Any, ...]:
    """Return what the database would give for columns: JSON as text where there is any."""
    names = [text.strip().partition(".")[2].removesuffix("::text") for text in columns.split(",")]
    values = (getattr(row, name) for name in names)
    return tuple(
        msgspec.json.encode(value).decode() if isinstance(value, (list, dict)) else value
        for value in values
    )


_ACCOUNT_ORDERS = {
    "account_id": Order(lambda row: row.account_id, str),
    "balance": Order(lambda row: Fraction(int(row.balance))),
    "updated_at": Order(lambda row: Fraction(row.position)),
}
_TRANSFER_ORDERS = {
    "position": Order(lambda row: Fraction(row.made_position)),
    "amount": Order(lambda row: Fraction(int(row.amount))),
}
_CLOSED_ORDERS = {"month": Order(lambda row: row.month, str)}
