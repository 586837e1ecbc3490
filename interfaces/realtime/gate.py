"""What every WebSocket passes before its handler: who opens it, and whether they may.

It finds the handler as Litestar's router will, so a route is guarded by being one: nobody can
forget to ask, and one that is not on the list of permissions is closed to everybody.
"""

from __future__ import annotations

from typing import Any

import structlog
from litestar import Litestar, WebSocket
from litestar.exceptions import WebSocketDisconnect
from litestar.types import Receive, Send
from litestar.utils import normalize_path

from aia_mas.application.presence.presence import UNAVAILABLE
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.interfaces.http.errors import Unauthenticated
from aia_mas.interfaces.http.paths import path_as_sent
from aia_mas.interfaces.http.security import (
    Authenticator,
    Credential,
    Origins,
    Tickets,
    authorize,
)
from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing
from aia_mas.interfaces.realtime.handshake import Door, chosen_protocol

log = structlog.stdlib.get_logger("aia.realtime")

Scope = Any
"""An ASGI scope; a socket that was let in holds its ``Credential`` under ``CREDENTIAL``."""

CREDENTIAL = "mas_credential"


class Gate:
    """Stands before all WebSocket routes of an application."""

    def __init__(
        self,
        app: Litestar,
        authenticator: Authenticator,
        origins: Origins,
        tickets: Tickets | None = None,
    ) -> None:
        """Guard an application; the others know who somebody is and where they may come from."""
        self._router = app.asgi_router
        self._door = Door(authenticator, origins, tickets)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a socket through to its handler, or turn it away.

        Raises:
            RequestRefused: The handshake is to be refused: a page of a foreign site.
            NotFoundException: Nothing is served there.
        """
        _, handler, *_ = self._router.handle_routing(
            path=normalize_path(scope["path"]), method=None
        )
        headers = dict(scope["headers"])
        self._door.check_origin(headers)
        try:
            credential = await self._door.credential(headers, scope["subprotocols"])
            authorize(handler.name, credential.principal)
        except Unauthenticated as error:
            closing = Closing(CloseCode.UNAUTHENTICATED, error.code)
        except PermissionDenied as error:
            closing = Closing(CloseCode.FORBIDDEN, error.code)
        except UNAVAILABLE:
            # Tickets are kept in the database.
            closing = Closing(CloseCode.TRY_AGAIN_LATER, "database_unavailable")
        else:
            scope[CREDENTIAL] = credential
            await self._router(scope, receive, send)
            return
        socket: WebSocket[Any, Any, Any] = WebSocket(scope, receive, send)
        await socket.accept(chosen_protocol(scope["subprotocols"]))
        await turn_away(socket, closing)


def credential_of(socket: WebSocket[Any, Any, Any]) -> Credential:
    """Return who opened a socket that the gate let through."""
    credential: Credential = socket.scope[CREDENTIAL]  # type: ignore[literal-required]
    return credential


async def turn_away(socket: WebSocket[Any, Any, Any], closing: Closing) -> None:
    """Close a socket that was just opened, with a code that says why.

    Browsers hide the status of a handshake that was refused, but not a close code.
    """
    log.info("socket_refused", path=path_as_sent(socket.scope), reason=closing.reason)
    try:
        await socket.close(closing.code, closing.reason)
    except (OSError, WebSocketDisconnect):
        return
