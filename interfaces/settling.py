"""What recipients say of messages: acknowledged, or refused; and why that is not taken.

The mailroom knows what is open; why something is not, the read model knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from aia_mas.application.clock import Clock
from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.communication.post_office import PostOffice
from aia_mas.application.event_log.errors import LogUnavailable
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.log import EventLog
from aia_mas.domain.communication.errors import (
    AlreadyAcknowledged,
    NotARecipient,
)
from aia_mas.domain.communication.mailroom.letter import Delivery, Letter
from aia_mas.domain.communication.message import message_stream
from aia_mas.domain.kernel.errors import Conflict, DomainError
from aia_mas.domain.kernel.steps import chunks
from aia_mas.projections.communication.messages_fold import MESSAGES
from aia_mas.projections.communication.standing import MessageStatus
from aia_mas.projections.read_models import ReadModels

PATIENCE = 10.0
"""Seconds that whoever settles something waits for the log."""
_SOON = 2.0
"""Seconds that a fold of this node may take to come to where another one is."""
_AT_ONCE = 8
"""Messages that the read model is asked for at the same time; the pool is there for others, too."""


class Refused(NamedTuple):
    """What becomes of a delivery that was refused.

    Attributes:
        status: ``failed`` when it is delivered again, ``dead`` when it is not.
        attempts: How many deliveries have failed.
        retry_at: When it is delivered again, UTC; None: never.
        position: Where that stands in the log.
    """

    status: MessageStatus
    attempts: int
    retry_at: datetime | None
    position: int


class Settling:
    """Takes what recipients say on this node."""

    def __init__(
        self,
        office: PostOffice,
        fold: MailroomFold,
        host: FoldHost,
        log: EventLog,
        read_models: Callable[[], ReadModels],
        clock: Clock,
    ) -> None:
        """Wire it.

        Args:
            office: Knows what is open, and records.
            fold: What waits for whom.
            host: Keeps it up to date.
            log: Knows whether there is a message.
            read_models: Know what became of it.
            clock: Measures waits.
        """
        self._office = office
        self._fold = fold
        self._host = host
        self._log = log
        self._read_models = read_models
        self._clock = clock

    async def acknowledge(
        self, recipient: str, message_ids: Sequence[str]
    ) -> list[int | DomainError]:
        """Take acknowledgements, those of one call in one commit.

        Args:
            recipient: Whose they are.
            message_ids: Of which messages.

        Returns:
            For each its position in the log, or why it is not taken.

        Raises:
            EventLogError: They could not be recorded now. Those that were taken are recorded once
                the log is there again.
        """
        taken = [self._taken(recipient, message_id) for message_id in message_ids]
        unknown = dict.fromkeys(
            message_id
            for message_id, each in zip(message_ids, taken, strict=True)
            if isinstance(each, NotARecipient)
        )
        reasons = await self._reasons(recipient, tuple(unknown))
        for number, message_id in enumerate(message_ids):
            if isinstance(taken[number], NotARecipient):
                taken[number] = reasons[message_id] or self._once_more(recipient, message_id)
        outcomes = iter(
            await self._recorded([each for each in taken if isinstance(each, asyncio.Future)])
        )
        return [each if isinstance(each, DomainError) else next(outcomes) for each in taken]

    async def refuse(
        self,
        recipient: str,
        message_id: str,
        reason: str = "",
        *,
        attempt: int | None = None,
        retry_after: float | None = None,
        requeue: bool = True,
    ) -> Refused:
        """Take a refusal of a delivery.

        Args:
            recipient: Who refuses.
            message_id: What.
            reason: Why, for people.
            attempt: Which delivery; one that has failed before changes nothing. None: the last.
            retry_after: When it is to be delivered again, seconds; None: as the terms say.
            requeue: Whether it is to be at all.

        Raises:
            DomainError: It is not open for this recipient; the code says why.
            EventLogError: It could not be recorded now.
        """
        found = await self._found(recipient, message_id)
        known = found[1]
        if attempt is not None and known is not None and attempt <= known.failures:
            return _refused(known, self._host.position)
        try:
            future = self._office.refuse(
                recipient, message_id, reason, retry_after=retry_after, requeue=requeue
            )
        except AlreadyAcknowledged as error:
            known_soon = self._once_true(recipient, message_id, error)
            if isinstance(known_soon, AlreadyAcknowledged):
                raise
            future = known_soon
        (position,) = await self._recorded([future])
        if isinstance(position, DomainError):
            raise position
        after = self._fold.state.find(message_id, recipient)
        delivery = None if after is None else after[1]
        if delivery is None:
            # The courier was faster, or its time ran out at that moment: what was refused is lost.
            # Unless the recipient had it acknowledged on another node: then nothing came of this.
            why = await self.why_not(recipient, message_id)
            if isinstance(why, AlreadyAcknowledged):
                raise why
            attempts = 1 if known is None else known.failures + 1
            return Refused(MessageStatus.DEAD, attempts, None, position)
        return _refused(delivery, position)

    async def why_not(self, recipient: str, message_id: str) -> DomainError | None:
        """Return why what a recipient says of a message is refused; None: this node is behind.

        To be asked when nothing of it is open in the mailroom.
        """
        refusal: DomainError | None = None
        for _ in range(2):
            known = max(self._log.feed.position, self._host.position)
            models = self._read_models()
            current = await models.wait_for(MESSAGES.name, known, _SOON)
            standing = await models.messages.state_of(message_id, recipient)
            if not standing.found and await self._log.stream_heads([message_stream(message_id)]):
                return None
            # What another node delivered, this one may not have heard of.
            await self._host.reached(standing.position, _SOON)
            if self._fold.state.find(message_id, recipient) is not None:
                return None
            refusal = standing.refusal
            if not isinstance(refusal, NotARecipient):
                break
            # It may have been settled between these two looks, so the read model is asked once
            # more, when it has come to where the mailroom is.
            if not current:
                refusal = None
        if refusal is not None:
            refusal.facts.setdefault("message_id", message_id)
        return refusal

    def _taken(self, recipient: str, message_id: str) -> asyncio.Future[int] | DomainError:
        try:
            return self._office.acknowledge(recipient, message_id)
        except AlreadyAcknowledged as error:
            return self._once_true(recipient, message_id, error)
        except DomainError as error:
            return error

    def _once_true(
        self, recipient: str, message_id: str, error: AlreadyAcknowledged
    ) -> asyncio.Future[int] | AlreadyAcknowledged:
        """Tell that a message was acknowledged before as soon as that stands in the log."""
        first = self._office.acknowledging(recipient, message_id)
        if first is None:
            return error
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def known(_: object) -> None:
            if not told.done():
                told.set_exception(first.exception() or error)
                told.exception()  # whoever wanted to know may have gone away

        first.add_done_callback(known)
        return told

    async def _reasons(
        self, recipient: str, message_ids: Sequence[str]
    ) -> dict[str, DomainError | None]:
        """Return ``why_not`` of several messages, each asked for once and some at a time."""
        reasons: dict[str, DomainError | None] = {}
        for some in chunks(message_ids, _AT_ONCE):
            found = await asyncio.gather(*(self.why_not(recipient, each) for each in some))
            reasons |= zip(some, found, strict=True)
        return reasons

    def _once_more(self, recipient: str, message_id: str) -> asyncio.Future[int] | DomainError:
        again = self._taken(recipient, message_id)
        # It is known elsewhere, and not here yet.
        return Conflict() if isinstance(again, NotARecipient) else again

    async def _found(self, recipient: str, message_id: str) -> tuple[Letter, Delivery | None]:
        found = self._fold.state.find(message_id, recipient)
        if found is None:
            refusal = await self.why_not(recipient, message_id)
            if refusal is not None:
                raise refusal
            found = self._fold.state.find(message_id, recipient)
            if found is None:
                raise Conflict
        return found

    async def _recorded(self, futures: Sequence[asyncio.Future[int]]) -> list[int | DomainError]:
        """Return the positions of what was taken, once it is durable, or why nothing came of it.

        Raises:
            LogUnavailable: That takes too long.
            LogClosed: The node is stopping.
        """
        if not futures:
            return []
        with self._clock.within(PATIENCE) as patience:
            # Whoever goes away meanwhile does not take it back.
            await asyncio.shield(asyncio.gather(*futures, return_exceptions=True))
        if patience.cancelled_caught:
            raise LogUnavailable
        outcomes: list[int | DomainError] = []
        for future in futures:
            error = future.exception()
            if error is not None and not isinstance(error, DomainError):
                raise error
            outcomes.append(future.result() if error is None else error)
        return outcomes


def _refused(delivery: Delivery, position: int) -> Refused:
    if delivery.spent:
        return Refused(MessageStatus.DEAD, delivery.failures, None, position)
    retry_at = datetime.fromtimestamp(delivery.retry_at, UTC)
    return Refused(MessageStatus.FAILED, delivery.failures, retry_at, position)
