"""Who is connected, over HTTP: tickets to connect with, the list, and orders to leave."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from aia_mas.application.connections import ConnectionFilter
from aia_mas.application.connections.handlers import DisconnectionAnswer
from aia_mas.domain.communication.disconnections import (
    ConnectionNotFound,
    OrderDisconnection,
    Whom,
    disconnection_stream,
)
from aia_mas.domain.kernel.ids import InvalidId
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import answered, carry_out
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.queries import Cursor, Cursors, Limit, Total
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.agents import Nothing
from aia_mas.interfaces.http.schemas.connections import (
    ClosingReason,
    ConnectionPage,
    DisconnectRequest,
    Kind,
    Ticket,
)

_NO_STORE = (b"cache-control", b"no-store")


class Connections(Controller):
    """Sockets and event streams, of all nodes."""

    path = f"{API}/communication"
    tags = ("live",)

    @post("/tickets", operation_id="create_ticket", status_code=201)
    async def create_ticket(
        self, request: ApiRequest, data: JSONBody[Nothing | None] = None
    ) -> Answer[Ticket]:
        """Issue a ticket that opens one socket or stream in the caller's name.

        For browsers, whose sockets and event streams send no headers. It is taken once, on
        whichever node, and within `MAS_TICKET_LIFETIME`; what it opens ends with the token that
        asked for it.
        """
        issued = await request.system.access.tickets.issue(request.credential)
        ticket = Ticket(ticket=issued.ticket, expires_at=issued.expires_at)
        return answer(ticket, 201, [_NO_STORE])

    @get("/connections", operation_id="list_connections")
    async def list_connections(
        self,
        request: ApiRequest,
        kind: FromQuery[Kind | None] = None,
        client_id: FromQuery[str | None] = None,
        agent_id: FromQuery[str | None] = None,
        subject: FromQuery[str | None] = None,
        node: Annotated[str | None, QueryParameter(description="On the node of this name.")] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
    ) -> Answer[ConnectionPage]:
        """List who is connected, on all nodes, in the order of their coming.

        As the nodes told each other last: it may be a second old.
        """
        where = ConnectionFilter(
            kind=None if kind is None else kind.value,
            client_id=client_id,
            agent_id=agent_id,
            subject=subject,
            node=node,
        )
        cursors = Cursors(request, where)
        store = request.system.access.connections
        found = await store.page(where, cursors.open(cursor), limit + 1)
        items = found[:limit]
        following = items[-1].connection_id if len(found) > limit else None
        content = ConnectionPage(
            items=items,
            next_cursor=cursors.seal(following),
            total=await store.count(where) if total else UNSET,
        )
        return answer(content)

    @delete("/connections/{connection_id:str}", operation_id="close_connection", status_code=200)
    async def close_connection(
        self,
        connection_id: FromPath[str],
        request: ApiRequest,
        data: JSONBody[ClosingReason | None] = None,
    ) -> Answer[DisconnectionAnswer]:
        """Close a connection, on whichever node it is, with 4011; repeating it changes nothing."""
        connection_id = _checked(connection_id)
        system = request.system
        if not await system.access.connections.has(connection_id):
            stream = disconnection_stream(connection_id)
            if not await system.log.stream_heads([stream]):
                raise ConnectionNotFound
        command = OrderDisconnection(
            disconnection_id=connection_id,
            whom=Whom(connection_id=connection_id),
            reason=(data or ClosingReason()).reason,
        )
        return answered(await carry_out(request, command))

    @post("/connections/disconnect", operation_id="close_connections", status_code=200)
    async def close_connections(
        self, request: ApiRequest, data: JSONBody[DisconnectRequest]
    ) -> Answer[DisconnectionAnswer]:
        """Close all connections of a subject, client, agent, kind or node, on all nodes, with 4011.

        Those that are open when their node hears of it; who connects later is let in.
        """
        return answered(await carry_out(request, data.command(request.system.new_id())))


def _checked(connection_id: str) -> str:
    try:
        return str(UUID(connection_id))
    except ValueError:
        raise InvalidId("A connection_id is a UUID", field="connection_id") from None
