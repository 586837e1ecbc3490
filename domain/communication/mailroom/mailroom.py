"""The fold: what waits for whom, and what has to be done about it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from aia_mas.domain.communication.mailroom.directory import Directory
from aia_mas.domain.communication.mailroom.figures import CLASSES, ClassFigures
from aia_mas.domain.communication.mailroom.letter import EAGER, Delivery, Letter, bits_of
from aia_mas.domain.communication.mailroom.timetable import Timetable
from aia_mas.domain.communication.rules import Rule, ordered


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


class Mailroom:
    """What waits for whom.

    Attributes:
        directory: Who there is.
        rules: By id.
        in_order: The rules that are followed, in order.
        letters: Those that somebody has not got yet, by position.
        figures: By the number of the priority.
        held: How many letters wait for ids that are not registered.
        spent: Deliveries without a further attempt, by position and recipient: to be buried.
        expiring: Positions of letters by when they expire.
        out: Deliveries noted, by position and recipient's number, and their deadlines.
        fuller: Recipients that got more mail since somebody looked.
        listeners: Who delivers, by recipient's number.
        on_spread: Called when a letter to many has come, of which listeners are not told.
        on_sent: Called with the letter, its event and the names it is for, after it was put in.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.directory = Directory()
        self.rules: dict[str, Rule] = {}
        self.in_order: tuple[Rule, ...] = ()
        self.letters: dict[int, Letter] = {}
        self.figures = [ClassFigures() for _ in CLASSES]
        self.held = 0
        self.spent: dict[tuple[int, str], Delivery] = {}
        self.expiring: Timetable[int] = Timetable()
        self.out: Timetable[tuple[int, int]] = Timetable()
        self.fuller: set[int] = set()
        self.listeners: dict[int, Listener] = {}
        self.on_spread: Callable[[], None] = _nothing
        self.on_sent: Callable[[Letter, Any], None] = _nothing
        self._inboxes: dict[int, Inbox] = {}
        self._by_id: dict[str, list[Letter]] = {}
        self._spread: list[int] = []

    def set_rules(self, rules: dict[str, Rule]) -> None:
        """Have these rules."""
        self.rules, self.in_order = rules, ordered(rules.values())

    def inbox(self, number: int) -> Inbox | None:
        """Return the inbox of a recipient as it is now; None: it is empty."""
        inbox = self._inboxes.get(number)
        if inbox is None:
            if not any(self.letters[position].is_for(number) for position in self._spread):
                return None
            inbox = self._inboxes[number] = Inbox(number, 0)
        self._look(inbox)
        return inbox if inbox.open else None

    def waiting(self, name: str) -> int:
        """Return how many letters wait for a recipient."""
        number = self.directory.find(name)
        inbox = None if number is None else self.inbox(number)
        return 0 if inbox is None else len(inbox.open)

    def letters_of(self, message_id: str) -> tuple[Letter, ...]:
        """Return the open letters of a message: one, and more when it was queued again."""
        return tuple(self._by_id.get(message_id, ()))

    def find(self, message_id: str, name: str) -> tuple[Letter, Delivery | None] | None:
        """Return an open letter of a message to a recipient, and how its delivery goes."""
        number = self.directory.find(name)
        inbox = None if number is None else self.inbox(number)
        if inbox is not None:
            for letter in self._by_id.get(message_id, ()):
                if letter.position in inbox.open:
                    return letter, inbox.open[letter.position]
        return None

    def delivery(self, position: int, number: int) -> Delivery | None:
        """Return what is known of an open delivery; None: nothing, or it is not open."""
        inbox = self._inboxes.get(number)
        return None if inbox is None else inbox.open.get(position)

    def is_open(self, position: int, number: int) -> bool:
        """Tell whether a delivery is open."""
        letter = self.letters.get(position)
        if letter is None:
            return False
        if letter.bits is not None:
            return letter.is_for(number)
        return position in self._inboxes[number].open if number in letter.to else False

    def read(self, inbox: Inbox) -> Iterator[tuple[Letter, Delivery | None]]:
        """Yield what waits in an inbox, oldest first."""
        for position, delivery in inbox.open.items():
            yield self.letters[position], delivery

    def put(self, letter: Letter, named: set[int], group: set[int]) -> None:
        """Take in a letter.

        Args:
            letter: The letter.
            named: The recipients that are named.
            group: Those of groups, who are known only now.
        """
        numbers = named | group if group else named
        if not numbers:
            return
        letter.left = len(numbers)
        position = letter.position
        self.letters[position] = letter
        self._by_id.setdefault(letter.message_id, []).append(letter)
        if letter.expires is not None:
            self.expiring.add(position, letter.expires)
        if len(numbers) > EAGER:
            letter.bits = bits_of(numbers)
            self._spread.append(position)
            self.on_spread()
        else:
            letter.to = tuple(sorted(numbers))
            for number in letter.to:
                self._put_in(letter, number)
        figures = self.figures[letter.rank]
        figures.queued += len(numbers)

    def take_out(self, position: int, number: int) -> Letter | None:
        """Take a letter out of an inbox: it arrived, or is given up; None: it was not there."""
        letter = self.letters.get(position)
        inbox = None if letter is None else self._seen_by(letter, number)
        if letter is None or inbox is None or position not in inbox.open:
            return None
        self._taken(letter, inbox)
        recipient = self.directory.recipients[number]
        recipient.backlog = min(recipient.backlog, len(inbox.open))
        letter.left -= 1
        self.figures[letter.rank].queued -= 1
        if not letter.left:
            self._forget(letter)
        return letter

    def deliver(self, position: int, number: int, deadline: float) -> Letter | None:
        """Note that a letter is out until a deadline; None: it is not open."""
        found = self._open(position, number)
        if found is None:
            return None
        letter, inbox = found
        known = inbox.open[position]
        if known is None:
            known = inbox.open[position] = Delivery()
        if known.deadline:
            self.out.remove((position, number), known.deadline)
        known.deadline = deadline
        self.out.add((position, number), deadline)
        self._tell_changed(letter, number, known)
        return letter

    def fail(self, position: int, number: int, attempt: int, retry_at: float, why: str) -> None:
        """Note that an attempt failed; what is not open is none of ours any more."""
        found = self._open(position, number)
        if found is None:
            return
        letter, inbox = found
        known = inbox.open[position]
        if known is not None and attempt <= known.failures:
            return  # two saw the same attempt fail
        if known is not None and known.deadline:
            self.out.remove((position, number), known.deadline)
        delivery = inbox.open[position] = Delivery(attempt, retry_at, 0.0, why)
        figures = self.figures[letter.rank]
        figures.failed += 1
        figures.retried += not delivery.spent
        if delivery.spent:
            self.spent[position, self.directory.recipients[number].name] = delivery
        self._tell_changed(letter, number, delivery)

    def expire(self, letter: Letter) -> int:
        """Take a letter away from everybody who has not got it; tells from how many."""
        left, position = letter.left, letter.position
        inboxes = self._inboxes
        for number in letter.to if letter.bits is None else tuple(inboxes):
            inbox = inboxes[number]
            if position in inbox.open:
                self._taken(letter, inbox)
        self.figures[letter.rank].queued -= left
        letter.left = 0
        self._forget(letter)
        return left

    def inboxes(self) -> Iterator[Inbox]:
        """Yield every inbox that was looked into and is not empty."""
        return (inbox for inbox in self._inboxes.values() if inbox.open)

    def take_back(self, letter: Letter) -> None:
        """Take in a letter as it was written down; its recipients' inboxes follow."""
        position = letter.position
        self.letters[position] = letter
        self._by_id.setdefault(letter.message_id, []).append(letter)
        if letter.expires is not None:
            self.expiring.add(position, letter.expires)
        if letter.bits is not None:
            self._spread.append(position)

    def fill(self, number: int, seen: int, deliveries: list[tuple[int, Delivery | None]]) -> None:
        """Take in an inbox as it was written down."""
        inbox = self._inboxes[number] = Inbox(number, seen)
        inbox.open = dict(deliveries)
        self.fuller.add(number)
        self.count_held(number, len(deliveries))
        for position, delivery in deliveries:
            if delivery is not None and delivery.spent:
                self.spent[position, self.directory.recipients[number].name] = delivery
            elif delivery is not None and delivery.deadline:
                self.out.add((position, number), delivery.deadline)

    def count_held(self, number: int, by: int) -> None:
        """Count what waits for an id that is not registered."""
        if not self.directory.recipients[number].registered:
            self.held += by

    def _open(self, position: int, number: int) -> tuple[Letter, Inbox] | None:
        letter = self.letters.get(position)
        inbox = None if letter is None else self._seen_by(letter, number)
        if letter is None or inbox is None or position not in inbox.open:
            return None
        return letter, inbox

    def _seen_by(self, letter: Letter, number: int) -> Inbox | None:
        """Return the inbox of a recipient, with everything in it that belongs there."""
        inbox = self._inboxes.get(number)
        if inbox is None:
            if not letter.is_for(number):
                return None
            inbox = self._inboxes[number] = Inbox(number, 0)
        self._look(inbox)
        return inbox

    def _put_in(self, letter: Letter, number: int) -> None:
        inbox = self._inboxes.get(number)
        if inbox is None:
            inbox = self._inboxes[number] = Inbox(number, 0)
        # What came before it stands before it.
        self._look(inbox)
        inbox.open[letter.position] = None
        self.fuller.add(number)
        self.count_held(number, 1)
        listener = self.listeners.get(number)
        if listener is not None:
            listener.added(letter)

    def _look(self, inbox: Inbox) -> None:
        """Put letters to many into an inbox."""
        spread = self._spread
        if not spread or spread[-1] <= inbox.seen:
            return
        number = inbox.number
        listener = self.listeners.get(number)
        for position in spread[bisect_right(spread, inbox.seen) :]:
            letter = self.letters[position]
            if letter.is_for(number):
                inbox.open[position] = None
                self.fuller.add(number)
                self.count_held(number, 1)
                if listener is not None:
                    listener.added(letter)
        inbox.seen = spread[-1]

    def _taken(self, letter: Letter, inbox: Inbox) -> None:
        number = inbox.number
        delivery = inbox.open.pop(letter.position)
        if delivery is not None and delivery.deadline:
            self.out.remove((letter.position, number), delivery.deadline)
        if letter.bits is not None:
            letter.bits[number >> 3] &= ~(1 << (number & 7)) & 0xFF
        self.count_held(number, -1)
        if self.spent:
            self.spent.pop((letter.position, self.directory.recipients[number].name), None)
        listener = self.listeners.get(number)
        if listener is not None:
            listener.gone(letter)

    def _tell_changed(self, letter: Letter, number: int, delivery: Delivery) -> None:
        listener = self.listeners.get(number)
        if listener is not None:
            listener.changed(letter, delivery)

    def _forget(self, letter: Letter) -> None:
        position = letter.position
        del self.letters[position]
        if letter.expires is not None:
            self.expiring.remove(position, letter.expires)
        letters = self._by_id[letter.message_id]
        letters.remove(letter)
        if not letters:
            del self._by_id[letter.message_id]
        if letter.bits is not None:
            self._spread.pop(bisect_right(self._spread, position) - 1)


def _nothing(*_: Any) -> None:
    """Hear it and do nothing."""
