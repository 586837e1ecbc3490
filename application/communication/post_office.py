"""Delivers messages to whoever collects them on this node, and takes what they say about them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import timedelta

from aia_mas.application.clock import Clock
from aia_mas.application.communication.contents import Contents
from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.communication.on_their_way import OnTheirWay
from aia_mas.application.communication.out import Delivered, Out
from aia_mas.application.communication.outstanding import Outstanding
from aia_mas.application.communication.records import Records
from aia_mas.application.communication.tray import Tray
from aia_mas.application.communication.trays import Trays
from aia_mas.domain.communication.delivery_events import (
    DISCONNECTED,
    Acknowledged,
    Failed,
    Returned,
)
from aia_mas.domain.communication.errors import (
    AlreadyAcknowledged,
    MessageClosed,
    NotARecipient,
)
from aia_mas.domain.communication.mailroom.letter import Delivery, Letter
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.orchestration.bounds import check_number, check_text

_UNREADABLE_AGAIN = 30.0
"""Seconds after which a message that could not be read is looked at again."""
REFUSED, TIMED_OUT = "refused", "timed_out"
LONGEST_REASON = 1_000
"""Longest reason of a refusal, in characters."""
LONGEST_PAUSE = 86_400.0
"""Longest wait for the next delivery that a recipient may ask for, seconds."""


class PostOffice:
    """All trays of this node.

    Attributes:
        trays: Those that are laid out, by recipient's number.
        delivered: How many deliveries were made, by transport.
        unreadable: How many were not, since the message could not be decrypted here.
        current: Waits until this node's mailroom has all that is in the log now.
    """

    def __init__(
        self,
        fold: MailroomFold,
        contents: Contents,
        records: Records,
        terms: MessageTerms,
        clock: Clock,
        random: Callable[[], float],
        current: Callable[[], Awaitable[object]],
        *,
        interval: float = 0.1,
    ) -> None:
        """Wire it.

        Args:
            fold: What waits for whom.
            contents: What stands in messages.
            records: Takes what became of deliveries.
            terms: How long is waited between them.
            clock: What time it is.
            random: Draws from 0..1, for the jitter of retries.
            current: Waits until this node's mailroom has all that is in the log now.
            interval: Seconds between looks at what is out.
        """
        self.delivered: dict[str, int] = {}
        self.unreadable = 0
        self._closed = False
        self._fold = fold
        self._contents = contents
        self._records = records
        self._terms = terms
        self._clock = clock
        self._random = random
        self.current = current
        self._interval = interval
        self._outstanding = Outstanding()
        self.trays = Trays(fold, clock, self._outstanding.end, records.writer)
        self._acknowledging = OnTheirWay(fold)
        fold.on_sent.append(contents.follow)

    def tray(self, name: str) -> Tray | None:
        """Return the tray of a recipient, laid out; None: nothing is known of it."""
        return self.trays.of(name)

    @property
    def is_behind(self) -> bool:
        """Whether nothing is to be delivered now: it may have arrived already, or we are closed."""
        return self._closed or self._fold.is_behind

    async def deliver(self, tray: Tray, outs: Sequence[Out]) -> list[Delivered]:
        """Hand over what was taken from a tray; it counts as delivered from now on."""
        try:
            contents = await self._contents.of(out.letter for out in outs)
        except BaseException:
            for out in outs:
                if not out.over:
                    tray.put_back(out)
            raise
        handed = []
        for out in outs:
            if out.over or out.settling:
                continue  # something became of it meanwhile
            content = contents.get(out.letter.sent)
            if content is None:
                # It waits for a key, without counting as delivered; another node may have that.
                self.unreadable += 1
                tray.put_back(out, self._now() + _UNREADABLE_AGAIN)
                continue
            if self._closed:
                tray.put_back(out)
                continue
            self._count(out)
            handed.append(Delivered(content, out))
        return handed

    def hand_over(self, name: str, letter: Letter, transport: str) -> Out | None:
        """Hand over a letter out of its turn; None: it is out already, or not to be had now."""
        tray = self.tray(name)
        out = None if tray is None else tray.take_one(letter, transport)
        if tray is not None and out is not None:
            self._count(out)
        return out

    def acknowledge(self, name: str, message_id: str) -> asyncio.Future[int]:
        """Take an acknowledgement; the result is its position in the log, once it is durable.

        It is ``MessageClosed`` instead when the message was given up before, at another place.

        Raises:
            AlreadyAcknowledged: It is on its way into the log.
            MessageClosed: There is no further attempt: it is about to be dead.
            NotARecipient: Nothing of this id is open for the recipient; whether it ever was, the
                read model knows.
        """
        letter, known, out = self._open(name, message_id)
        if known is not None and known.spent:
            raise MessageClosed("dead", message_id=message_id)
        if out is None:
            item = Acknowledged(letter.position, name, 0, "", None)
        else:
            self._settling(out)
            item = Acknowledged(letter.position, name, out.attempt, out.transport, out.delivered_at)
        refusal = self._acknowledging.begin(letter, name)
        future = self._records.acknowledged(item, refusal, of_many=letter.bits is not None)
        self._acknowledging.follow(letter, name, future)
        return future

    def acknowledging(self, name: str, message_id: str) -> asyncio.Future[int] | None:
        """Return an acknowledgement that is on its way into the log; None: none is."""
        for letter in self._fold.state.letters_of(message_id):
            if (future := self._acknowledging.future(letter.position, name)) is not None:
                return future
        return None

    def refuse(
        self,
        name: str,
        message_id: str,
        reason: str = "",
        *,
        retry_after: float | None = None,
        requeue: bool = True,
    ) -> asyncio.Future[int]:
        """Take a refusal of a delivery; the result is its position in the log, once durable.

        Args:
            name: Who refuses.
            message_id: What.
            reason: Why, for people.
            retry_after: When it is to be delivered again, seconds; None: as the terms say.
            requeue: Whether it is to be at all.

        Raises:
            AlreadyAcknowledged: It was acknowledged just now.
            InvalidValue: The reason or the time is out of bounds.
            MessageClosed: There is no further attempt anyway.
            NotARecipient: Nothing of this id is open for the recipient.
        """
        check_text(reason, "reason", longest=LONGEST_REASON)
        if retry_after is not None:
            check_number(retry_after, "retry_after_seconds", lowest=0.0, highest=LONGEST_PAUSE)
        letter, known, out = self._open(name, message_id)
        if known is not None and known.spent:
            raise MessageClosed("dead", message_id=message_id)
        told = f"{REFUSED}: {reason}" if reason else REFUSED
        if out is not None:
            if out.failing is None:
                return self._fail(out, told, retry_after=retry_after, requeue=requeue)
            # That it failed is being recorded, as it timed out or was refused before.
            if requeue:
                return asyncio.shield(out.failing)
            attempt = out.attempt + 1
        elif known is None:
            attempt = 1
        else:
            # It went out over another node; or it waits for its next attempt, since this one is
            # known to have failed.
            attempt = known.failures + 1
            if requeue and not known.deadline and known.retry_at > self._now():
                return _done(self._fold.state.position)
        elsewhere = Out(name, letter, attempt, "", self._now(), None)
        return self._fail(elsewhere, told, retry_after=retry_after, requeue=requeue)

    def put_back(self, out: Out) -> None:
        """Take a delivery back that did not take place after all; it does not count as one."""
        tray = self.tray(out.name)
        if tray is not None and not out.over and not out.settling:
            _ = self._give_back(tray, out)

    def return_all(self, tray: Tray, positions: Iterable[int], *, in_order: bool = False) -> None:
        """Take back what was delivered over a connection that is gone; it goes out at once.

        Args:
            tray: Whose it is.
            positions: Which.
            in_order: This node ended the connection: it does not count as delivered. Else it
                counts as failed.
        """
        for position in tuple(positions):
            out = tray.out.get(position)
            if out is None or out.settling:
                continue
            if in_order:
                _ = self._give_back(tray, out)
            else:
                _ = self._fail(out, DISCONNECTED, retry_after=0.0)

    async def close(self) -> None:
        """Deliver nothing more, and return, durably, what is out over connections of this node.

        Another node delivers it at once then, and need not wait until it is not acknowledged.
        """
        self._closed = True
        returned = set[asyncio.Future[int]]()
        for tray in self.trays.values():
            for out in tuple(tray.out.values()):
                back = out.failing
                if out.room is not None and out.handed and not out.settling:
                    back = self._give_back(tray, out)
                if back is not None:
                    returned.add(back)
        if returned:
            await asyncio.wait(returned)

    async def run(self) -> None:
        """Keep the time of what is out, and lay out letters to many, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._records.run())
            tasks.create_task(self.trays.lay_out())
            tasks.create_task(self.trays.tidy())
            while True:
                await self._clock.sleep(self._interval)
                now = self._now()
                for noted in self._outstanding.to_note(now):
                    self._records.noted(noted)
                for out in self._outstanding.timed_out(now):
                    _ = self._fail(out, TIMED_OUT)

    def _give_back(self, tray: Tray, out: Out) -> asyncio.Future[int] | None:
        """Take a delivery back that does not count; known when that is durable, if it need be."""
        tray.put_back(out)
        if not out.noted:
            return None
        # The log says that it is out: it has to say as well that it is not.
        return self._records.returned(Returned(out.letter.position, out.name, out.attempt))

    def _count(self, out: Out) -> None:
        out.handed = True
        self._outstanding.begin(out)
        self.delivered[out.transport] = self.delivered.get(out.transport, 0) + 1

    def _fail(
        self, out: Out, reason: str, *, retry_after: float | None = None, requeue: bool = True
    ) -> asyncio.Future[int]:
        self._settling(out)
        retry_at = None
        if requeue and out.attempt < out.letter.max_attempts:
            if retry_after is None:
                retry_after = self._terms.backoff(out.attempt, self._random())
            retry_at = self._clock.now() + timedelta(seconds=retry_after)
        out.failing = self._records.failed(
            Failed(
                out.letter.position,
                out.name,
                out.attempt,
                out.transport,
                out.delivered_at,
                reason,
                retry_at,
            )
        )
        return out.failing

    def _open(self, name: str, message_id: str) -> tuple[Letter, Delivery | None, Out | None]:
        room = self._fold.state
        found, number = room.find(message_id, name), room.directory.find(name)
        if found is None or number is None:
            raise NotARecipient(message_id=message_id)
        letter, known = found
        if (letter.position, name) in self._acknowledging:
            raise AlreadyAcknowledged(message_id=message_id)
        tray = self.trays.get(number)
        return letter, known, None if tray is None else tray.out.get(letter.position)

    def _settling(self, out: Out) -> None:
        out.settling = True
        self._outstanding.end(out)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _done(position: int) -> asyncio.Future[int]:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    future.set_result(position)
    return future
