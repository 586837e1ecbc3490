"""Hands one recipient its messages, for as long as its connection is open.

A window bounds what is out, so whoever does not acknowledge gets no more; what its wire does not
take waits in the bounded queue of the connection, and nothing is taken for it meanwhile.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import structlog

from aia_mas.application.communication.collecting import Collection
from aia_mas.application.communication.out import Delivered
from aia_mas.application.event_log.fold_host import STORE_ERRORS
from aia_mas.interfaces.realtime.acting import told
from aia_mas.interfaces.realtime.close_codes import CloseCode
from aia_mas.interfaces.realtime.connection import Connection
from aia_mas.interfaces.realtime.mail.frames import message_frame

if TYPE_CHECKING:
    from aia_mas.interfaces.communication import Communication

log = structlog.stdlib.get_logger("aia.realtime")

_AT_ONCE = 100
_BYTES_AT_ONCE = 256 * 2**10
"""How much is taken at once; the window alone would let in any number of large payloads."""
_MUCH = 16
_IN_ORDER = frozenset(
    {
        CloseCode.GOING_AWAY,
        CloseCode.UNAUTHENTICATED,
        CloseCode.FORBIDDEN,
        CloseCode.SLOW_CONSUMER,
        CloseCode.IDLE,
        CloseCode.DISCONNECTED,
    }
)
"""Why we end a connection that does nothing wrong; one that is replaced may have been lost."""
_RETRY = 0.5
"""Seconds before a failed read of the log is tried again."""


class OpenMailbox(msgspec.Struct, frozen=True):
    """How a mailbox stands when it is opened; messages follow.

    Attributes:
        agent_id: Whose it is.
        waiting: How many messages wait there, those included that others have and did not
            acknowledge yet.
        prefetch: How many may be out over this connection.
    """

    agent_id: str
    waiting: int
    prefetch: int


class MailFeed:
    """What one connection hands to its recipient."""

    __slots__ = ("_communication", "_connection", "_prefetch", "_recipient", "_transport")

    def __init__(
        self,
        communication: Communication,
        connection: Connection,
        recipient: str,
        transport: str,
        prefetch: int,
    ) -> None:
        """Hand over nothing yet.

        Args:
            communication: Where messages come from.
            connection: Where they go.
            recipient: Whose they are.
            transport: What the connection is, for the record.
            prefetch: How many may be out.
        """
        self._communication = communication
        self._connection = connection
        self._recipient = recipient
        self._transport = transport
        self._prefetch = prefetch

    async def run(self) -> None:
        """Say how the mailbox stands, then hand over what comes.

        It goes on until it is cancelled, or the connection takes nothing more.
        """
        waiting = self._communication.mailroom.waiting(self._recipient)
        opening = OpenMailbox(self._recipient, waiting, self._prefetch)
        self._connection.push(told("mailbox", opening))
        connection, name = self._connection, self._recipient
        office = self._communication.office
        with self._communication.collect(name, self._transport, self._prefetch) as collection:
            try:
                while True:
                    await connection.has_room()
                    handed = await self._next(collection)
                    if connection.closing is not None:
                        for each in handed:
                            office.put_back(each.out)
                        return
                    connection.push(b"".join(map(message_frame, handed)))
                    if len(handed) >= _MUCH:
                        # A recipient with much to get must not keep others waiting.
                        await asyncio.sleep(0)
            finally:
                closing = connection.closing
                collection.in_order = closing is not None and closing.code in _IN_ORDER

    async def _next(self, collection: Collection) -> list[Delivered]:
        while True:
            try:
                return await collection.next(_AT_ONCE, most_bytes=_BYTES_AT_ONCE)
            except STORE_ERRORS as error:
                log.warning("messages_not_read", recipient=self._recipient, error=str(error))
                await asyncio.sleep(_RETRY)
