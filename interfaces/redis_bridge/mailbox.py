"""One mailbox behind the bridge: its messages are published while somebody listens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import structlog

from aia_mas.application.communication.collecting import Collection
from aia_mas.application.communication.out import Delivered
from aia_mas.application.event_log.fold_host import STORE_ERRORS
from aia_mas.interfaces.realtime.mail.frames import message_payload
from aia_mas.interfaces.redis_bridge.channels import agent_channel
from aia_mas.interfaces.redis_bridge.wire import Parcel, Wire

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

log = structlog.stdlib.get_logger("aia.redis")

_AT_ONCE = 100
_RETRY = 0.5


class BridgedMailbox:
    """Publishes what one recipient gets.

    Attributes:
        name: The recipient.
        authorization: What it proved who it is with; it is looked at again and again.
        lost: It ends since nobody listens, or wants more, there: what is out has failed. Otherwise
            it is this side that ends it, and what is out does not count as delivered.
    """

    def __init__(
        self,
        system: System,
        wire: Wire,
        name: str,
        authorization: bytes | None,
        prefetch: int,
        unheard: Callable[[], None],
    ) -> None:
        """Publish nothing yet.

        Args:
            system: The system.
            wire: The way out.
            name: The recipient.
            authorization: As in the header of that name; None: there was none.
            prefetch: How many messages may be out.
            unheard: Called when a message could not be published, or nobody listened.
        """
        self.name = name
        self.authorization = authorization
        self.lost = False
        self._system = system
        self._wire = wire
        self._prefetch = prefetch
        self._unheard = unheard

    async def run(self) -> None:
        """Publish messages until cancelled; what is not acknowledged then goes elsewhere."""
        communication = self._system.communication
        with communication.collect(self.name, "redis", self._prefetch) as collection:
            try:
                while True:
                    for each in await self._next(collection):
                        parcel = Parcel(
                            agent_channel(self.name),
                            message_payload(each),
                            partial(self._put_back, each),
                        )
                        self._wire.publish(parcel)
            finally:
                collection.in_order = not self.lost

    def _put_back(self, each: Delivered, published: bool) -> None:
        self.lost = self.lost or published
        self._system.communication.office.put_back(each.out)
        self._unheard()

    async def _next(self, collection: Collection) -> list[Delivered]:
        while True:
            try:
                return await collection.next(_AT_ONCE)
            except STORE_ERRORS as error:
                log.warning("messages_not_read", recipient=self.name, error=str(error))
                await self._system.clock.sleep(_RETRY)
