# Written by `make client` from its asynchronous twin; changes are lost.
"""Operations of the API: economic terms."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from aia.client.synchronous.group import Group
from aia.client.types import Order, OrderPage, ShownParameters, TierTable, TreasuryView
from aia.client.writing import segment


class EconomicTerms(Group):
    """Methods of `client.economy`."""

    def tiers(
        self,
        *,
        min_position: int | None = None,
    ) -> TierTable:
        """List the staking tiers that hold now, by rising stake.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.tiers()
        """
        return self._connection.read(
            "/mas/api/v1/economic/tiers", TierTable, {"min_position": min_position}
        )

    def parameters(
        self,
        *,
        min_position: int | None = None,
    ) -> ShownParameters:
        """Return the parameters in force.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.parameters()
        """
        return self._connection.read(
            "/mas/api/v1/economic/parameters", ShownParameters, {"min_position": min_position}
        )

    def treasury(
        self,
        *,
        min_position: int | None = None,
    ) -> TreasuryView:
        """Return the supply of each token, its cap, and what is in the accounts of the system.

        Args:
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            client.economy.treasury()
        """
        return self._connection.read(
            "/mas/api/v1/economic/treasury", TreasuryView, {"min_position": min_position}
        )

    def order(
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

            client.economy.order("order-17")
        """
        return self._connection.read(
            f"/mas/api/v1/economic/orders/{segment(order_id)}",
            Order,
            {"min_position": min_position},
        )

    def orders(
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

            client.economy.orders()
        """
        return self._connection.read(
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

    def iterate_orders(
        self,
        *,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> Iterator[Order]:
        """Iterate over all that `orders` lists, page by page.

        Args:
            by: Placed by this subject.
            since: Placed at this time or later.
            until: Placed before this time.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            for item in client.economy.iterate_orders():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = self.orders(
                by=by,
                since=since,
                until=until,
                limit=limit,
                min_position=min_position,
                cursor=cursor,
            )
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return
