# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: economic accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from aia.client.synchronous.group import Group
from aia.client.types import (
    Account,
    AccountPage,
    ClosedMonthPage,
    Purpose,
    Statement,
    StatementLine,
    ToldClosing,
)
from aia.client.writing import segment


class EconomicAccounts(Group):
    """Methods of `client.economy`."""

    def account(
        self,
        account_id: str,
        *,
        as_of_position: int | None = None,
        as_of: datetime | None = None,
        min_position: int | None = None,
    ) -> Account:
        """Return an account as it stands, or as it stood at a position or at a time.

        Args:
            account_id: The account, for example `wallet:AIA:agent_001`.
            as_of_position: As it stood after this event of the log.
            as_of: As it stood at this time (RFC 3339); not in the future.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.account("wallet:AIA:data_analyst_001")
        """
        return self._connection.read(
            f"/mas/api/v1/economic/accounts/{segment(account_id)}",
            Account,
            {"as_of_position": as_of_position, "as_of": as_of, "min_position": min_position},
        )

    def accounts(
        self,
        *,
        owner: str | None = None,
        token: str | None = None,
        purpose: Purpose | Sequence[Purpose] | None = None,
        sort: Literal[
            "account_id", "-account_id", "balance", "-balance", "updated_at", "-updated_at"
        ]
        | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> AccountPage:
        """List accounts that ever had anything in them.

        Args:
            owner: Belonging to this agent or client.
            token: In this token.
            purpose: For one of these purposes.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.accounts()
        """
        return self._connection.read(
            "/mas/api/v1/economic/accounts",
            AccountPage,
            {
                "owner": owner,
                "token": token,
                "purpose": purpose,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate_accounts(
        self,
        *,
        owner: str | None = None,
        token: str | None = None,
        purpose: Purpose | Sequence[Purpose] | None = None,
        sort: Literal[
            "account_id", "-account_id", "balance", "-balance", "updated_at", "-updated_at"
        ]
        | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Account]:
        """Iterate over all that `accounts` lists, page by page.

        Args:
            owner: Belonging to this agent or client.
            token: In this token.
            purpose: For one of these purposes.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.economy.iterate_accounts():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.accounts(
                owner=owner,
                token=token,
                purpose=purpose,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def closed_months(
        self,
        account_id: str,
        *,
        since: str | None = None,
        until: str | None = None,
        sort: Literal["month", "-month"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> ClosedMonthPage:
        """List the months of an account that were closed, with what their statements say for ever.

        Of months that were not, each has its statement all the same.

        Args:
            account_id: The account, for example `wallet:AIA:agent_001`.
            since: This month (`2026-01`) or later ones.
            until: Months before this one (`2026-01`).
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.closed_months("wallet:AIA:data_analyst_001")
        """
        return self._connection.read(
            f"/mas/api/v1/economic/accounts/{segment(account_id)}/statements",
            ClosedMonthPage,
            {
                "since": since,
                "until": until,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    def iterate_closed_months(
        self,
        account_id: str,
        *,
        since: str | None = None,
        until: str | None = None,
        sort: Literal["month", "-month"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[ToldClosing]:
        """Iterate over all that `closed_months` lists, page by page.

        Args:
            account_id: The account, for example `wallet:AIA:agent_001`.
            since: This month (`2026-01`) or later ones.
            until: Months before this one (`2026-01`).
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.economy.iterate_closed_months(
                "wallet:AIA:data_analyst_001"
            ):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.closed_months(
                account_id,
                since=since,
                until=until,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def statement(
        self,
        account_id: str,
        month: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        min_position: int | None = None,
    ) -> Statement:
        """Return a month of an account (`2026-01`, by UTC), with its lines page by page.

        Once it was closed it says for ever what it said then.

        Args:
            account_id: The account, for example `wallet:AIA:agent_001`.
            month: The month, for example `2026-01`.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.statement("wallet:AIA:data_analyst_001", "2026-01")
        """
        return self._connection.read(
            f"/mas/api/v1/economic/accounts/{segment(account_id)}/statements/{segment(month)}",
            Statement,
            {"limit": limit, "cursor": cursor, "min_position": min_position},
        )

    def iterate_statement(
        self,
        account_id: str,
        month: str,
        *,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[StatementLine]:
        """Iterate over all that `statement` lists, page by page.

        Args:
            account_id: The account, for example `wallet:AIA:agent_001`.
            month: The month, for example `2026-01`.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.economy.iterate_statement(
                "wallet:AIA:data_analyst_001", "2026-01"
            ):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.statement(
                account_id, month, limit=limit, min_position=min_position, cursor=cursor
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return

    def statement_csv(
        self,
        account_id: str,
        month: str,
        *,
        min_position: int | None = None,
    ) -> str:
        """Return all lines of a month of an account as CSV (RFC 4180), with a header.

        Args:
            account_id: The account, for example `wallet:AIA:agent_001`.
            month: The month, for example `2026-01`.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.statement_csv("wallet:AIA:data_analyst_001", "2026-01")
        """
        return self._connection.text(
            f"/mas/api/v1/economic/accounts/{segment(account_id)}/statements/{segment(month)}/csv",
            {"min_position": min_position},
        )

    def close_statement(
        self,
        account_id: str,
        month: str,
        *,
        idempotency_key: str | None = None,
    ) -> ToldClosing:
        """Close a month that is over: its figures and the hash over its lines go into the log.

        Owners close months of their accounts, treasurers and admins those of all. To close it
        again changes nothing.

        Args:
            account_id: The account, for example `wallet:AIA:agent_001`.
            month: The month, for example `2026-01`.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            client.economy.close_statement("wallet:AIA:data_analyst_001", "2026-01")
        """
        return self._connection.command(
            "POST",
            f"/mas/api/v1/economic/accounts/{segment(account_id)}/statements/{segment(month)}/close",
            ToldClosing,
            None,
            key=idempotency_key,
        )
