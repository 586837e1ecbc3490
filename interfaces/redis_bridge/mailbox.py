"""One mailbox behind the bridge: its messages are published while somebody listens."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio
import structlog

from aia_mas.application.communication.collecting import Collection
from aia_mas.application.communication.out import Delivered
from aia_mas.application.event_log.fold_host import STORE_ERRORS
from aia_mas.interfaces.realtime.mail.frames import message_payload
from aia_mas.interfaces.redis_bridge.channels import agent_channel
from aia_mas.interfaces.redis_bridge.wire import Lost, Parcel, Wire

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

log = structlog.stdlib.get_logger("aia.redis")

_AT_ONCE = 100
_BYTES_AT_ONCE = 256 * 2**10
_RETRY = 0.5


class BridgedMailbox:
    """Publishes what one recipient gets.

    Attributes:
        name: The recipient.
        authorization: What it proved who it is with; it is looked at again and again.
    """

    def __init__(
        self, system: System, wire: Wire, name: str, authorization: bytes | None, prefetch: int
    ) -> None:
        """Publish nothing yet.

        Args:
            system: The system.
            wire: The way out.
            name: The recipient.
            authorization: As in the header of that name; None: there was none.
            prefetch: How many messages may be out.
        """
        self.name = name
        self.authorization = authorization
        self._system = system
        self._wire = wire
        self._prefetch = prefetch
        self._scope = anyio.CancelScope()
        # Whoever ends this for another reason than that the recipient is gone need say nothing: the
        # lease is lost, Redis is away, the node stops. None of that is a message's fault.
        self._in_order = True

    def end(self, *, in_order: bool) -> None:
        """Publish nothing more.

        Args:
            in_order: What is out does not count as delivered. Else its delivery has failed, as
                when a connection is lost.
        """
        self._in_order = in_order
        self._scope.cancel()

    async def run(self) -> None:
        """Publish messages until it is ended; what is not acknowledged then goes elsewhere."""
        communication = self._system.communication
        with (
            self._scope,
            communication.collect(self.name, "redis", self._prefetch) as collection,
        ):
            try:
                while True:
                    await self._wire.has_room()
                    for each in await self._next(collection):
                        parcel = Parcel(
                            agent_channel(self.name),
                            message_payload(each),
                            partial(self._lost, each),
                        )
                        self._wire.publish(parcel)
            finally:
                collection.in_order = self._in_order

    def _lost(self, each: Delivered, why: Lost) -> None:
        self._system.communication.office.put_back(each.out)
        if why is Lost.UNHEARD:
            # It would be published again and again otherwise.
            self.end(in_order=False)

    async def _next(self, collection: Collection) -> list[Delivered]:
        while True:
            try:
                return await collection.next(_AT_ONCE, most_bytes=_BYTES_AT_ONCE)
            except STORE_ERRORS as error:
                log.warning("messages_not_read", recipient=self.name, error=str(error))
                await self._system.clock.sleep(_RETRY)
