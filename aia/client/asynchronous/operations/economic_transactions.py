# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: economic transactions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Literal

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import Transaction, TransactionPage, TransferStatus
from aia.client.writing import segment


class AsyncEconomicTransactions(AsyncGroup):
    """Methods of `client.economy`."""

    async def transactions_of(
        self,
        agent_id: str,
        *,
        token: str | None = None,
        reason: str | Sequence[str] | None = None,
        status: TransferStatus | Sequence[TransferStatus] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal["position", "-position", "amount", "-amount"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> TransactionPage:
        """List the transfers that took from an agent's accounts or brought to them.

        Args:
            agent_id: The agent.
            token: Moving this token.
            reason: With one of these reason codes.
            status: In one of these statuses.
            since: Made at this time or later.
            until: Made before this time.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.economy.transactions_of("data_analyst_001")
        """
        return await self._connection.read(
            f"/mas/api/v1/economic/agents/{segment(agent_id)}/transactions",
            TransactionPage,
            {
                "token": token,
                "reason": reason,
                "status": status,
                "since": since,
                "until": until,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    async def iterate_transactions_of(
        self,
        agent_id: str,
        *,
        token: str | None = None,
        reason: str | Sequence[str] | None = None,
        status: TransferStatus | Sequence[TransferStatus] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        sort: Literal["position", "-position", "amount", "-amount"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> AsyncIterator[Transaction]:
        """Iterate over all that `transactions_of` lists, page by page.

        Args:
            agent_id: The agent.
            token: Moving this token.
            reason: With one of these reason codes.
            status: In one of these statuses.
            since: Made at this time or later.
            until: Made before this time.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            async for item in client.economy.iterate_transactions_of("data_analyst_001"):
                print(item)
        """
        cursor: str | None = None
        while True:
            page = await self.transactions_of(
                agent_id,
                token=token,
                reason=reason,
                status=status,
                since=since,
                until=until,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def transactions(
        self,
        *,
        account: str | None = None,
        owner: str | None = None,
        token: str | None = None,
        reason: str | Sequence[str] | None = None,
        status: TransferStatus | Sequence[TransferStatus] | None = None,
        transfer_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        min_amount: str | None = None,
        max_amount: str | None = None,
        sort: Literal["position", "-position", "amount", "-amount"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> TransactionPage:
        """List transfers; a page of large ones may hold fewer than `limit` (see `next_cursor`).

        Args:
            account: Taking from or bringing to this account.
            owner: To do with accounts of this agent or client.
            token: Moving this token.
            reason: With one of these reason codes.
            status: In one of these statuses.
            transfer_id: Of this id, or the reversal of it.
            since: Made at this time or later.
            until: Made before this time.
            min_amount: Moving so many tokens of a kind at least.
            max_amount: Moving so many tokens of a kind at most.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.economy.transactions()
        """
        return await self._connection.read(
            "/mas/api/v1/economic/transactions",
            TransactionPage,
            {
                "account": account,
                "owner": owner,
                "token": token,
                "reason": reason,
                "status": status,
                "transfer_id": transfer_id,
                "since": since,
                "until": until,
                "min_amount": min_amount,
                "max_amount": max_amount,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    async def iterate_transactions(
        self,
        *,
        account: str | None = None,
        owner: str | None = None,
        token: str | None = None,
        reason: str | Sequence[str] | None = None,
        status: TransferStatus | Sequence[TransferStatus] | None = None,
        transfer_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        min_amount: str | None = None,
        max_amount: str | None = None,
        sort: Literal["position", "-position", "amount", "-amount"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> AsyncIterator[Transaction]:
        """Iterate over all that `transactions` lists, page by page.

        Args:
            account: Taking from or bringing to this account.
            owner: To do with accounts of this agent or client.
            token: Moving this token.
            reason: With one of these reason codes.
            status: In one of these statuses.
            transfer_id: Of this id, or the reversal of it.
            since: Made at this time or later.
            until: Made before this time.
            min_amount: Moving so many tokens of a kind at least.
            max_amount: Moving so many tokens of a kind at most.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            async for item in client.economy.iterate_transactions():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = await self.transactions(
                account=account,
                owner=owner,
                token=token,
                reason=reason,
                status=status,
                transfer_id=transfer_id,
                since=since,
                until=until,
                min_amount=min_amount,
                max_amount=max_amount,
                sort=sort,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
