"""Delivers messages to whoever collects them on this node, and takes what they say about them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from aia_mas.application.clock import Clock
from aia_mas.application.communication.contents import Content, Contents
from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.communication.records import Records
from aia_mas.application.communication.tray import Out, Tray
from aia_mas.domain.communication.delivery_events import Acknowledged, Failed, Noted
from aia_mas.domain.communication.errors import AlreadyAcknowledged, NotARecipient
from aia_mas.domain.communication.mailroom.letter import Delivery, Letter
from aia_mas.domain.communication.terms import MessageTerms

_LOOK = 0.1
"""Seconds between looks at what is out."""
_NOTE_AFTER = 0.5
"""Seconds after which the log is told of what is still out."""
_LINGER = 60.0
"""Seconds that a tray stays laid out after somebody collected from it."""
_UNREADABLE_AGAIN = 30.0
"""Seconds after which a message that could not be read is looked at again."""
REFUSED, TIMED_OUT, DISCONNECTED = "refused", "timed_out", "disconnected"


class Delivered:
    """A message as it is handed over.

    Attributes:
        content: What stands in it.
        letter: How it came.
        attempt: Which delivery, from 1.
        out: What is known of it as long as it is out.
    """

    __slots__ = ("attempt", "content", "letter", "out")

    def __init__(self, content: Content, out: Out) -> None:
        """Hand it over."""
        self.content = content
        self.out = out
        self.letter = out.letter
        self.attempt = out.attempt


class PostOffice:
    """All trays of this node.

    Attributes:
        trays: By recipient's number.
        delivered: How many deliveries were made, by transport.
    """

    def __init__(
        self,
        fold: MailroomFold,
        contents: Contents,
        records: Records,
        terms: MessageTerms,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        """Wire it.

        Args:
            fold: What waits for whom.
            contents: What stands in messages.
            records: Takes what became of deliveries.
            terms: How long is waited between them.
            clock: What time it is.
            random: Draws from 0..1, for the jitter of retries.
        """
        self.trays: dict[int, Tray] = {}
        self.delivered: dict[str, int] = {}
        self._fold = fold
        self._contents = contents
        self._records = records
        self._terms = terms
        self._clock = clock
        self._random = random
        self._fresh: deque[tuple[Tray, Out]] = deque()
        # In the order of their coming: many are due at the same time, and trays have no order.
        self._deadlines: list[tuple[float, int, Tray, Out]] = []
        self._order = count()
        self._spread = asyncio.Event()
        self._acknowledging: set[tuple[int, int]] = set()
        self._awaiting: dict[str, set[asyncio.Event]] = {}
        fold.on_spread.append(self._spread.set)
        fold.on_named.append(self._named)
        fold.on_sent.append(contents.follow)
        fold.on_restored.append(self._restart)

    def tray(self, name: str) -> Tray | None:
        """Return the tray of a recipient, laid out; None: the log has never named it."""
        number = self._fold.state.directory.find(name)
        if number is None:
            return None
        tray = self.trays.get(number)
        if tray is None:
            tray = self.trays[number] = Tray(lambda: self._fold.state, number, self._now)
        tray.used_at = self._clock.monotonic()
        return tray

    def wake_when_named(self, name: str, waker: asyncio.Event) -> None:
        """Have somebody woken when the log names a recipient that it has never named so far."""
        self._awaiting.setdefault(name, set()).add(waker)

    def wait_no_more(self, name: str, waker: asyncio.Event) -> None:
        """Have them woken no more."""
        wakers = self._awaiting.get(name)
        if wakers is not None:
            wakers.discard(waker)
            if not wakers:
                del self._awaiting[name]

    async def deliver(self, tray: Tray, outs: Sequence[Out]) -> list[Delivered]:
        """Hand over what was taken from a tray; it counts as delivered from now on."""
        try:
            contents = await self._contents.of(out.letter for out in outs)
        except BaseException:
            for out in outs:
                if tray.out.get(out.letter.position) is out:
                    tray.put_back(out)
            raise
        handed = []
        for out in outs:
            content = contents.get(out.letter.sent)
            if content is None:
                # It waits for a key, without counting as delivered; another node may have that.
                tray.put_back(out, self._now() + _UNREADABLE_AGAIN)
                continue
            self._count(tray, out)
            handed.append(Delivered(content, out))
        return handed

    def hand_over(self, name: str, letter: Letter, transport: str) -> Out | None:
        """Hand over a letter out of its turn; None: it is out already, or not to be had now."""
        tray = self.tray(name)
        out = None if tray is None else tray.take_one(letter, transport)
        if tray is not None and out is not None:
            self._count(tray, out)
        return out

    def acknowledge(self, name: str, message_id: str) -> asyncio.Future[int]:
        """Take an acknowledgement; the result is its position in the log, once it is durable.

        Raises:
            AlreadyAcknowledged: It is on its way into the log.
            NotARecipient: Nothing of this id is open for the recipient; whether it ever was, the
                read model knows.
        """
        letter, number, _, out = self._open(name, message_id)
        position = letter.position
        key = (position, number)
        if key in self._acknowledging:
            raise AlreadyAcknowledged(message_id=message_id)
        if out is None:
            item = Acknowledged(position, name, 0, "", None)
        else:
            out.settling = True
            item = Acknowledged(position, name, out.attempt, out.transport, out.delivered_at)
        self._acknowledging.add(key)
        future = self._records.acknowledged(item, of_many=letter.bits is not None)
        future.add_done_callback(lambda _: self._acknowledging.discard(key))
        return future

    def refuse(
        self,
        name: str,
        message_id: str,
        reason: str = "",
        *,
        retry_after: float | None = None,
        requeue: bool = True,
        why: str = REFUSED,
    ) -> asyncio.Future[int]:
        """Take a refusal of a delivery; the result is its position in the log, once durable.

        Args:
            name: Who refuses.
            message_id: What.
            reason: Why, for people.
            retry_after: When it is to be delivered again, seconds; None: as the terms say.
            requeue: Whether it is to be at all.
            why: How the delivery failed.

        Raises:
            AlreadyAcknowledged: It was acknowledged just now.
            NotARecipient: Nothing of this id is open for the recipient.
        """
        letter, number, known, out = self._open(name, message_id)
        if (letter.position, number) in self._acknowledging:
            raise AlreadyAcknowledged(message_id=message_id)
        told = f"{why}: {reason}" if reason else why
        if out is None:
            attempt = 1 if known is None else known.failures + 1
            out = Out(letter, attempt, "", self._now(), None)
        return self._fail(name, out, told, retry_after=retry_after, requeue=requeue)

    def put_back(self, name: str, delivered: Delivered) -> None:
        """Take a delivery back that did not take place after all; it does not count as one."""
        self.take_back(name, delivered.out)

    def take_back(self, name: str, out: Out) -> None:
        """Do the same with what is known of it."""
        tray = self.tray(name)
        if tray is not None and tray.out.get(out.letter.position) is out and not out.settling:
            tray.put_back(out)

    def return_all(self, tray: Tray, positions: Iterable[int]) -> None:
        """Have failed what was delivered over a connection that is gone; it goes out at once."""
        for position in tuple(positions):
            out = tray.out.get(position)
            if out is not None and not out.settling:
                _ = self._fail(tray.name, out, DISCONNECTED, retry_after=0.0)

    async def run(self) -> None:
        """Keep the time of what is out, and lay out letters to many, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._records.run())
            tasks.create_task(self._lay_out())
            tasks.create_task(self._tidy())
            while True:
                await self._clock.sleep(_LOOK)
                now = self._now()
                self._note(now)
                self._time_out(now)

    async def _lay_out(self) -> None:
        while True:
            await self._spread.wait()
            self._spread.clear()
            for number, tray in enumerate(tuple(self.trays.values())):
                self._fold.state.inbox(tray.number)
                if number % 50 == 49:
                    await asyncio.sleep(0)

    def _count(self, tray: Tray, out: Out) -> None:
        self._fresh.append((tray, out))
        heappush(self._deadlines, (out.deadline, next(self._order), tray, out))
        self.delivered[out.transport] = self.delivered.get(out.transport, 0) + 1

    def _note(self, now: float) -> None:
        while self._fresh and self._fresh[0][1].at + _NOTE_AFTER <= now:
            tray, out = self._fresh.popleft()
            if tray.out.get(out.letter.position) is out and not out.settling:
                self._records.noted(
                    Noted(
                        out.letter.position,
                        tray.name,
                        out.attempt,
                        out.transport,
                        out.delivered_at,
                        datetime.fromtimestamp(out.deadline, UTC),
                    )
                )

    def _time_out(self, now: float) -> None:
        while self._deadlines and self._deadlines[0][0] <= now:
            _, _, tray, out = heappop(self._deadlines)
            if tray.out.get(out.letter.position) is out and not out.settling:
                _ = self._fail(tray.name, out, TIMED_OUT)

    async def _tidy(self) -> None:
        """Put trays away from which nobody has collected for a while."""
        while True:
            await self._clock.sleep(_LINGER / 4)
            before = self._clock.monotonic() - _LINGER
            for number, tray in tuple(self.trays.items()):
                if not tray.wakers and not tray.out and tray.used_at < before:
                    tray.close()
                    del self.trays[number]

    def _fail(
        self,
        name: str,
        out: Out,
        reason: str,
        *,
        retry_after: float | None = None,
        requeue: bool = True,
    ) -> asyncio.Future[int]:
        out.settling = True
        retry_at = None
        if requeue and out.attempt < out.letter.max_attempts:
            if retry_after is None:
                retry_after = self._terms.backoff(out.attempt, self._random())
            retry_at = self._clock.now() + timedelta(seconds=retry_after)
        return self._records.failed(
            Failed(
                out.letter.position,
                name,
                out.attempt,
                out.transport,
                out.delivered_at,
                reason,
                retry_at,
            )
        )

    def _open(self, name: str, message_id: str) -> tuple[Letter, int, Delivery | None, Out | None]:
        room = self._fold.state
        found, number = room.find(message_id, name), room.directory.find(name)
        if found is None or number is None:
            raise NotARecipient(message_id=message_id)
        letter, known = found
        tray = self.trays.get(number)
        return letter, number, known, None if tray is None else tray.out.get(letter.position)

    def _named(self, name: str) -> None:
        for waker in self._awaiting.pop(name, ()):
            waker.set()

    def _restart(self) -> None:
        for tray in self.trays.values():
            tray.restart()
        for name in tuple(self._awaiting):
            self._named(name)

    def _now(self) -> float:
        return self._clock.now().timestamp()
