"""The inboxes of all recipients; letters to many are put into one when it is looked into."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from math import inf
from typing import Protocol

from aia_mas.domain.communication.crowds import crowd_of_bits, numbers_of
from aia_mas.domain.communication.mailroom.directory import Directory
from aia_mas.domain.communication.mailroom.letter import Delivery, Letter
from aia_mas.domain.communication.mailroom.timetable import Timetable

_CLEARED = 64
"""Inboxes that are cleared at once of letters to many that expired."""


class Listener(Protocol):
    """Who delivers to a recipient, and hears what changes in its inbox."""

    def added(self, letter: Letter) -> None:
        """Hear of a letter to deliver."""
        ...

    def changed(self, letter: Letter, delivery: Delivery) -> None:
        """Hear that something became of an attempt."""
        ...

    def gone(self, letter: Letter) -> None:
        """Hear of a letter that is not to be delivered any more."""
        ...


class Inbox:
    """What one recipient has not got yet.

    Attributes:
        number: The recipient's.
        open: By position, in that order; None: nothing is known of the delivery.
        seen: The position up to which letters to many were put in.
    """

    __slots__ = ("number", "open", "seen")

    def __init__(self, number: int, seen: int) -> None:
        """Begin empty."""
        self.number = number
        self.open: dict[int, Delivery | None] = {}
        self.seen = seen


class Inboxes:
    """Inboxes by the numbers of their recipients.

    Letters to many are put into an inbox when it is looked into, and taken out then when they have
    expired, so that no event takes long however many recipients there are. Whoever asks for an
    inbox looks into it first: nobody can tell the difference.

    Attributes:
        spent: Deliveries without a further attempt, by position and then recipient: to be buried.
        out: Deliveries noted, by position and recipient's number, and their deadlines.
        fuller: Recipients that got more mail since somebody looked.
        on_spread: Called with the crowd of those for whom a letter to many has come, or expired;
            listeners are not told of it.
    """

    def __init__(self, directory: Directory, letters: Mapping[int, Letter]) -> None:
        """Begin with none.

        Args:
            directory: Who there is.
            letters: Those that somebody has not got yet, by position.
        """
        self.spent: dict[int, dict[str, Delivery]] = {}
        self.out: Timetable[tuple[int, int]] = Timetable()
        self.fuller: set[int] = set()
        self.on_spread: Callable[[int], None] = _nothing
        self._directory = directory
        self._letters = letters
        self._inboxes: dict[int, Inbox] = {}
        self._listeners: dict[int, Listener] = {}
        self._spread: list[int] = []
        # Letters to many that expired, each with the position of the event that said so; and the
        # inboxes that are still to be cleared of the first so many of them.
        self._over: list[tuple[int, Letter]] = []
        self._clearing: list[int] = []
        self._covered = 0
        # Those who may be nobody whom anything is to be known of any more.
        self._strangers: list[int] = []

    @property
    def has_spread(self) -> bool:
        """Whether there are letters to many."""
        return bool(self._spread)

    def get(self, number: int) -> Inbox | None:
        """Return the inbox of a recipient as it is now; None: it is empty."""
        inbox = self._inboxes.get(number)
        if inbox is None:
            if not self._spread:
                return None
            inbox = self._inboxes[number] = Inbox(number, 0)
        self._look(inbox)
        return inbox if inbox.open else None

    def having(self, letter: Letter, number: int) -> Inbox | None:
        """Return the inbox of a recipient if a letter is in it."""
        inbox = self._inboxes.get(number)
        if inbox is None:
            if not letter.is_for(number):
                return None
            inbox = self._inboxes[number] = Inbox(number, 0)
        self._look(inbox)
        return inbox if letter.position in inbox.open else None

    def known(self, position: int, number: int) -> Delivery | None:
        """Return what is known of an open delivery; None: nothing, or it is not open."""
        inbox = self._inboxes.get(number)
        return None if inbox is None else inbox.open.get(position)

    def has(self, letter: Letter, number: int) -> bool:
        """Tell whether an open letter is in an inbox, or belongs there."""
        if letter.bits is not None:
            return letter.is_for(number)
        inbox = self._inboxes.get(number)
        return inbox is not None and letter.position in inbox.open

    def at_most(self, number: int) -> int:
        """Return how much there may be in an inbox at most, without looking into it."""
        inbox = self._inboxes.get(number)
        if inbox is None:
            return len(self._spread)
        return len(inbox.open) + len(self._spread) - bisect_right(self._spread, inbox.seen)

    def all(self) -> list[Inbox]:
        """Return all that were looked into and are not empty, in an order that stays."""
        return [inbox for inbox in self._inboxes.values() if inbox.open]

    def settle(self, inbox: Inbox) -> None:
        """Take letters to many that have expired out of an inbox."""
        for at, letter in self._over:
            if letter.position in inbox.open:
                # In the order of the log: what waited when it expired counts.
                self._pour(inbox, at)
                self.take_out(letter, inbox)

    def put_in(self, letter: Letter, number: int) -> None:
        """Put a letter into an inbox, behind all that came before it."""
        inbox = self._inboxes.get(number)
        if inbox is None:
            inbox = self._inboxes[number] = Inbox(number, 0)
        self._look(inbox)
        self._enter(letter, inbox)

    def spread(self, position: int, crowd: int) -> None:
        """Have a letter to many be in all inboxes where it belongs (``crowd``: whose)."""
        self._spread.append(position)
        self.on_spread(crowd)

    def gather(self, position: int) -> None:
        """Forget a letter to many that everybody has got."""
        self._spread.pop(bisect_right(self._spread, position) - 1)

    def clear_of(self, letter: Letter, at: int) -> None:
        """Have a letter to many that has expired be in no inbox (``at``: the event's position)."""
        self._over.append((at, letter))
        # Who never looked into theirs has nothing to be cleared of, and may be forgotten.
        missed = crowd_of_bits(letter.bits or b"")
        self.doubt(numbers_of(missed & ~self._directory.registered))
        self.on_spread(missed)
        if not self._clearing:
            self._begin_clearing()

    def clear(self) -> None:
        """Look into some of the inboxes in which something expired may be left."""
        for _ in range(min(_CLEARED, len(self._strangers))):
            self.forget(self._strangers.pop())
        if not self._over:
            return
        for _ in range(min(_CLEARED, len(self._clearing))):
            number = self._clearing.pop()
            if number in self._inboxes and self.get(number) is None:
                self.forget(number)
        if not self._clearing:
            del self._over[: self._covered]
            if self._over:
                self._begin_clearing()

    def take_out(self, letter: Letter, inbox: Inbox) -> None:
        """Take a letter out of an inbox in which it is."""
        number, position = inbox.number, letter.position
        delivery = inbox.open.pop(position)
        recipient = self._directory.recipients[number]
        if delivery is not None:
            if delivery.deadline:
                self.out.remove((position, number), delivery.deadline)
            if delivery.spent:
                self._buried(position, recipient.name)
        letter.strike(number)
        if recipient.backlog > len(inbox.open):
            recipient.backlog = len(inbox.open)
        listener = self._listeners.get(number)
        if listener is not None:
            listener.gone(letter)

    def strike(self, letter: Letter, number: int) -> bool:
        """Take a letter to many from somebody who has not looked; tells whether that was enough."""
        inbox = self._inboxes.get(number)
        if (
            not letter.is_for(number)
            or (inbox is not None and letter.position <= inbox.seen)
            or number in self._listeners
            or self._directory.recipients[number].backlog
        ):
            return False
        letter.strike(number)
        return True

    def change(self, letter: Letter, inbox: Inbox, delivery: Delivery) -> None:
        """Note what is known of the delivery of a letter now, in place of what was known before."""
        number, position = inbox.number, letter.position
        before = inbox.open[position]
        if before is not None and before.deadline:
            self.out.remove((position, number), before.deadline)
        inbox.open[position] = delivery
        self._keep(position, number, delivery)
        listener = self._listeners.get(number)
        if listener is not None:
            listener.changed(letter, delivery)

    def listen(self, number: int, listener: Listener) -> None:
        """Have somebody hear what changes in an inbox from now on."""
        self._listeners[number] = listener

    def hush(self, number: int, listener: Listener) -> None:
        """Have them hear no more."""
        if self._listeners.get(number) is listener:
            del self._listeners[number]
            self.forget(number)

    def forget(self, number: int) -> None:
        """Forget a recipient for whom nothing waits, if there is nothing to know it by."""
        recipient = self._directory.recipients[number]
        if not recipient.name or recipient.registered or number in self._listeners:
            return
        if self.get(number) is None and self._directory.forget(number):
            self._inboxes.pop(number, None)
            self.fuller.discard(number)

    def doubt(self, numbers: Iterable[int]) -> None:
        """Have some recipients forgotten soon, as far as nothing is to be known of them."""
        self._strangers += numbers

    def restore_spread(self, position: int) -> None:
        """Take in a letter to many as it was written down."""
        self._spread.append(position)

    def restore(
        self, number: int, seen: int, deliveries: list[tuple[int, Delivery | None]]
    ) -> None:
        """Take in some of an inbox as it was written down."""
        inbox = self._inboxes.get(number)
        if inbox is None:
            inbox = self._inboxes[number] = Inbox(number, seen)
        inbox.open.update(deliveries)
        self.fuller.add(number)
        for position, delivery in deliveries:
            if delivery is not None:
                self._keep(position, number, delivery)

    def _keep(self, position: int, number: int, delivery: Delivery) -> None:
        if delivery.spent:
            name = self._directory.recipients[number].name
            self.spent.setdefault(position, {})[name] = delivery
        elif delivery.deadline:
            self.out.add((position, number), delivery.deadline)

    def _buried(self, position: int, name: str) -> None:
        spent = self.spent.get(position)
        if spent is not None:
            spent.pop(name, None)
            if not spent:
                del self.spent[position]

    def _begin_clearing(self) -> None:
        self._clearing, self._covered = list(self._inboxes), len(self._over)

    def _look(self, inbox: Inbox) -> None:
        """Do what was put off."""
        if self._over:
            self.settle(inbox)
        if self._spread and self._spread[-1] > inbox.seen:
            self._pour(inbox, inf)

    def _pour(self, inbox: Inbox, until: float) -> None:
        """Put letters to many into an inbox, those that came before a position."""
        for position in self._spread[bisect_right(self._spread, inbox.seen) :]:
            if position > until:
                return
            inbox.seen = position
            letter = self._letters[position]
            if letter.is_for(inbox.number):
                self._enter(letter, inbox)

    def _enter(self, letter: Letter, inbox: Inbox) -> None:
        inbox.open[letter.position] = None
        self.fuller.add(inbox.number)
        listener = self._listeners.get(inbox.number)
        if listener is not None:
            listener.added(letter)


def _nothing(_crowd: int) -> None:
    """Hear it and do nothing."""
