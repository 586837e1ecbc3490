"""The socket of dashboards: metrics at once and on change, facts by subscription."""

from __future__ import annotations

from typing import Any, Protocol

import structlog
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers import WebsocketRouteHandler
from litestar.params import FromPath

from aia_mas.application.settings import Settings
from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.errors import InvalidValue, PermissionDenied
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.errors import Unauthenticated
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.security import Authenticator, Origins, authorize
from aia_mas.interfaces.realtime.close_codes import CloseCode
from aia_mas.interfaces.realtime.handshake import Door, Refused, chosen_protocol
from aia_mas.interfaces.realtime.hub import Hub
from aia_mas.interfaces.realtime.session import Session

log = structlog.stdlib.get_logger("aia.realtime")

OPERATIONS = {
    "metrics": "get_system_metrics",
    "agents": "list_agents",
    "tasks": "list_tasks",
}
"""Topic -> the operation on the list of permissions that reads the same over HTTP."""


class Served(Protocol):
    """What of a system these sockets need."""

    settings: Settings
    hub: Hub


def realtime_handlers(system: Served) -> list[WebsocketRouteHandler]:
    """Return the WebSocket routes that serve a system."""
    door = Door(Authenticator(system.settings), Origins(system.settings))

    @websocket(f"{API}/agents/ws/frontend/{{client_id:str}}", name="open_frontend_socket")
    async def frontend_socket(socket: WebSocket[Any, Any, Any], client_id: FromPath[str]) -> None:
        """Serve one dashboard until either side ends it."""
        headers = dict(socket.scope["headers"])
        door.check_origin(headers)
        offered = socket.scope["subprotocols"]
        await socket.accept(chosen_protocol(offered))
        try:
            principal = _admitted(door, headers, offered, client_id)
        except Refused as refused:
            log.info("socket_refused", client_id=client_id[:128], reason=str(refused))
            try:
                await socket.close(refused.closing.code, refused.closing.reason)
            except (OSError, WebSocketDisconnect):
                return
            return
        session = Session(system.hub, socket, client_id, principal, permit)
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


def _admitted(
    door: Door, headers: dict[bytes, bytes], offered: list[str], client_id: str
) -> Principal:
    """Return who opens a socket.

    Raises:
        Refused: It may not.
    """
    try:
        principal = door.principal(headers, offered)
        permit("metrics", principal)
        check_id(client_id, "client_id")
    except Unauthenticated as error:
        raise Refused(CloseCode.UNAUTHENTICATED, error.code) from None
    except PermissionDenied as error:
        raise Refused(CloseCode.FORBIDDEN, error.code) from None
    except InvalidValue as error:
        raise Refused(CloseCode.POLICY_VIOLATION, error.code) from None
    return principal
