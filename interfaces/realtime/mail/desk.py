"""Carries out what is said over a socket about messages.

Acknowledgements come in masses, so they take no task: they are handed to the post office as they
come, which writes those of all sockets down together, and their receipt follows when that is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from aia_mas.application.communication.repeating import guarded
from aia_mas.application.event_log.errors import EventLogError
from aia_mas.domain.kernel import DomainError, Principal
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.communication.acknowledged import acknowledged
from aia_mas.interfaces.http.queries import PATIENCE
from aia_mas.interfaces.http.schemas.message_delivery import Settled
from aia_mas.interfaces.http.schemas.messages import Sending
from aia_mas.interfaces.http.security import authorize
from aia_mas.interfaces.realtime.acting import (
    Envelope,
    Lane,
    Lanes,
    Receipt,
    receipt_of,
    refused,
)
from aia_mas.interfaces.realtime.mail.acts import (
    MAIL_ACTS,
    Acknowledge,
    GiveBack,
    Send,
    SubscribeTopics,
    UnsubscribeTopics,
)

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

_TOPICS = "topics"


class MailDesk:
    """Takes what the owner of a mailbox says of messages.

    Messages are sent, and topics subscribed to, in the order in which that was said.

    Attributes:
        acts: The types of what is said.
        unmarked: Those that need no id.
    """

    acts: Collection[str] = tuple(MAIL_ACTS)
    unmarked: Collection[str] = ("ack", "nack")

    def __init__(
        self,
        system: System,
        name: str,
        principal: Principal,
        push: Callable[[bytes], None],
        path: str,
    ) -> None:
        """Serve the owner of a mailbox.

        Args:
            system: The system.
            name: Its owner.
            principal: In whose name the socket acts.
            push: Sends a frame.
            path: The socket's path, for problems.
        """
        self._system = system
        self._name = name
        self._principal = principal
        self._push = push
        self._path = path
        self._lanes = Lanes()

    def take(self, message: Envelope) -> Coroutine[Any, Any, bytes] | None:
        """Take a message; see ``acting.Desk``."""
        operation, wanted = MAIL_ACTS[message.type]
        try:
            authorize(operation, self._principal)
            said = decode(bytes(message.data), wanted)
            if isinstance(said, Acknowledge):
                return self._acknowledge(message, said)
        except Exception as error:  # noqa: BLE001 - whatever it is, it has its receipt
            self._push(self._refused(message, error))
            return None
        if isinstance(said, Send):
            return self._answered(message, self._sent, said)
        if isinstance(said, GiveBack):
            return self._answered(message, self._given_back, said)
        return self._answered(message, self._subscribed, said, self._lanes.enter(_TOPICS))

    async def _answered(
        self,
        message: Envelope,
        work: Callable[..., Coroutine[Any, Any, Receipt | None]],
        *said: Any,  # what that takes beside the message
    ) -> bytes:
        try:
            receipt = await work(message, *said)
        except Exception as error:  # noqa: BLE001 - as above
            return self._refused(message, error)
        return b"" if receipt is None else receipt.frame()

    def _refused(self, message: Envelope, error: Exception) -> bytes:
        return refused(message, error, self._path).frame()

    async def _sent(self, message: Envelope, said: Send) -> Receipt:
        system = self._system
        sending = Sending(self._principal, system.clock.now(), system.communication.terms)
        named = said if said.from_agent else replace(said, from_agent=self._name)
        command = named.command(sending, system.new_id())
        # Nothing is waited for before the engine has it: messages are sent in their order.
        origin = message.origin(self._principal, self._name)
        run = partial(system.engine.run, command)
        return receipt_of(message, await guarded(system.communication.sealing, origin, run))

    async def _subscribed(
        self, message: Envelope, said: SubscribeTopics | UnsubscribeTopics, lane: Lane
    ) -> Receipt:
        try:
            await lane.reached()
            origin = message.origin(self._principal, self._name)
            result = await self._system.engine.run(said.command(self._name), origin)
            # What is sent from here on comes.
            await self._system.communication.host.reached(result.position, PATIENCE)
        finally:
            lane.leave()
        return receipt_of(message, result)

    async def _given_back(self, message: Envelope, said: GiveBack) -> Receipt | None:
        said.check_whole(self._name)
        settled = await self._system.communication.settling.refuse(
            self._name,
            said.message_id,
            said.reason,
            attempt=said.attempt,
            retry_after=said.retry_after_seconds,
            requeue=said.requeue,
        )
        if not message.id:
            return None
        answer = Settled(
            message_id=said.message_id,
            agent_id=self._name,
            status=settled.status,
            attempts=settled.attempts,
            retry_at=settled.retry_at,
        )
        return Receipt(id=message.id, status=200, position=settled.position, data=answer)

    def _acknowledge(
        self, message: Envelope, said: Acknowledge
    ) -> Coroutine[Any, Any, bytes] | None:
        ids = said.checked()
        acknowledge, name = self._system.communication.office.acknowledge, self._name
        taken: list[asyncio.Future[int]] = []
        for message_id in ids:
            try:
                taken.append(acknowledge(name, message_id))
            except DomainError:
                # Rare, and it takes a look into the read model to say why.
                return self._answered(message, self._partly, ids, taken)
        taken[-1].add_done_callback(partial(self._durable, message, ids, taken))
        return None

    def _durable(
        self,
        message: Envelope,
        ids: Sequence[str],
        taken: Sequence[asyncio.Future[int]],
        last: asyncio.Future[int],
    ) -> None:
        if last.cancelled():
            return
        # Those of letters to many are written down in their order, and all others in theirs.
        behind = next((each for each in reversed(taken) if not each.done()), None)
        if behind is not None:
            behind.add_done_callback(partial(self._durable, message, ids, taken))
            return
        try:
            results = [_result(each) for each in taken]
        except EventLogError as error:
            self._push(self._refused(message, error))
            return
        receipt = self._told(message, ids, results)
        if receipt is not None:
            self._push(receipt.frame())

    async def _partly(
        self, message: Envelope, ids: Sequence[str], taken: Sequence[asyncio.Future[int]]
    ) -> Receipt | None:
        """Go on behind those that were taken, and tell what could not be."""
        settling = self._system.communication.settling
        others = await settling.acknowledge(self._name, ids[len(taken) :])
        if taken:
            await asyncio.wait(taken)
        return self._told(message, ids, [*map(_result, taken), *others])

    def _told(
        self, message: Envelope, ids: Sequence[str], results: Sequence[int | DomainError]
    ) -> Receipt | None:
        """Return the receipt of acknowledgements, if there is one."""
        told = acknowledged(ids, results, self._path)
        if not message.id and not told.content.refused:
            return None
        return Receipt(id=message.id, status=200, position=told.position, data=told.content)


def _result(taken: asyncio.Future[int]) -> int | DomainError:
    """Return where an acknowledgement stands in the log, or why it came to nothing.

    Raises:
        EventLogError: It could not be recorded.
    """
    try:
        return taken.result()
    except DomainError as error:
        return error
