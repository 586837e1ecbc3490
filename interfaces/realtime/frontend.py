"""The socket of dashboards: metrics at once and on change, facts by subscription."""

from __future__ import annotations

from typing import Any, Protocol

from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler
from litestar.params import FromPath

from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.errors import InvalidValue, PermissionDenied
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.security import authorize
from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing
from aia_mas.interfaces.realtime.gate import credential_of, turn_away
from aia_mas.interfaces.realtime.handshake import chosen_protocol
from aia_mas.interfaces.realtime.hub import Hub
from aia_mas.interfaces.realtime.session import Session

OPERATIONS = {
    "metrics": "get_system_metrics",
    "economy": "get_economic_summary",
    "agents": "list_agents",
    "tasks": "list_tasks",
    "proposals": "list_proposals",
    "budgets": "list_budgets",
    "messages": "watch_messages",
}
"""Topic -> the operation on the list of permissions that reads the same over HTTP.

Who lists messages over HTTP may see their own only; a topic tells everybody's.
"""


class Served(Protocol):
    """What of a system these sockets need."""

    hub: Hub


def realtime_handlers(system: Served) -> list[WebsocketRouteHandler]:
    """Return the WebSocket routes that serve a system; a ``Gate`` stands before them."""

    @websocket(f"{API}/agents/ws/frontend/{{client_id:str}}", name="open_frontend_socket")
    async def frontend_socket(socket: WebSocket[Any, Any, Any], client_id: FromPath[str]) -> None:
        """Serve one dashboard until either side ends it."""
        credential = credential_of(socket)
        await socket.accept(chosen_protocol(socket.scope["subprotocols"]))
        try:
            permit("metrics", credential.principal)
            check_id(client_id, "client_id")
        except PermissionDenied as error:
            await turn_away(socket, Closing(CloseCode.FORBIDDEN, error.code))
            return
        except InvalidValue as error:
            await turn_away(socket, Closing(CloseCode.POLICY_VIOLATION, error.code))
            return
        session = Session(system.hub, socket, client_id, credential, permit)
        if session.connection.closing is None:
            system.hub.subscriptions.join(session.connection, "metrics")
        await session.run()

    return [frontend_socket]


def permit(topic: str, principal: Principal) -> None:
    """Let a principal subscribe to a topic, or not.

    Raises:
        PermissionDenied: It may not.
    """
    authorize(OPERATIONS.get(topic), principal)
