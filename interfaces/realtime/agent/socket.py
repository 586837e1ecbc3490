"""The route of agents' sockets, and what runs while one is open."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler
from litestar.params import FromPath

from aia_mas.application.orchestration.agent_watches import AgentWatches
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.domain.kernel.ids import check_id
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.security import Credential
from aia_mas.interfaces.realtime.acting import REFUSALS, ActingSession, closing_of
from aia_mas.interfaces.realtime.agent.desk import TaskDesk
from aia_mas.interfaces.realtime.agent.feed import AgentFeed
from aia_mas.interfaces.realtime.gate import credential_of, turn_away
from aia_mas.interfaces.realtime.handshake import chosen_protocol
from aia_mas.interfaces.realtime.mail import MailDesk, MailFeed, MailOptions, mail_options
from aia_mas.interfaces.realtime.roster import AGENT

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

Socket = WebSocket[Any, Any, Any]


def agent_socket_handlers(system: System) -> list[WebsocketRouteHandler]:
    """Return the route of agents' sockets; a ``Gate`` stands before it."""
    watches = AgentWatches(system.workload)

    @websocket(f"{API}/agents/ws/agent/{{agent_id:str}}", name="open_agent_socket")
    async def agent_socket(socket: Socket, agent_id: FromPath[str]) -> None:
        """Serve one agent until either side ends it."""
        credential = credential_of(socket)
        await socket.accept(chosen_protocol(socket.scope["subprotocols"]))
        try:
            options = mail_options(socket)
            await _admit(system, agent_id, credential)
        except REFUSALS as error:
            await turn_away(socket, closing_of(error))
            return
        await AgentSession(system, watches, socket, agent_id, credential, options).run()

    return [agent_socket]


async def _admit(system: System, agent_id: str, credential: Credential) -> None:
    """Let an agent in, which is online from now on; else raise one of ``REFUSALS``."""
    check_id(agent_id, "agent_id")
    if not credential.principal.may_act_for(agent_id):
        raise PermissionDenied
    await system.heartbeats.agent(agent_id, credential.principal)


class AgentSession(ActingSession):
    """What one agent and the system say to each other."""

    __slots__ = ("_feed", "_mail")

    def __init__(
        self,
        system: System,
        watches: AgentWatches,
        socket: Socket,
        agent_id: str,
        credential: Credential,
        options: MailOptions,
    ) -> None:
        """Connect an accepted socket of an agent."""
        super().__init__(system, socket, agent_id, credential, kind=AGENT, agent_id=agent_id)
        principal, path = credential.principal, socket.scope["path"]
        self._feed = AgentFeed(system, watches, agent_id, self.connection.push)
        self.seat(TaskDesk(system, agent_id, principal, self._feed, path))
        self.seat(MailDesk(system, agent_id, principal, self.connection.push, path))
        self._mail: MailFeed | None = None
        if options.messages:
            self._mail = MailFeed(
                system.communication, self.connection, agent_id, "socket", options.prefetch
            )

    def _beside(self) -> Sequence[Coroutine[Any, Any, None]]:
        return (self._feed.run(), self._show_life(), self._hand_over())

    async def _hand_over(self) -> None:
        """Deliver messages, behind the welcome, to an agent that asked for them."""
        if self._mail is not None:
            await self._feed.welcomed.wait()
            await self._mail.run()
