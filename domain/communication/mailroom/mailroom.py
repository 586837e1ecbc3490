"""The fold: what waits for whom, and what has to be done about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from aia_mas.domain.communication.crowds import bits_of, crowd_of, crowd_of_bits, numbers_of
from aia_mas.domain.communication.mailroom.directory import Directory
from aia_mas.domain.communication.mailroom.figures import CLASSES, ClassFigures
from aia_mas.domain.communication.mailroom.inboxes import Inbox, Inboxes
from aia_mas.domain.communication.mailroom.letter import EAGER, Delivery, Letter
from aia_mas.domain.communication.mailroom.timetable import Timetable
from aia_mas.domain.communication.rules import Rule, ordered


class Mailroom:
    """What waits for whom.

    Attributes:
        directory: Who there is.
        rules: By id.
        in_order: The rules that are followed, in order.
        letters: Those that somebody has not got yet, by position.
        inboxes: Who has not got them.
        figures: By the number of the priority.
        held: How many deliveries are open for ids that are not registered.
        position: Of the last event that was folded.
        expiring: Positions of letters by when they expire.
        on_sent: Called with the letter and its event, after it was put in.
        on_acknowledged: Called with the position of a letter that arrived and the number of its
            recipient.
        on_connection: Called with the number of a recipient, the name under which a node writes,
            and whether a letter went over a connection of that node to it, or one is gone.
        on_given_up: Called with the same of a letter that is ``dead`` or ``dropped``, and which.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self.directory = Directory()
        self.rules: dict[str, Rule] = {}
        self.in_order: tuple[Rule, ...] = ()
        self.letters: dict[int, Letter] = {}
        self.inboxes = Inboxes(self.directory, self.letters)
        self.figures = [ClassFigures() for _ in CLASSES]
        self.held = 0
        self.position = 0
        self.expiring: Timetable[int] = Timetable()
        self.on_sent: Callable[[Letter, Any], None] = _nothing
        self.on_acknowledged: Callable[[int, int], None] = _nothing
        self.on_connection: Callable[[int, str, bool], None] = _nothing
        self.on_given_up: Callable[[int, int, str], None] = _nothing
        self._by_id: dict[str, list[Letter]] = {}

    def set_rules(self, rules: dict[str, Rule]) -> None:
        """Have these rules."""
        self.rules, self.in_order = rules, ordered(rules.values())

    def inbox(self, number: int) -> Inbox | None:
        """Return the inbox of a recipient as it is now; None: it is empty."""
        return self.inboxes.get(number)

    def waiting(self, name: str) -> int:
        """Return how many letters wait for a recipient."""
        number = self.directory.find(name)
        return 0 if number is None else self._waiting(number)

    def letters_of(self, message_id: str) -> tuple[Letter, ...]:
        """Return the open letters of a message: one, and more when it was queued again."""
        return tuple(self._by_id.get(message_id, ()))

    def find(self, message_id: str, name: str) -> tuple[Letter, Delivery | None] | None:
        """Return an open letter of a message to a recipient, and how its delivery goes."""
        number = self.directory.find(name)
        inbox = None if number is None else self.inboxes.get(number)
        if inbox is not None:
            for letter in self._by_id.get(message_id, ()):
                if letter.position in inbox.open:
                    return letter, inbox.open[letter.position]
        return None

    def delivery(self, position: int, number: int) -> Delivery | None:
        """Return what is known of an open delivery; None: nothing, or it is not open."""
        return self.inboxes.known(position, number)

    def is_open(self, position: int, number: int) -> bool:
        """Tell whether a delivery is open."""
        letter = self.letters.get(position)
        return letter is not None and self.inboxes.has(letter, number)

    def read(self, inbox: Inbox) -> Iterator[tuple[Letter, Delivery | None]]:
        """Yield what waits in an inbox, oldest first."""
        for position, delivery in inbox.open.items():
            yield self.letters[position], delivery

    def put(self, letter: Letter, named: Iterable[int], group: int = 0) -> None:
        """Take in a letter.

        Args:
            letter: The letter.
            named: The recipients that are named.
            group: The crowd of those of groups, who are known only now.
        """
        numbers, crowd = tuple(sorted(set(named))), 0
        if group or len(numbers) > EAGER:
            crowd = crowd_of(numbers) | group
            if crowd.bit_count() <= EAGER:
                numbers, crowd = tuple(numbers_of(crowd)), 0
        letter.left = crowd.bit_count() if crowd else len(numbers)
        if not letter.left:
            return
        self._enter(letter)
        self.figures[letter.rank].queued += letter.left
        if crowd:
            letter.bits = bits_of(crowd)
            self.held += self._unregistered(crowd)
            self.inboxes.spread(letter.position, crowd)
            return
        letter.to = numbers
        recipients = self.directory.recipients
        for number in numbers:
            self.held += not recipients[number].registered
            self.inboxes.put_in(letter, number)

    def acknowledge(self, position: int, number: int) -> Letter | None:
        """Take out a letter that arrived; None: it was not open, or was given up before."""
        letter = self.letters.get(position)
        if letter is None:
            return None
        if not self.inboxes.strike(letter, number):
            inbox = self.inboxes.having(letter, number)
            if inbox is None:
                return None
            known = inbox.open[position]
            if known is not None and known.spent:
                # The first outcome holds: it is dead, that is only not yet written.
                return None
            self.inboxes.take_out(letter, inbox)
        self.on_acknowledged(position, number)
        self._taken(letter, number)
        return letter

    def take_out(self, position: int, number: int, status: str) -> Letter | None:
        """Take a letter out of an inbox, since it is given up; None: it was not there.

        Args:
            position: The letter's.
            number: The recipient's.
            status: Whether it is ``dead`` or ``dropped``.
        """
        found = self._open(position, number)
        if found is None:
            return None
        self.inboxes.take_out(*found)
        self.on_given_up(position, number, status)
        self._taken(found[0], number)
        return found[0]

    def deliver(self, position: int, number: int, attempt: int, deadline: float) -> None:
        """Note that a letter is out until a deadline, unless that attempt has failed already."""
        found = self._open(position, number)
        if found is None:
            return
        letter, inbox = found
        known = inbox.open[position] or Delivery()
        if attempt > known.failures and not known.spent:
            out = Delivery(known.failures, known.retry_at, deadline, known.reason)
            self.inboxes.change(letter, inbox, out)

    def fail(self, position: int, number: int, attempt: int, retry_at: float, why: str) -> None:
        """Note that an attempt failed; what is not open is none of ours any more."""
        found = self._open(position, number)
        if found is None:
            return
        letter, inbox = found
        known = inbox.open[position]
        if known is not None and (attempt <= known.failures or known.spent):
            return  # two saw the same attempt fail
        delivery = Delivery(attempt, retry_at, 0.0, why)
        figures = self.figures[letter.rank]
        figures.failed += 1
        figures.retried += not delivery.spent
        self.inboxes.change(letter, inbox, delivery)

    def give_back(self, position: int, number: int, attempt: int) -> None:
        """Note that a letter is out no more, as if that attempt had not been made."""
        found = self._open(position, number)
        if found is None:
            return
        letter, inbox = found
        known = inbox.open[position]
        if known is not None and known.deadline and attempt > known.failures:
            back = Delivery(known.failures, known.retry_at, 0.0, known.reason)
            self.inboxes.change(letter, inbox, back)

    def expire(self, letter: Letter, at: int) -> int:
        """Take a letter away from everybody who has not got it.

        Args:
            letter: The letter.
            at: The position of the event that says so.

        Returns:
            How many they are.
        """
        left = letter.left
        self.figures[letter.rank].queued -= left
        letter.left = 0
        self._leave(letter)
        if letter.bits is not None:
            self.held -= self._unregistered(crowd_of_bits(letter.bits))
            self.inboxes.clear_of(letter, at)
            return left
        for number in letter.to:
            inbox = self.inboxes.having(letter, number)
            if inbox is not None:
                self.inboxes.take_out(letter, inbox)
                self._has_less(number)
        return left

    def declare(self, number: int) -> None:
        """Note that somebody is an agent from now on."""
        self.held -= self._waiting(number)

    def leave(self, number: int) -> None:
        """Note that an agent is none any more."""
        self.held += self._waiting(number)
        self.directory.leave(number, self.position)
        self.inboxes.fuller.add(number)
        self.inboxes.forget(number)

    def restore_letter(self, letter: Letter) -> None:
        """Take in a letter as it was written down; its recipients' inboxes follow."""
        self._enter(letter)
        if letter.bits is not None:
            self.held += self._unregistered(crowd_of_bits(letter.bits))
            self.inboxes.restore_spread(letter.position)

    def restore_inbox(
        self, number: int, seen: int, deliveries: list[tuple[int, Delivery | None]]
    ) -> None:
        """Take in some of an inbox as it was written down."""
        self.inboxes.restore(number, seen, deliveries)
        if not self.directory.recipients[number].registered:
            letters = self.letters
            self.held += sum(letters[position].bits is None for position, _ in deliveries)

    def _open(self, position: int, number: int) -> tuple[Letter, Inbox] | None:
        letter = self.letters.get(position)
        inbox = None if letter is None else self.inboxes.having(letter, number)
        return None if letter is None or inbox is None else (letter, inbox)

    def _waiting(self, number: int) -> int:
        inbox = self.inboxes.get(number)
        return 0 if inbox is None else len(inbox.open)

    def _unregistered(self, crowd: int) -> int:
        return (crowd & ~self.directory.registered).bit_count()

    def _taken(self, letter: Letter, number: int) -> None:
        """Count what was taken out of an inbox."""
        self.figures[letter.rank].queued -= 1
        letter.left -= 1
        if not letter.left:
            self._leave(letter)
        self._has_less(number)

    def _has_less(self, number: int) -> None:
        if not self.directory.recipients[number].registered:
            self.held -= 1
            self.inboxes.forget(number)

    def _enter(self, letter: Letter) -> None:
        self.letters[letter.position] = letter
        self._by_id.setdefault(letter.message_id, []).append(letter)
        if letter.expires is not None:
            self.expiring.add(letter.position, letter.expires)

    def _leave(self, letter: Letter) -> None:
        """Forget a letter that is to nobody any more."""
        del self.letters[letter.position]
        if letter.expires is not None:
            self.expiring.remove(letter.position, letter.expires)
        letters = self._by_id[letter.message_id]
        letters.remove(letter)
        if not letters:
            del self._by_id[letter.message_id]
        if letter.bits is not None:
            self.inboxes.gather(letter.position)


def _nothing(*_: Any) -> None:
    """Hear it and do nothing."""
