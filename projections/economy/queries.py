"""What is asked of the read models of the economy, wherever these are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from aia_mas.domain.economy.statements import Line, MonthClosed
from aia_mas.projections.economy.ledger import LINES_AT_ONCE, MonthView
from aia_mas.projections.economy.ledger_filters import (
    AccountFilter,
    ClosedFilter,
    TransactionFilter,
)
from aia_mas.projections.economy.ledger_view import Account, Transaction
from aia_mas.projections.listing import Found, Page


class LedgerQueries(Protocol):
    """Queries about the ledger; see ``Ledger``."""

    async def account(self, account_id: str) -> Found[Account]:
        """Return an account as it stands."""
        ...

    async def account_then(
        self, account_id: str, *, position: int | None = None, time: datetime | None = None
    ) -> Found[Account]:
        """Return an account as it stood at a position or a time; None: it was not there yet."""
        ...

    async def accounts(
        self,
        filters: AccountFilter = ...,
        sort: str = "account_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Account]:
        """Return one page of accounts."""
        ...

    async def count_accounts(self, filters: AccountFilter = ...) -> int:
        """Return how many accounts there are."""
        ...

    async def transfer(self, transfer_id: str) -> Found[Transaction]:
        """Return a transfer."""
        ...

    async def transactions(
        self,
        filters: TransactionFilter = ...,
        sort: str = "-position",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Transaction]:
        """Return one page of transfers."""
        ...

    async def count_transactions(self, filters: TransactionFilter = ...) -> int:
        """Return how many transfers there are."""
        ...

    async def month(self, account_id: str, month: str) -> MonthView:
        """Return what a month of an account comes to, as it was closed or as it is so far."""
        ...

    async def closed_months(
        self,
        filters: ClosedFilter,
        sort: str = "-month",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[MonthClosed]:
        """Return one page of closed months of an account."""
        ...

    async def count_closed_months(self, filters: ClosedFilter) -> int:
        """Return how many closed months there are."""
        ...

    async def lines(
        self, account_id: str, first: int, last: int, limit: int = LINES_AT_ONCE
    ) -> list[Line]:
        """Return lines of an account by their numbers, in order, at most ``limit``."""
        ...
