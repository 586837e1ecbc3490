"""The route of agents' sockets, and what runs while one is open."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import psycopg
from litestar import WebSocket, websocket
from litestar.handlers import WebsocketRouteHandler
from litestar.params import FromPath

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.orchestration.agent_watches import AgentWatches
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.errors import InvalidValue, PermissionDenied
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.errors import AgentNotFound
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.security import Credential
from aia_mas.interfaces.realtime.agent.acts import ACTS, Envelope
from aia_mas.interfaces.realtime.agent.desk import Desk, Lane
from aia_mas.interfaces.realtime.agent.feed import AgentFeed
from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing
from aia_mas.interfaces.realtime.frontend import permit
from aia_mas.interfaces.realtime.gate import credential_of, turn_away
from aia_mas.interfaces.realtime.handshake import chosen_protocol
from aia_mas.interfaces.realtime.messages import TYPES, ErrorCode, MessageRefused, type_of
from aia_mas.interfaces.realtime.session import Session

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

Socket = WebSocket[Any, Any, Any]

_TYPES = (*ACTS, *TYPES)
_AT_ONCE = 64
"""Messages of one agent that are carried out at once; it is not listened to beyond that."""


def agent_socket_handlers(system: System) -> list[WebsocketRouteHandler]:
    """Return the route of agents' sockets; a ``Gate`` stands before it."""
    watches = AgentWatches(system.workload)

    @websocket(f"{API}/agents/ws/agent/{{agent_id:str}}", name="open_agent_socket")
    async def agent_socket(socket: Socket, agent_id: FromPath[str]) -> None:
        """Serve one agent until either side ends it."""
        credential = credential_of(socket)
        await socket.accept(chosen_protocol(socket.scope["subprotocols"]))
        refused = await _refused(system, agent_id, credential)
        if refused is not None:
            await turn_away(socket, refused)
            return
        await AgentSession(system, watches, socket, agent_id, credential).run()

    return [agent_socket]


async def _refused(system: System, agent_id: str, credential: Credential) -> Closing | None:
    """Return why an agent is not served, if so; else it is online from now on."""
    try:
        check_id(agent_id, "agent_id")
        if not credential.principal.may_act_for(agent_id):
            raise PermissionDenied
        await system.heartbeats.agent(agent_id, credential.principal)
    except PermissionDenied as error:
        return Closing(CloseCode.FORBIDDEN, error.code)
    except AgentNotFound as error:
        return Closing(CloseCode.NOT_FOUND, error.code)
    except InvalidValue as error:
        return Closing(CloseCode.POLICY_VIOLATION, error.code)
    except (DomainError, EventLogError) as error:
        return Closing(CloseCode.TRY_AGAIN_LATER, error.code)
    except (psycopg.Error, OSError):
        return Closing(CloseCode.TRY_AGAIN_LATER, "database_unavailable")
    return None


class AgentSession(Session):
    """What one agent and the system say to each other."""

    __slots__ = ("_agent_id", "_desk", "_feed", "_room", "_system", "_under_way")

    def __init__(
        self,
        system: System,
        watches: AgentWatches,
        socket: Socket,
        agent_id: str,
        credential: Credential,
    ) -> None:
        """Connect an accepted socket of an agent."""
        longest = system.settings.max_body_bytes
        super().__init__(system.hub, socket, agent_id, credential, permit, longest, agent_id)
        self.connection.may_idle = True
        self._system = system
        self._agent_id = agent_id
        self._feed = AgentFeed(system, watches, agent_id, self.connection.push)
        self._desk = Desk(system, agent_id, credential.principal, self._feed, socket.scope["path"])
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    def _beside(self) -> Sequence[Coroutine[Any, Any, None]]:
        return (self._feed.run(), self._show_life())

    async def _follow(self, text: str) -> None:
        kind = type_of(text)
        if kind is not None and kind not in _TYPES:
            words = ", ".join(_TYPES)
            raise MessageRefused(ErrorCode.UNKNOWN_TYPE, f"A type is one of {words}")
        if kind not in ACTS:
            await super()._follow(text)
            return
        try:
            message = _decode(text)
        except msgspec.ValidationError as error:
            raise MessageRefused(ErrorCode.INVALID_MESSAGE, str(error)) from None
        await self._room.acquire()
        task = asyncio.create_task(self._carry_out(message, self._desk.lane(message)))
        # Not in the group of the socket: what was begun is carried out, whether or not the agent
        # is still there to be told.
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _carry_out(self, message: Envelope, lane: Lane) -> None:
        try:
            self.connection.push(await self._desk.receipt(message, lane))
        finally:
            self._room.release()

    async def _show_life(self) -> None:
        """Take an open socket whose client answers pings or says something as a sign of life."""
        presence, connection = self._system.presence, self.connection
        every = self._system.settings.heartbeat_interval_seconds / 3
        shown = connection.heard_at
        while True:
            await asyncio.sleep(every)
            heard = max(connection.heard_at, connection.transport.heard_at)
            if heard > shown:
                shown = heard
                presence.beat("agent", self._agent_id)


_decode = msgspec.json.Decoder(Envelope).decode
