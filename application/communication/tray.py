"""What is to be delivered to one recipient on this node, in which order, and what is out."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from heapq import heappop
from math import inf

from aia_mas.application.communication.out import Out
from aia_mas.application.communication.places import Places
from aia_mas.application.communication.sharing import Sharing
from aia_mas.domain.communication.mailroom.letter import Delivery, Letter
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.orchestration.task_specification import Priority

_OFFSETS = [priority.offset_seconds for priority in Priority]
_GRACE = 15.0
"""Seconds after the deadline of another node's delivery before it is looked at again here.

More than the courier takes to say what became of it.
"""
_TIDY = 1_024
"""Letters that are settled before it is looked at how many of those lie about."""


class Tray:
    """The letters of one recipient that this node may deliver.

    The next one is that whose turn is first by the time from which it could be delivered and the
    offset of its priority, as the dispatcher orders tasks: so nothing waits for ever. Of one
    priority, those that were never delivered go in the order of the log.

    Attributes:
        number: The recipient's number in the mailroom.
        name: Its id.
        sharing: Leaves to other nodes what is theirs to deliver.
        out: What is out, by position.
        used_at: When somebody collected here last, monotonic seconds.
        wakers: Set when there may be something new: one of each who collects.
    """

    def __init__(
        self,
        mailroom: Callable[[], Mailroom],
        number: int,
        now: Callable[[], float],
        sharing: Sharing,
        settled: Callable[[Out], None] = lambda _: None,
    ) -> None:
        """Take out what waits, and listen to what comes.

        Args:
            mailroom: What is known on this node.
            number: The recipient's.
            now: Tells the time, seconds since 1970.
            sharing: Leaves to other nodes what is theirs to deliver.
            settled: Called with whatever is out no more.
        """
        self.number = number
        self.name = mailroom().directory.recipients[number].name
        self.sharing = sharing
        self.out: dict[int, Out] = {}
        self.wakers: set[asyncio.Event] = set()
        self.used_at = 0.0
        self._mailroom = mailroom
        self._now = now
        self._settled = settled
        self._gone = 0
        self._begin()

    def _begin(self) -> None:
        self._places = Places()
        self.sharing.release()
        room = self._mailroom()
        # Whatever was put in by looking must not be heard of twice.
        inbox = room.inbox(self.number)
        room.inboxes.listen(self.number, self)
        if inbox is not None:
            for letter, delivery in room.read(inbox):
                if delivery is None:
                    self._places.add(letter)
                else:
                    self._put_again(letter, delivery)

    def restart(self) -> bool:
        """Begin anew, when the mailroom is another one; what is out and open there stays out.

        Returns:
            Whether anything is known there of the recipient, whose number may be another one.
        """
        room = self._mailroom()
        number = room.directory.find(self.name)
        for out in tuple(self.out.values()):
            if number is None or not room.is_open(out.letter.position, number):
                self._settle(out)
        if number is not None:
            self.number = number
            self._begin()
        self.wake()
        return number is not None

    def close(self) -> None:
        """Listen no more."""
        self._mailroom().inboxes.hush(self.number, self)

    def added(self, letter: Letter) -> None:
        """Hear of a letter to deliver."""
        self._places.add(letter)
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
            if self._places.has_some:
                # There is room for one of those in somebody's window.
                self.wake()
        self._gone += 1
        if self._gone >= _TIDY:
            self._gone = 0
            self._tidy()

    def wake(self) -> None:
        """Have those look who collect here."""
        for waker in self.wakers:
            waker.set()

    def next_due(self) -> float | None:
        """Return when something can be delivered that cannot yet, seconds since 1970."""
        later = self._places.later[0][0] if self._places.later else inf
        wait = self.sharing.wait()
        due = later if wait is None else min(later, self._now() + wait)
        return None if due == inf else due

    def look(self, *, share: bool) -> None:
        """Take back what other nodes were left that is not theirs any more (``share``: or all)."""
        now, sharing = self._now(), self.sharing
        given_up = sharing.give_up(lambda letter: self._is_due(letter, now))
        if given_up or not (share or sharing.wait() is None):
            self._begin()

    def take(
        self,
        most: int,
        transport: str,
        room: set[int] | None = None,
        *,
        critical: int = 0,
        spare: bool = False,
        most_bytes: int | None = None,
    ) -> list[Out]:
        """Take letters out to be delivered now, the next first.

        Args:
            most: How many, at most.
            transport: How they are delivered.
            room: Where they are counted as long as they are out, over a connection; None: over
                none, so they are not shared with connections of other nodes.
            critical: How many more there may be of those that are critical.
            spare: One of these is not, if its turn is before theirs.
            most_bytes: No further one when their payloads have come to so much.
        """
        now, taken, size = self._now(), list[Out](), 0
        mailroom, share = self._mailroom(), room is not None
        mailroom.inbox(self.number)
        self.look(share=share)
        self._places.come_due(now, mailroom.letters)
        while len(taken) < most + critical:
            urgent = len(taken) >= most and not (spare and self._presses(now, share))
            letter = self._first(now, only_critical=urgent, share=share)
            if letter is None:
                break
            spare = spare and letter.rank == 0
            taken.append(self._take(letter, transport, now, room))
            size += letter.size
            if most_bytes is not None and size >= most_bytes:
                break
        return taken

    def take_one(self, letter: Letter, transport: str) -> Out | None:
        """Take a letter out of its turn; None: it is out already, or cannot be delivered now."""
        now, mailroom = self._now(), self._mailroom()
        mailroom.inbox(self.number)
        if letter.available > now or not self._is_due(letter, now):
            return None
        # Where it stood it is thrown away when its turn comes.
        return self._take(letter, transport, now, None)

    def _take(self, letter: Letter, transport: str, now: float, room: set[int] | None) -> Out:
        known = self._mailroom().delivery(letter.position, self.number)
        attempt = 1 if known is None else known.failures + 1
        out = self.out[letter.position] = Out(self.name, letter, attempt, transport, now, room)
        if room is not None:
            room.add(letter.position)
        return out

    def put_back(self, out: Out, until: float = 0.0) -> None:
        """Take a delivery back that did not take place after all.

        Args:
            out: The delivery.
            until: When there is another one at the soonest, seconds since 1970.
        """
        self._settle(out)
        letter, places = out.letter, self._places
        if until:
            places.add_later(until, letter.position)
        elif out.attempt > 1 or letter.put_off:
            places.add_again(letter)
        else:
            # Nobody knows that it was out: its place is where it was.
            places.put_back(letter)
        self.wake()

    def _first(self, now: float, *, only_critical: bool, share: bool) -> Letter | None:
        """Take the letter whose turn it is from its place."""
        best: tuple[float, int] | None = None
        chosen: Letter | None = None
        place: deque[Letter] | list[tuple[float, int]] = []
        for rank, offset in enumerate(_OFFSETS[:1] if only_critical else _OFFSETS):
            lane, again = self._places.lanes[rank], self._places.again[rank]
            if not lane and not again:
                continue
            new, old = self._head_of_lane(lane, now, share), self._head_again(again, now, share)
            for letter, its_place in ((new, lane), (old, again)):
                if letter is not None:
                    key = (letter.available + offset, letter.position)
                    if best is None or key < best:
                        best, chosen, place = key, letter, its_place
        if isinstance(place, deque):
            place.popleft()
        elif chosen is not None:
            heappop(place)
        return chosen

    def _presses(self, now: float, share: bool) -> bool:
        """Tell whether a critical letter can be delivered."""
        lane, again = self._places.lanes[0], self._places.again[0]
        return self._head_of_lane(lane, now, share) is not None or (
            self._head_again(again, now, share) is not None
        )

    def _head_of_lane(self, lane: deque[Letter], now: float, share: bool) -> Letter | None:
        """Return the first letter that can be delivered, and throw away what cannot."""
        while lane:
            letter = lane[0]
            if self._is_due(letter, now) and not (share and self.sharing.hold(letter)):
                return letter
            # Whatever is known of its delivery put it among those to be delivered later; or it is
            # held for another node.
            lane.popleft()
        return None

    def _head_again(self, again: list[tuple[float, int]], now: float, share: bool) -> Letter | None:
        """Return the same of those that were put off."""
        letters = self._mailroom().letters
        while again:
            letter = letters.get(again[0][1])
            if letter is not None and self._is_here(letter, now):
                due = self._due(letter)
                if due <= now:
                    if not (share and self.sharing.hold(letter)):
                        return letter
                else:
                    # It was due before: the clock was set back, or it went out elsewhere.
                    self._places.add_later(due, letter.position)
            heappop(again)
        return None

    def _is_due(self, letter: Letter, now: float) -> bool:
        """Tell whether a letter can be delivered now."""
        return self._is_here(letter, now) and self._due(letter) <= now

    def _is_here(self, letter: Letter, now: float) -> bool:
        """Tell whether a letter is to be delivered at all, and is not out here."""
        position = letter.position
        return (
            position not in self.out
            and not letter.is_over(now)
            and self._mailroom().is_open(position, self.number)
        )

    def _due(self, letter: Letter) -> float:
        """Return when a letter may be delivered, by what is known of its delivery."""
        known = self._mailroom().delivery(letter.position, self.number)
        if known is None:
            # By the clock of whichever node took it in it is due; that may be ahead of this one.
            return letter.available if letter.put_off else -inf
        return _due_again(letter, known)

    def _put_again(self, letter: Letter, delivery: Delivery) -> None:
        self._places.add_later(_due_again(letter, delivery), letter.position)

    def _tidy(self) -> None:
        """Throw away what is settled, if it is most of what lies here.

        Otherwise that is done when its turn comes, which it may not for long: when nobody who
        collects here has room, and others settle what waits.
        """
        mailroom = self._mailroom()
        if len(self._places) > 2 * mailroom.inboxes.at_most(self.number) + _TIDY:
            self._places.tidy(lambda position: mailroom.is_open(position, self.number))

    def _settle(self, out: Out) -> None:
        del self.out[out.letter.position]
        out.over = True
        if out.room is not None:
            out.room.discard(out.letter.position)
        self._settled(out)


def _due_again(letter: Letter, delivery: Delivery) -> float:
    """Return when a letter may be delivered of whose delivery something is known."""
    if delivery.deadline:
        return delivery.deadline + _GRACE
    return max(delivery.retry_at, letter.available)
