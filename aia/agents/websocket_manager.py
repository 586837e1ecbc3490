"""Who is connected over sockets and event streams, on all nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from aia.agents.on_a_node import HOST, OnANode
from aia.agents.shapes import read_as
from aia_mas.application.connections import ConnectionFilter
from aia_mas.application.connections.store import ListedConnection
from aia_mas.domain.communication.disconnections import (
    ConnectionNotFound,
    OrderDisconnection,
    Whom,
)
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.http.schemas.connections import DisconnectRequest

_PAGE = 500


class WebSocketManager(OnANode):
    """The connections of all nodes, as those told each other last: it may be a second old."""

    async def connections(
        self,
        *,
        kind: str | None = None,
        agent_id: str | None = None,
        subject: str | None = None,
        node: str | None = None,
    ) -> Sequence[ListedConnection]:
        """Return who is connected, in the order of their coming.

        Args:
            kind: ``frontend``, ``agent``, ``messages`` or ``stream``.
            agent_id: Of this agent.
            subject: Opened by this subject.
            node: On the node of this name.
        """
        where = ConnectionFilter(kind=kind, agent_id=agent_id, subject=subject, node=node)

        async def get(system: System) -> list[ListedConnection]:
            store, found = system.access.connections, list[ListedConnection]()
            while True:
                last = found[-1].connection_id if found else None
                page = await store.page(where, last, _PAGE)
                found += page
                if len(page) < _PAGE:
                    return found

        return await self._call(get)

    async def disconnect(
        self, connection_id: str | None = None, *, reason: str = "", **whom: Any
    ) -> None:
        """Close connections, on whichever nodes they are; who connects later is let in.

        Args:
            connection_id: This one.
            reason: Why, for the record.
            **whom: Or all of a ``kind``, ``client_id``, ``agent_id``, ``subject`` or ``node``; all
                that is given must hold.

        Raises:
            ConnectionNotFound: It is not open.
            InvalidValue: It is not said which.
        """
        if connection_id is not None and whom:
            raise InvalidValue("it is one connection, or those of somebody", field="connection_id")
        several = None
        if connection_id is None:
            several = read_as(DisconnectRequest, {**whom, "reason": reason})
        elif not _is_uuid(connection_id):
            raise ConnectionNotFound

        async def order(system: System) -> None:
            if several is not None:
                command = several.command(system.new_id())
            elif connection_id is not None and await system.access.connections.has(connection_id):
                command = OrderDisconnection(
                    disconnection_id=connection_id,
                    whom=Whom(connection_id=connection_id),
                    reason=reason,
                )
            else:
                raise ConnectionNotFound
            await system.engine.execute(command, HOST)

        await self._call(order)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
