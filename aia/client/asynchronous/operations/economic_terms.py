# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: economic terms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import Order, OrderPage, ShownParameters, TierTable, TreasuryView
from aia.client.writing import segment


class AsyncEconomicTerms(AsyncGroup):
    """Methods of `client.economy`."""

    async def tiers(
        self,
        *,
        min_position: int | None = None,
    ) -> TierTable:
        """List the staking tiers that hold now, by rising stake.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.economy.tiers()
        """
        return await self._connection.read(
            "/mas/api/v1/economic/tiers", TierTable, {"min_position": min_position}
        )

    async def parameters(
        self,
        *,
        min_position: int | None = None,
    ) -> ShownParameters:
        """Return the parameters in force.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.economy.parameters()
        """
        return await self._connection.read(
            "/mas/api/v1/economic/parameters", ShownParameters, {"min_position": min_position}
        )

    async def treasury(
        self,
        *,
        min_position: int | None = None,
    ) -> TreasuryView:
        """Return the supply of each token, its cap, and what is in the accounts of the system.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.economy.treasury()
        """
        return await self._connection.read(
            "/mas/api/v1/economic/treasury", TreasuryView, {"min_position": min_position}
        )

    async def order(
        self,
        order_id: str,
        *,
        min_position: int | None = None,
    ) -> Order:
        """Return an order as it stands.

        Args:
            order_id: The order.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.economy.order("order-17")
        """
        return await self._connection.read(
            f"/mas/api/v1/economic/orders/{segment(order_id)}",
            Order,
            {"min_position": min_position},
        )

    async def orders(
        self,
        *,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> OrderPage:
        """List orders as they stand, those placed last first.

        Args:
            by: Placed by this subject.
            since: Placed at this time or later.
            until: Placed before this time.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.economy.orders()
        """
        return await self._connection.read(
            "/mas/api/v1/economic/orders",
            OrderPage,
            {
                "by": by,
                "since": since,
                "until": until,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    async def iterate_orders(
        self,
        *,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> AsyncIterator[Order]:
        """Iterate over all that `orders` lists, page by page.

        Args:
            by: Placed by this subject.
            since: Placed at this time or later.
            until: Placed before this time.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            async for item in client.economy.iterate_orders():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = await self.orders(
                by=by,
                since=since,
                until=until,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return
