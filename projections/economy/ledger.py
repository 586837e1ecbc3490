"""The ledger: accounts as they stand and stood, their lines, transfers, closed months."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from aia_mas.application.event_log.connections import Pool
from aia_mas.domain.economy.statements import Line, MonthClosed, span_of
from aia_mas.projections.economy.ledger_filters import (
    AccountFilter,
    ClosedFilter,
    TransactionFilter,
    of_accounts,
    of_closed,
    of_transfers,
)
from aia_mas.projections.economy.ledger_fold import LEDGER
from aia_mas.projections.economy.ledger_view import (
    ACCOUNT_COLUMNS,
    CLOSED_COLUMNS,
    ENTRY_COLUMNS,
    LINE_COLUMNS,
    TRANSFER_COLUMNS,
    TRANSFER_LARGE,
    Account,
    Transaction,
    account_of,
    closed_of,
    line_of,
    transaction_of,
)
from aia_mas.projections.listing import Found, Listing, Page, SortKey

LINES_AT_ONCE = 500
"""Lines of a statement that are read in one go."""


class MonthView(NamedTuple):
    """A month of an account; amounts in base units.

    Attributes:
        opening: The balance before the first line.
        credits: What came in.
        debits: What went out.
        lines: How many lines there are.
        first_line: The number of the first one; of the next one to come when there is none.
        closed: What was said when it was closed, if it was: the figures above are those then.
        position: How far the read model had come.
    """

    opening: int
    credits: int
    debits: int
    lines: int
    first_line: int
    closed: MonthClosed | None
    position: int

    @property
    def closing(self) -> int:
        """The balance after the last line."""
        return self.opening + self.credits - self.debits

    @property
    def last_line(self) -> int:
        """The number of the last line; below that of the first one when there is none."""
        return self.first_line + self.lines - 1


def frozen(closed: MonthClosed, position: int) -> MonthView:
    """Return a month as it was when it was closed."""
    return MonthView(
        closed.opening,
        closed.credits,
        closed.debits,
        closed.lines,
        closed.first_line,
        closed,
        position,
    )


class Ledger:
    """Reads the ledger; ``ProjectionHost`` keeps it up to date."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

    async def account(self, account_id: str) -> Found[Account]:
        """Return an account as it stands."""
        row, position = await _ACCOUNTS.one(self._pool, account_id)
        return Found(None if row is None else account_of(row[:6]), position)

    async def account_then(
        self, account_id: str, *, position: int | None = None, time: datetime | None = None
    ) -> Found[Account]:
        """Return an account as it stood, by its lines.

        Args:
            account_id: The account.
            position: After the event at this position of the log.
            time: After all that was recorded up to this time, UTC.

        Returns:
            The account; None: it was not there yet.
        """
        values = {"account": account_id, "position": position, "time": time}
        query = _THEN_BY_TIME if position is None else _THEN_BY_POSITION
        async with self._pool.connection() as connection:
            row = await (await connection.execute(query, values)).fetchone()
        assert row is not None
        *found, known = row
        return Found(None if found[0] is None else account_of(tuple(found)), known)

    async def accounts(
        self,
        filters: AccountFilter = AccountFilter(),  # noqa: B008 - immutable
        sort: str = "account_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Account]:
        """Return one page of accounts.

        Args:
            filters: Which ones.
            sort: account_id, balance (of whatever token) or updated_at; ``-`` before it: the
                largest, or latest, first.
            cursor: That of the page before.
            limit: At most so many, 1..500.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        rows, following, position = await _ACCOUNTS.page(
            self._pool, of_accounts(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([account_of(row[:6]) for row in rows], following, position)

    async def count_accounts(
        self,
        filters: AccountFilter = AccountFilter(),  # noqa: B008 - immutable
    ) -> int:
        """Return how many accounts there are."""
        return await _ACCOUNTS.count(self._pool, of_accounts(filters))

    async def transfer(self, transfer_id: str) -> Found[Transaction]:
        """Return a transfer."""
        row, position = await _TRANSFERS.one(self._pool, transfer_id)
        return Found(None if row is None else transaction_of(row), position)

    async def transactions(
        self,
        filters: TransactionFilter = TransactionFilter(),  # noqa: B008 - immutable
        sort: str = "-position",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Transaction]:
        """Return one page of transfers.

        Args:
            filters: Which ones.
            sort: position (of when they were made) or amount; ``-`` before it: the latest, or
                largest, first.
            cursor: That of the page before.
            limit: At most so many, 1..500; large ones make it fewer.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        rows, following, position = await _TRANSFERS.page(
            self._pool, of_transfers(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([transaction_of(row) for row in rows], following, position)

    async def count_transactions(
        self,
        filters: TransactionFilter = TransactionFilter(),  # noqa: B008 - immutable
    ) -> int:
        """Return how many transfers there are."""
        return await _TRANSFERS.count(self._pool, of_transfers(filters))

    async def month(self, account_id: str, month: str) -> MonthView:
        """Return what a month comes to, as it was closed or as it is so far.

        Raises:
            InvalidMonth: It is none.
        """
        begins, ends = span_of(month)
        values = {"account": account_id, "month": month, "begins": begins, "ends": ends}
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_MONTH, values)).fetchone()
        assert row is not None
        balance, line, credits_, debits, lines, *closed, position = row
        if closed[0] is not None:
            return frozen(closed_of(tuple(closed)), position)
        return MonthView(
            0 if balance is None else int(balance),
            int(credits_),
            int(debits),
            lines,
            1 if line is None else line + 1,
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
        """Return one page of closed months of an account.

        Args:
            filters: Which ones.
            sort: month; ``-`` before it: the latest first.
            cursor: That of the page before.
            limit: At most so many, 1..500.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        rows, following, position = await _CLOSINGS.page(
            self._pool, of_closed(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page([closed_of(row) for row in rows], following, position)

    async def count_closed_months(self, filters: ClosedFilter) -> int:
        """Return how many closed months there are."""
        return await _CLOSINGS.count(self._pool, of_closed(filters))

    async def lines(
        self, account_id: str, first: int, last: int, limit: int = LINES_AT_ONCE
    ) -> list[Line]:
        """Return lines of an account, in order.

        Args:
            account_id: The account.
            first: The number of the first one.
            last: The number of the last one.
            limit: At most so many.
        """
        values = (account_id, first, last, limit)
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_LINES, values)).fetchall()
        return [line_of(row) for row in rows]


_NOW, _ENTRIES, _MOVED, _CLOSED = LEDGER.table_names()

_ACCOUNTS = Listing(
    LEDGER,
    select=ACCOUNT_COLUMNS,
    source=f"{_NOW} a",
    key="a.account_id",
    sorts={
        "account_id": SortKey("a.account_id", "text"),
        "balance": SortKey("a.balance", "numeric"),
        "updated_at": SortKey("a.position", "bigint"),
    },
    large=("a.account_id",),
)
_TRANSFERS = Listing(
    LEDGER,
    select=TRANSFER_COLUMNS,
    source=f"{_MOVED} t",
    key="t.transfer_id",
    sorts={
        "position": SortKey("t.made_position", "bigint"),
        "amount": SortKey("t.amount", "numeric"),
    },
    large=TRANSFER_LARGE,
)
_CLOSINGS = Listing(
    LEDGER,
    select=CLOSED_COLUMNS,
    source=f"{_CLOSED} c",
    key="c.key",
    sorts={"month": SortKey("c.month", "text")},
    large=("c.account_id", "c.by"),
)
_POSITION = f"""coalesce((select position from projection_checkpoints
    where projection = '{LEDGER.key}'), 0)"""  # noqa: S608
_THEN = f"""select f.*, {_POSITION} from (values (1)) one left join lateral (
    select {ENTRY_COLUMNS} from {_ENTRIES} e where e.account_id = %(account)s and {{}} limit 1
) f on true"""  # noqa: S608
_THEN_BY_POSITION = _THEN.format("e.position <= %(position)s order by e.position desc")
_THEN_BY_TIME = _THEN.format("e.at <= %(time)s order by e.at desc, e.position desc")
_MONTH = f"""select b.*, m.*, c.*, {_POSITION} from (values (1)) one left join lateral (
    select e.balance::text, e.line from {_ENTRIES} e
    where e.account_id = %(account)s and e.at < %(begins)s
    order by e.at desc, e.position desc limit 1
) b on true left join lateral (
    select coalesce(sum(e.amount) filter (where e.amount > 0), 0)::text,
        coalesce(-sum(e.amount) filter (where e.amount < 0), 0)::text, count(*)
    from {_ENTRIES} e
    where e.account_id = %(account)s and e.at >= %(begins)s and e.at < %(ends)s
) m on true left join lateral (
    select {CLOSED_COLUMNS} from {_CLOSED} c
    where c.account_id = %(account)s and c.month = %(month)s
) c on true"""  # noqa: S608
_LINES = f"""select {LINE_COLUMNS} from {_ENTRIES} e
    where e.account_id = %s and e.line between %s and %s order by e.line limit %s"""  # noqa: S608
