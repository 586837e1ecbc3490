# Written by `make client` from the OpenAPI document; changes are lost.
"""Operations of the API: connections."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aia.client.asynchronous.group import AsyncGroup
from aia.client.types import ConnectionPage, DisconnectionAnswer, Kind, ListedConnection, Ticket
from aia.client.writing import given, segment


class AsyncConnections(AsyncGroup):
    """Methods of `client.connections`."""

    async def create_ticket(
        self,
    ) -> Ticket:
        """Issue a ticket that opens one socket or stream in the caller's name.

        For browsers, whose sockets and event streams send no headers. It is taken once, on
        whichever node, and within `MAS_TICKET_LIFETIME`; what it opens ends with the token that
        asked for it.

        Example::

            await client.connections.create_ticket()
        """
        return await self._connection.signal("/mas/api/v1/communication/tickets", Ticket)

    async def list(
        self,
        *,
        kind: Kind | None = None,
        client_id: str | None = None,
        agent_id: str | None = None,
        subject: str | None = None,
        node: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        total: bool | None = None,
    ) -> ConnectionPage:
        """List who is connected, on all nodes, in the order of their coming.

        As the nodes told each other last: it may be a second old.

        Args:
            kind: Of this kind.
            client_id: Of clients that call themselves so.
            agent_id: The agent.
            subject: Opened by this subject.
            node: On the node of this name.
            limit: Items of a page, at most.
            cursor: `next_cursor` of the page before, with the same filters.
            total: Also count all items.

        Example::

            await client.connections.list()
        """
        return await self._connection.read(
            "/mas/api/v1/communication/connections",
            ConnectionPage,
            {
                "kind": kind,
                "client_id": client_id,
                "agent_id": agent_id,
                "subject": subject,
                "node": node,
                "limit": limit,
                "cursor": cursor,
                "total": total,
            },
        )

    async def iterate(
        self,
        *,
        kind: Kind | None = None,
        client_id: str | None = None,
        agent_id: str | None = None,
        subject: str | None = None,
        node: str | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[ListedConnection]:
        """Iterate over all that `list` lists, page by page.

        Args:
            kind: Of this kind.
            client_id: Of clients that call themselves so.
            agent_id: The agent.
            subject: Opened by this subject.
            node: On the node of this name.
            limit: Items of a page, at most.

        Example::

            async for item in client.connections.iterate():
                print(item)
        """
        cursor: str | None = None
        while True:
            page = await self.list(
                kind=kind,
                client_id=client_id,
                agent_id=agent_id,
                subject=subject,
                node=node,
                limit=limit,
                cursor=cursor,
            )
            for item in page.items:
                yield item
            cursor = page.next_cursor
            if cursor is None:
                return

    async def close(
        self,
        connection_id: str,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> DisconnectionAnswer:
        """Close a connection, on whichever node it is, with 4011; repeating it changes nothing.

        Args:
            connection_id: The connection.
            reason: For the record.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.connections.close(
                connection.connection_id, reason="left open over night"
            )
        """
        body = given({"reason": reason}) or None
        return await self._connection.command(
            "DELETE",
            f"/mas/api/v1/communication/connections/{segment(connection_id)}",
            DisconnectionAnswer,
            body,
            key=idempotency_key,
        )

    async def close_many(
        self,
        *,
        kind: Kind | None = None,
        client_id: str | None = None,
        agent_id: str | None = None,
        subject: str | None = None,
        node: str | None = None,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> DisconnectionAnswer:
        """Close all connections of a subject, client, agent, kind or node, on all nodes, with 4011.

        Those that are open when their node hears of it; who connects later is let in.

        Args:
            kind: Of this kind.
            client_id: Of clients that call themselves so.
            agent_id: Of this agent.
            subject: Opened by this subject.
            node: Of the node of this name.
            reason: Why, for the record.
            idempotency_key: Its own key instead of a new one, to repeat a command of before.

        Example::

            await client.connections.close_many(
                agent_id="data_analyst_001", reason="the host is being moved"
            )
        """
        body = given(
            {
                "kind": kind,
                "client_id": client_id,
                "agent_id": agent_id,
                "subject": subject,
                "node": node,
                "reason": reason,
            }
        )
        return await self._connection.command(
            "POST",
            "/mas/api/v1/communication/connections/disconnect",
            DisconnectionAnswer,
            body,
            key=idempotency_key,
        )
