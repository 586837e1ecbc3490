# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: delegation methods."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import VoteDelegation, VoteDelegationPage
from aia.client.writing import segment


class AsyncDelegationMethods(AsyncGroup):
    """Methods of `client.governance`."""

    async def delegation(
        self,
        agent_id: str,
        *,
        min_position: int | None = None,
    ) -> VoteDelegation:
        """Return to whom an agent's votes go.

        Args:
            agent_id: The agent.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.governance.delegation("data_analyst_001")
        """
        return await self._connection.read(
            f"/mas/api/v1/economic/governance/delegations/{segment(agent_id)}",
            VoteDelegation,
            {"min_position": min_position},
        )

    async def delegations(
        self,
        *,
        to: str | None = None,
        sort: Literal["agent_id", "-agent_id", "since", "-since"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
        min_position: int | None = None,
    ) -> VoteDelegationPage:
        """List the delegations in force.

        Args:
            to: To this agent.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            await client.governance.delegations()
        """
        return await self._connection.read(
            "/mas/api/v1/economic/governance/delegations",
            VoteDelegationPage,
            {
                "to": to,
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
                "total": total,
                "min_position": min_position,
            },
        )

    async def iterate_delegations(
        self,
        *,
        to: str | None = None,
        sort: Literal["agent_id", "-agent_id", "since", "-since"] | None = None,
        limit: int | None = None,
        min_position: int | None = None,
    ) -> AsyncIterator[VoteDelegation]:
        """Iterate over all that `delegations` lists, page by page.

        Args:
            to: To this agent.
            sort: The order; with `-` the largest, or latest, first.
            limit: Items of a page, at most.
            min_position: Answer only when the read model has this position (`X-Event-Position`).

        Example::

            async for item in client.governance.iterate_delegations():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = await self.delegations(
                to=to, sort=sort, limit=limit, min_position=min_position, cursor=cursor
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def delegate(
        self,
        agent_id: str,
        to: str,
        *,
        idempotency_key: str | None = None,
    ) -> VoteDelegation:
        """Have an agent's votes go to another one, in votes that begin from now on.

        It counts while the agent does not vote itself. The delegate may delegate further; a circle
        is 409 `delegation_cycle`.

        Args:
            agent_id: The agent.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.governance.delegate("data_analyst_001", "data_analyst_002")
        """
        body = {"to": to}
        return await self._connection.command(
            "PUT",
            f"/mas/api/v1/economic/governance/delegations/{segment(agent_id)}",
            VoteDelegation,
            body,
            key=idempotency_key,
        )

    async def withdraw(
        self,
        agent_id: str,
        *,
        idempotency_key: str | None = None,
    ) -> VoteDelegation:
        """Take an agent's votes back, in votes that begin from now on.

        Args:
            agent_id: The agent.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.governance.withdraw("data_analyst_001")
        """
        return await self._connection.command(
            "DELETE",
            f"/mas/api/v1/economic/governance/delegations/{segment(agent_id)}",
            VoteDelegation,
            None,
            key=idempotency_key,
        )
