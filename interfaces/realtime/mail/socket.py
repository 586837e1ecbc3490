"""The route of sockets for messages alone, and what runs while one is open."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler
from litestar.params import FromPath

from aia_mas.domain.communication.authority import check_may_read
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.errors import AgentNotFound
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.security import Credential
from aia_mas.interfaces.realtime.acting import REFUSALS, ActingSession, closing_of
from aia_mas.interfaces.realtime.gate import credential_of, turn_away
from aia_mas.interfaces.realtime.handshake import chosen_protocol
from aia_mas.interfaces.realtime.mail.desk import MailDesk
from aia_mas.interfaces.realtime.mail.feed import MailFeed
from aia_mas.interfaces.realtime.mail.options import mail_options
from aia_mas.interfaces.realtime.roster import MESSAGES

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

Socket = WebSocket[Any, Any, Any]


def message_socket_handlers(system: System) -> list[WebsocketRouteHandler]:
    """Return the route of sockets for messages; a ``Gate`` stands before it."""

    @websocket(f"{API}/communication/ws/{{agent_id:str}}", name="open_message_socket")
    async def message_socket(socket: Socket, agent_id: FromPath[str]) -> None:
        """Serve the owner of a mailbox until either side ends it."""
        credential = credential_of(socket)
        await socket.accept(chosen_protocol(socket.scope["subprotocols"]))
        try:
            options = mail_options(socket)
            registered = await admitted(system, agent_id, credential)
        except REFUSALS as error:
            await turn_away(socket, closing_of(error))
            return
        session = MessageSession(
            system, socket, agent_id, credential, options.prefetch, registered=registered
        )
        await session.run()

    return [message_socket]


async def admitted(system: System, name: str, credential: Credential) -> bool:
    """Let in whoever may take what was sent to somebody, or raise one of ``REFUSALS``.

    Returns:
        Whether the recipient is an agent; it is online from now on.
    """
    check_id(name, "agent_id")
    check_may_read(credential.principal, name)
    try:
        await system.heartbeats.agent(name, credential.principal)
    except AgentNotFound:
        return False
    return True


class MessageSession(ActingSession):
    """What the owner of a mailbox and the system say to each other."""

    __slots__ = ("_alive", "_mail")

    def __init__(
        self,
        system: System,
        socket: Socket,
        name: str,
        credential: Credential,
        prefetch: int,
        *,
        registered: bool,
    ) -> None:
        """Connect an accepted socket (``registered``: of an agent)."""
        super().__init__(
            system, socket, name, credential, kind=MESSAGES, agent_id=name, words=("ping",)
        )
        path = socket.scope["path"]
        self.seat(MailDesk(system, name, credential.principal, self.connection.push, path))
        self._alive = registered
        self._mail = MailFeed(system.communication, self.connection, name, "socket", prefetch)

    def _beside(self) -> Sequence[Coroutine[Any, Any, None]]:
        shown = (self._show_life(),) if self._alive else ()
        return (self._mail.run(), *shown)
