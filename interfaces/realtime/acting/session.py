"""One socket over which something is done, from its first frame to its last."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from litestar import WebSocket

from aia_mas.interfaces.http.security import Credential
from aia_mas.interfaces.realtime.acting.envelope import Envelope, opened
from aia_mas.interfaces.realtime.frontend import permit
from aia_mas.interfaces.realtime.messages import TYPES, ErrorCode, MessageRefused, type_of
from aia_mas.interfaces.realtime.session import Session

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

Socket = WebSocket[Any, Any, Any]

_AT_ONCE = 64
"""Messages of one client that are carried out at once; it is not listened to beyond that."""


class Desk(Protocol):
    """Takes some kinds of messages.

    Attributes:
        acts: Their types.
        unmarked: Those of which an id may be left out: then only a refusal has a receipt.
    """

    acts: Collection[str]
    unmarked: Collection[str]

    def take(self, message: Envelope) -> Coroutine[Any, Any, bytes] | None:
        """Take a message; called in the order of their coming.

        Returns:
            What carries it out and returns the frame of its receipt, without an error ever (empty:
            there is none); None: the receipt is sent by itself.
        """
        ...


class ActingSession(Session):
    """What an agent, or whoever acts otherwise, and the system say to each other."""

    __slots__ = ("_desks", "_name", "_room", "_system", "_under_way", "_words")

    def __init__(
        self,
        system: System,
        socket: Socket,
        name: str,
        credential: Credential,
        *,
        kind: str,
        agent_id: str | None,
        words: Sequence[str] = TYPES,
    ) -> None:
        """Connect an accepted socket; ``seat`` says who takes its messages.

        Args:
            system: The system.
            socket: The socket.
            name: Whose it is.
            credential: Who opened it, and until when.
            kind: What it is, in the list of connections.
            agent_id: The agent that it serves, if it does.
            words: The types of messages to the hub that it takes.
        """
        longest = system.settings.max_body_bytes
        super().__init__(
            system.hub, socket, name, credential, permit, longest, kind=kind, agent_id=agent_id
        )
        self.connection.may_idle = True
        self._system = system
        self._name = name
        self._words = tuple(words)
        self._desks: dict[str, Desk] = {}
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._under_way: set[asyncio.Task[None]] = set()

    def seat(self, desk: Desk) -> None:
        """Have a desk take the messages that are its own."""
        self._desks.update(dict.fromkeys(desk.acts, desk))

    async def _follow(self, text: str) -> None:
        kind = type_of(text)
        desk = None if kind is None else self._desks.get(kind)
        if desk is None:
            if kind is not None and kind not in self._words:
                words = ", ".join((*self._desks, *self._words))
                raise MessageRefused(ErrorCode.UNKNOWN_TYPE, f"A type is one of {words}")
            await super()._follow(text)
            return
        message = opened(text)
        if not message.id and message.type not in desk.unmarked:
            raise MessageRefused(ErrorCode.INVALID_MESSAGE, "Object missing required field `id`")
        work = desk.take(message)
        if work is None:
            return
        try:
            await self._room.acquire()
        except BaseException:
            work.close()
            raise
        task = asyncio.create_task(self._carry_out(work))
        # Not in the group of the socket: what was begun is carried out, whether or not the client
        # is still there to be told.
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _carry_out(self, work: Coroutine[Any, Any, bytes]) -> None:
        try:
            frame = await work
            if frame:
                self.connection.push(frame)
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
                presence.beat("agent", self._name)
