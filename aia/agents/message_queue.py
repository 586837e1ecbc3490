"""What waits for agents: looked at, taken, settled; and what could not be delivered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from math import inf
from typing import Any

import msgspec

from aia.agents.communication_message import CommunicationMessage, DeadLetter, WaitingMessage
from aia.agents.on_a_node import HOST, OnANode
from aia_mas.application.communication.out import Delivered
from aia_mas.application.communication.peeking import Waiting, peek
from aia_mas.application.communication.redriving import redriving
from aia_mas.application.communication.sealing import UNREADABLE
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.bounds import check_number
from aia_mas.interfaces.bootstrap import System
from aia_mas.projections.communication import message_view as rows
from aia_mas.projections.communication.message_filters import DeadLetterFilter
from aia_mas.projections.communication.messages_fold import MESSAGES

_VIEW_SECONDS = 5.0
_MOST_AT_ONCE = 1_000_000


class ReceivedMessage(CommunicationMessage, frozen=True, kw_only=True):
    """A message that was handed over; without an acknowledgement it comes again.

    Attributes:
        agent_id: Whose it is.
        attempt: Which delivery, from 1.
        sent_at: When it was sent, UTC.
        queue: Where it is acknowledged.
    """

    agent_id: str
    attempt: int
    sent_at: datetime
    queue: MessageQueue

    async def ack(self) -> None:
        """Acknowledge it: it does not come again. Durable when this returns.

        Raises:
            AlreadyAcknowledged: That was done before.
            MessageClosed: It is dead, dropped or expired.
        """
        await self.queue.acknowledge(self.agent_id, self.message_id)

    async def nack(
        self, reason: str = "", *, retry_after: float | None = None, requeue: bool = True
    ) -> None:
        """Refuse this delivery.

        Args:
            reason: Why, for people.
            retry_after: When it is to come again, seconds; None: as configured.
            requeue: Whether it is to come again at all; else it is a dead letter.

        Raises:
            DomainError: It is not open any more; the code says why.
        """
        await self.queue.refuse(
            self.agent_id, self.message_id, reason, retry_after=retry_after, requeue=requeue
        )

    def answer(self, payload: Any = None, message_type: str = "reply") -> CommunicationMessage:
        """Return an answer to it, to be sent: to ``reply_to``, or else to its sender."""
        to = self.reply_to or self.from_agent
        # Ids of agents may have dots, too, but hardly have; who is asked by an id finds answers so.
        to_topic = "." in to and to != self.from_agent
        return CommunicationMessage(
            from_agent=self.agent_id,
            to_agent=None if to_topic else to,
            topic=to if to_topic else None,
            message_type=message_type,
            payload=payload,
            priority=self.priority,
            correlation_id=self.correlation_id or self.message_id,
            encrypt=self.encrypt,
        )


class MessageQueue(OnANode):
    """The inboxes of all agents. They are kept in the log, ordered by priority and by time."""

    async def size(self, agent_id: str) -> int:
        """Return how many messages wait for an agent, those included that it has not settled."""

        async def get(system: System) -> int:
            return system.communication.mailroom.waiting(check_id(agent_id, "agent_id"))

        return await self._call(get)

    async def peek(self, agent_id: str, limit: int = 100) -> Sequence[WaitingMessage]:
        """Return what waits for an agent, oldest first; nothing is delivered by that."""

        async def get(system: System) -> list[WaitingMessage]:
            communication = system.communication
            check_id(agent_id, "agent_id")
            check_number(limit, "limit", lowest=1, highest=_MOST_AT_ONCE)
            waiting = peek(communication.mailroom, communication.office, agent_id)
            found = list(islice(waiting, limit))
            contents = await communication.contents.of(each.letter for each in found)
            return [
                WaitingMessage.of(contents[each.letter.sent].view, **_waiting(each))
                for each in found
                if each.letter.sent in contents
            ]

        return await self._call(get)

    async def take(
        self, agent_id: str, limit: int = 1, wait: float = 0.0
    ) -> Sequence[ReceivedMessage]:
        """Take messages to an agent, the most urgent first; each is to be acknowledged.

        Args:
            agent_id: Whose.
            limit: How many at most.
            wait: How long to wait for the first one, seconds.
        """

        async def get(system: System) -> Sequence[Delivered]:
            check_id(agent_id, "agent_id")
            check_number(limit, "limit", lowest=1, highest=_MOST_AT_ONCE)
            check_number(wait, "wait", lowest=0.0, highest=inf)
            return await system.communication.polls.take(agent_id, limit, wait)

        return [self.received(agent_id, each) for each in await self._call(get)]

    async def acknowledge(self, agent_id: str, message_id: str) -> None:
        """Acknowledge a message; see ``ReceivedMessage.ack``."""

        async def settle(system: System) -> int | DomainError:
            (done,) = await system.communication.settling.acknowledge(agent_id, [message_id])
            return done

        done = await self._call(settle)
        if isinstance(done, DomainError):
            raise done

    async def refuse(
        self,
        agent_id: str,
        message_id: str,
        reason: str = "",
        *,
        retry_after: float | None = None,
        requeue: bool = True,
    ) -> None:
        """Refuse a delivery; see ``ReceivedMessage.nack``."""

        async def settle(system: System) -> None:
            await system.communication.settling.refuse(
                agent_id, message_id, reason, retry_after=retry_after, requeue=requeue
            )

        await self._call(settle)

    async def dead_letters(
        self, agent_id: str | None = None, limit: int = 100
    ) -> Sequence[DeadLetter]:
        """Return what is not delivered any more, to an agent or to all; the latest first."""

        async def get(system: System) -> list[DeadLetter]:
            models = system.projections
            await models.wait_for(MESSAGES.name, system.log.feed.position, _VIEW_SECONDS)
            filters = DeadLetterFilter(recipient=agent_id)
            page = await models.messages.dead_letters(filters, "-died_at", None, limit)
            return [await _dead(system, letter) for letter in page.items]

        return await self._call(get)

    async def redrive(self, message_id: str, agent_id: str | None = None) -> None:
        """Queue a dead letter again, with all its attempts.

        Args:
            message_id: Which.
            agent_id: For whom; None: for all for whom it is dead.

        Raises:
            MessageNotFound: There is none.
            NotDead: It is not dead, or not for this agent.
        """

        async def execute(system: System) -> None:
            command = await redriving(system.log, message_id, agent_id)
            await system.engine.execute(command, HOST)

        await self._call(execute)

    def received(self, agent_id: str, delivered: Delivered) -> ReceivedMessage:
        """Return a message as it is handed over."""
        view = delivered.content.view
        return ReceivedMessage.of(
            view, agent_id=agent_id, attempt=delivered.attempt, sent_at=view.sent_at, queue=self
        )


def _waiting(each: Waiting) -> dict[str, Any]:
    return {
        "attempts": each.attempts,
        "deadline": each.deadline,
        "retry_at": each.retry_at,
        "reason": each.reason,
    }


async def _dead(system: System, letter: rows.DeadLetter) -> DeadLetter:
    payload = msgspec.json.decode(letter.payload)
    if letter.encrypted:
        try:
            content = await system.communication.contents.at(letter.position)
            # Its reader's own, as in ``CommunicationMessage.of``.
            payload = None if content is None else msgspec.to_builtins(content.view.payload)
        except UNREADABLE:
            payload = None
    begins = max(letter.sent_at, letter.deliver_after or letter.sent_at)
    ends = letter.expires_at
    fields = DeadLetter.__struct_fields__
    known = {name: getattr(letter, name) for name in fields if hasattr(letter, name)}
    more = {
        "payload": payload,
        "encrypt": letter.encrypted,
        "ttl": None if ends is None else (ends - begins).total_seconds(),
    }
    return DeadLetter(**(known | more))
