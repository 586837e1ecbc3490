"""What is to be delivered to one recipient on this node, in which order, and what is out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from heapq import heappop, heappush

from aia_mas.domain.communication.mailroom.letter import Delivery, Letter
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.orchestration.task_specification import Priority

_OFFSETS = [priority.offset_seconds for priority in Priority]
_GRACE = 5.0
"""Seconds after the deadline of another node's delivery before it is looked at again here."""


class Out:
    """A delivery whose acknowledgement is out.

    Attributes:
        letter: What was delivered.
        attempt: Which delivery, from 1.
        transport: How.
        at: When, seconds since 1970.
        deadline: Until when it is to be acknowledged.
        noted: The log knows of it.
        settling: What became of it is on its way into the log.
        room: Whose window it takes room in; None: nobody's.
    """

    __slots__ = ("at", "attempt", "deadline", "letter", "noted", "room", "settling", "transport")

    def __init__(
        self, letter: Letter, attempt: int, transport: str, at: float, room: set[int] | None
    ) -> None:
        """Deliver it now."""
        self.letter = letter
        self.attempt = attempt
        self.transport = transport
        self.at = at
        self.deadline = at + letter.ack_seconds
        self.noted = False
        self.settling = False
        self.room = room

    @property
    def delivered_at(self) -> datetime:
        """When it was delivered, UTC."""
        return datetime.fromtimestamp(self.at, UTC)


class Tray:
    """The letters of one recipient that this node may deliver.

    The next one is that whose turn is first by the time from which it could be delivered and the
    offset of its priority, as the dispatcher orders tasks: so nothing waits for ever. Of one
    priority, those that were never delivered go in the order of the log.

    Attributes:
        number: The recipient's number in the mailroom.
        name: Its id.
        out: What is out, by position.
        used_at: When somebody collected here last, monotonic seconds.
        wakers: Set when there may be something new: one of each who collects.
    """

    def __init__(
        self, mailroom: Callable[[], Mailroom], number: int, now: Callable[[], float]
    ) -> None:
        """Take out what waits, and listen to what comes.

        Args:
            mailroom: What is known on this node.
            number: The recipient's.
            now: Tells the time, seconds since 1970.
        """
        self.number = number
        self.name = mailroom().directory.recipients[number].name
        self.out: dict[int, Out] = {}
        self.wakers: set[asyncio.Event] = set()
        self.used_at = 0.0
        self._mailroom = mailroom
        self._now = now
        self._begin()

    def _begin(self) -> None:
        self._lanes: tuple[deque[Letter], ...] = tuple(deque() for _ in Priority)
        self._again: tuple[list[tuple[int, Letter]], ...] = tuple([] for _ in Priority)
        self._later: list[tuple[float, int, Letter]] = []
        room = self._mailroom()
        # Whatever was put in by looking must not be heard of twice.
        inbox = room.inbox(self.number)
        room.listeners[self.number] = self
        if inbox is not None:
            for letter, delivery in room.read(inbox):
                if delivery is None:
                    self._put(letter)
                else:
                    self._put_again(letter, delivery)

    def restart(self) -> None:
        """Begin anew, when the mailroom is another one; what is out stays out."""
        self._begin()
        self.out = {
            position: out
            for position, out in self.out.items()
            if self._mailroom().is_open(position, self.number)
        }
        self.wake()

    def close(self) -> None:
        """Listen no more."""
        self._mailroom().listeners.pop(self.number, None)

    def added(self, letter: Letter) -> None:
        """Hear of a letter to deliver."""
        self._put(letter)
        self.wake()

    def changed(self, letter: Letter, delivery: Delivery) -> None:
        """Hear that something became of an attempt."""
        out = self.out.get(letter.position)
        if delivery.deadline:
            if out is not None:
                out.noted = True
            else:
                self._put_again(letter, delivery)
            return
        if out is not None and out.attempt <= delivery.failures:
            self._settle(out)
        self._put_again(letter, delivery)
        self.wake()

    def gone(self, letter: Letter) -> None:
        """Hear of a letter that is not to be delivered any more."""
        out = self.out.get(letter.position)
        if out is not None:
            self._settle(out)
            self.wake()

    def wake(self) -> None:
        """Have those look who collect here."""
        for waker in self.wakers:
            waker.set()

    def next_due(self) -> float | None:
        """Return when something can be delivered that cannot yet, seconds since 1970."""
        return self._later[0][0] if self._later else None

    def take(
        self,
        most: int,
        transport: str,
        room: set[int] | None = None,
        *,
        critical: int = 0,
        most_bytes: int | None = None,
    ) -> list[Out]:
        """Take letters out to be delivered now, the next first.

        Args:
            most: How many, at most.
            transport: How they are delivered.
            room: Where they are counted as long as they are out.
            critical: How many more there may be of those that are critical.
            most_bytes: No further one when their payloads have come to so much.
        """
        now, taken, size = self._now(), list[Out](), 0
        mailroom = self._mailroom()
        mailroom.inbox(self.number)
        while self._later and self._later[0][0] <= now:
            _, position, due = heappop(self._later)
            heappush(self._again[due.rank], (position, due))
        while len(taken) < most + critical:
            letter = self._first(now, only_critical=len(taken) >= most)
            if letter is None:
                break
            known = mailroom.delivery(letter.position, self.number)
            attempt = 1 if known is None else known.failures + 1
            out = self.out[letter.position] = Out(letter, attempt, transport, now, room)
            if room is not None:
                room.add(letter.position)
            taken.append(out)
            size += letter.size
            if most_bytes is not None and size >= most_bytes:
                break
        return taken

    def take_one(self, letter: Letter, transport: str) -> Out | None:
        """Take a letter out of its turn; None: it is out already, or cannot be delivered now."""
        now, mailroom = self._now(), self._mailroom()
        mailroom.inbox(self.number)
        if letter.available > now or not self._can_go(letter, now):
            return None
        known = mailroom.delivery(letter.position, self.number)
        attempt = 1 if known is None else known.failures + 1
        # Where it stood it is thrown away when its turn comes.
        out = self.out[letter.position] = Out(letter, attempt, transport, now, None)
        return out

    def put_back(self, out: Out, until: float = 0.0) -> None:
        """Take a delivery back that did not take place after all.

        Args:
            out: The delivery.
            until: When there is another one at the soonest, seconds since 1970.
        """
        self._settle(out)
        if until:
            heappush(self._later, (until, out.letter.position, out.letter))
        else:
            heappush(self._again[out.letter.rank], (out.letter.position, out.letter))
        self.wake()

    def _first(self, now: float, *, only_critical: bool) -> Letter | None:
        """Take the letter whose turn it is from its place."""
        best: tuple[float, int] | None = None
        chosen: deque[Letter] | list[tuple[int, Letter]] | None = None
        for rank, offset in enumerate(_OFFSETS[:1] if only_critical else _OFFSETS):
            for place in (self._lanes[rank], self._again[rank]):
                head = self._head(place, now)
                if head is not None:
                    key = (head.available + offset, head.position)
                    if best is None or key < best:
                        best, chosen = key, place
        if chosen is None:
            return None
        return chosen.popleft() if isinstance(chosen, deque) else heappop(chosen)[1]

    def _head(self, place: deque[Letter] | list[tuple[int, Letter]], now: float) -> Letter | None:
        """Return the first letter of a place that can be delivered, and throw away what cannot."""
        while place:
            letter = place[0] if isinstance(place, deque) else place[0][1]
            if self._can_go(letter, now):
                return letter
            if isinstance(place, deque):
                place.popleft()
            else:
                heappop(place)
        return None

    def _can_go(self, letter: Letter, now: float) -> bool:
        if letter.position in self.out or letter.is_over(now):
            return False
        room = self._mailroom()
        if not room.is_open(letter.position, self.number):
            return False
        known = room.delivery(letter.position, self.number)
        if known is None:
            return True
        # Else it stands where it belongs: among those that are to be delivered later, or nowhere.
        return known.retry_at <= now and (not known.deadline or known.deadline + _GRACE <= now)

    def _put(self, letter: Letter) -> None:
        if letter.available > letter.sent_at and letter.sent == letter.position:
            heappush(self._later, (letter.available, letter.position, letter))
        else:
            self._lanes[letter.rank].append(letter)

    def _put_again(self, letter: Letter, delivery: Delivery) -> None:
        if delivery.deadline:
            heappush(self._later, (delivery.deadline + _GRACE, letter.position, letter))
        elif not delivery.spent:
            due = max(delivery.retry_at, letter.available)
            heappush(self._later, (due, letter.position, letter))

    def _settle(self, out: Out) -> None:
        del self.out[out.letter.position]
        if out.room is not None:
            out.room.discard(out.letter.position)
