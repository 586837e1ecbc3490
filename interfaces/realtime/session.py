"""One socket from its first frame to its last: who talks, who listens, how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.errors import PermissionDenied
from aia_mas.interfaces.http.security import Credential
from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing
from aia_mas.interfaces.realtime.delivery import deliver
from aia_mas.interfaces.realtime.expiry import Expiry
from aia_mas.interfaces.realtime.hub import Hub
from aia_mas.interfaces.realtime.messages import (
    ErrorCode,
    MessageRefused,
    Ping,
    Subscribe,
    Unsubscribe,
    error_frame,
    parsed,
    pong,
    unsubscribed,
)
from aia_mas.interfaces.realtime.roster import FRONTEND
from aia_mas.interfaces.realtime.transports import transport_of

log = structlog.stdlib.get_logger("aia.realtime")

Socket = WebSocket[Any, Any, Any]
Permit = Callable[[str, Principal], None]
"""Raises ``PermissionDenied`` when a principal may not subscribe to a topic."""

_FAILED = Closing(CloseCode.INTERNAL_ERROR, "something failed here; resume with after")
_FAULTY = Closing(CloseCode.POLICY_VIOLATION, "too many faulty messages in a row")


class Session:
    """What one connected client and the hub say to each other."""

    __slots__ = (
        "_expires_at",
        "_faults",
        "_hub",
        "_longest",
        "_opened_at",
        "_permit",
        "_socket",
        "connection",
    )

    def __init__(
        self,
        hub: Hub,
        socket: Socket,
        client_id: str,
        credential: Credential,
        permit: Permit,
        longest: int | None = None,
        *,
        kind: str = FRONTEND,
        agent_id: str | None = None,
    ) -> None:
        """Connect an accepted socket to the hub, for as long as the credential holds.

        Args:
            hub: The hub.
            socket: The socket.
            client_id: What the client calls itself.
            credential: Who it is, and until when.
            permit: Says which topics it may subscribe to.
            longest: The longest message it may send; None: that of the hub's options.
            kind: What it is, in the list of connections.
            agent_id: The agent that it serves, if it does.
        """
        transport = transport_of(socket, hub.options.send_timeout)
        self.connection = hub.connect(client_id, credential.principal, transport)
        hub.roster.enter(self.connection, kind, credential, agent_id)
        self._expires_at = credential.expires_at
        self._hub = hub
        self._socket = socket
        self._permit = permit
        self._faults = 0
        self._longest = longest or hub.options.max_message_bytes
        self._opened_at = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Serve the client until either side ends it, or its token expires."""
        expiry = Expiry(self.connection, self._expires_at)
        try:
            async with asyncio.TaskGroup() as tasks:
                beside = [
                    tasks.create_task(work)
                    for work in (deliver(self._hub, self.connection), *self._beside())
                ]
                await self._listen()
                for task in beside:
                    task.cancel()
        except* (OSError, WebSocketDisconnect) as gone:  # TimeoutError is an OSError
            log.debug("socket_lost", client_id=self.connection.client_id, error=repr(gone))
        except* Exception as failed:
            log.exception("socket_failed", client_id=self.connection.client_id, exc_info=failed)
            self.connection.closing = _FAILED
            self.connection.transport.cut(_FAILED)
        finally:
            expiry.stop()
            self._hub.disconnect(self.connection)
            self._tell_the_log()

    def _beside(self) -> Sequence[Coroutine[Any, Any, None]]:
        """Return what else runs while the socket is open."""
        return ()

    def _tell_the_log(self) -> None:
        connection = self.connection
        log.info(
            "socket_closed",
            client_id=connection.client_id,
            actor=connection.principal.subject,
            closed_by="client" if connection.closing is None else "server",
            code=None if connection.closing is None else int(connection.closing.code),
            duration_s=round(asyncio.get_running_loop().time() - self._opened_at, 3),
        )

    async def _listen(self) -> None:
        connection = self.connection
        while True:
            event = await self._socket.receive()
            if event["type"] != "websocket.receive":
                return
            if connection.closing is not None:
                continue
            connection.heard_at = asyncio.get_running_loop().time()
            try:
                text: str | None = event.get("text")
                if text is None:
                    raise MessageRefused(
                        ErrorCode.BINARY_NOT_SUPPORTED, "Messages are JSON in text frames"
                    )
                if len(text) > self._longest:
                    too_big = f"a message is at most {self._longest // 1024} KiB"
                    connection.leave(Closing(CloseCode.MESSAGE_TOO_BIG, too_big))
                    continue
                await self._follow(text)
                self._faults = 0
            except MessageRefused as error:
                self._faults += 1
                connection.push(error_frame(error))
                if self._faults >= self._hub.options.max_faults:
                    connection.leave(_FAULTY)
            # Many messages may have arrived in one piece; they are one client's.
            await asyncio.sleep(0)

    async def _follow(self, text: str) -> None:
        connection, hub = self.connection, self._hub
        message = parsed(text)
        if isinstance(message, Ping):
            connection.push(pong(message.id, hub.positions(connection)))
        elif isinstance(message, Unsubscribe):
            hub.subscriptions.end(connection, message.id)
            hub.roster.change(connection)
            connection.push(unsubscribed(message.id))
        else:
            self._check_permission(message)
            await hub.subscriptions.start(connection, message)
            hub.roster.change(connection)

    def _check_permission(self, message: Subscribe) -> None:
        if message.topic not in self._hub.subscriptions.topics:
            return  # nothing to permit; the answer is that there is no such topic
        try:
            self._permit(message.topic, self.connection.principal)
        except PermissionDenied as error:
            named = message.id or message.topic
            raise MessageRefused(ErrorCode.PERMISSION_DENIED, error.detail, named) from None
