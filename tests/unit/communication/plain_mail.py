"""Messages, kept in the plainest way: for every recipient what waits, and what came of the rest.

It folds the same events as the mailroom, and shares nothing with it but the matching of topics.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aia_mas.domain.communication import delivery_events as deliveries
from aia_mas.domain.communication import mailbox
from aia_mas.domain.communication import message_events as messages
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.topics import matches
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration import agent_events as agents
from aia_mas.domain.orchestration.task_specification import Priority


@dataclass
class Waiting:
    """What is open for one recipient."""

    position: int
    message_id: str
    from_agent: str
    priority: Priority
    put_off: bool
    available: datetime
    expires: datetime | None
    max_attempts: int
    failures: int = 0
    retry_at: datetime | None = None
    spent: bool = False
    deadline: datetime | None = None
    returned: bool = False
    reason: str = ""


@dataclass
class Person:
    """Somebody who has mail, or may get some."""

    registered: bool = False
    online: bool = False
    left: bool = False
    skills: tuple[str, ...] = ()
    role: str | None = None
    patterns: set[str] = field(default_factory=set)
    waiting: dict[int, Waiting] = field(default_factory=dict)
    backlog: int = 0


class PlainMail:
    """All messages, and where each stands.

    Attributes:
        people: By name.
        outcomes: What became of each letter for each recipient: by position and name.
        counts: Priority and word to number.
        position: Of the last event.
        lower: What has to be dropped as well, since something higher was.
    """

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.outcomes: dict[tuple[int, str], str] = {}
        self.counts: Counter[tuple[Priority, str]] = Counter()
        self.position = 0
        self.lower: set[tuple[int, str]] = set()

    def person(self, name: str) -> Person:
        """Return somebody, new if need be."""
        return self.people.setdefault(name, Person())

    def open(self) -> set[tuple[int, str]]:
        """Return what is open: positions and names."""
        return {
            (position, name) for name, person in self.people.items() for position in person.waiting
        }

    @property
    def held(self) -> int:
        """How much waits for those who are not registered."""
        return sum(len(each.waiting) for each in self.people.values() if not each.registered)

    def group(self, to: Destination, sender: str) -> set[str]:
        """Return who belongs to a group now, but for who sends."""
        return {
            name for name, person in self.people.items() if name != sender and _belongs(person, to)
        }

    def apply(self, position: int, stream: str, event: Event) -> None:
        """Fold one event."""
        self.position = position
        name = stream.partition("/")[2]
        match event:
            case messages.MessageSent():
                self._sent(position, name, event)
            case messages.MessageRedriven():
                for recipient in event.recipients:
                    again = Waiting(
                        position,
                        name,
                        event.from_agent,
                        event.priority,
                        False,
                        event.at,
                        event.expires_at,
                        event.max_attempts,
                    )
                    self._put(recipient, again)
            case messages.MessageExpired():
                for who, person in self.people.items():
                    for letter in tuple(person.waiting.values()):
                        over = letter.expires is not None and letter.expires <= event.at
                        if letter.message_id == name and over:
                            self._end(letter.position, who, "expired")
            case messages.MessageDied():
                for died in event.items:
                    self._end(event.position, died.recipient, "dead")
            case deliveries.DeliveriesReturned():
                for returned in event.items:
                    letter = self._letter(returned.position, returned.recipient)
                    if letter and letter.deadline and returned.attempt > letter.failures:
                        letter.deadline, letter.returned = None, True
            case deliveries.DeliveriesDropped():
                for dropped in event.items:
                    letter = self._letter(dropped.position, dropped.recipient)
                    if letter is not None and not letter.spent:
                        self._check_drop(dropped, letter)
                        self._end(dropped.position, dropped.recipient, "dropped")
            case deliveries.DeliveriesAcknowledged():
                for item in event.items:
                    letter = self._letter(item.position, item.recipient)
                    if letter is not None and not letter.spent:
                        self._end(item.position, item.recipient, "acknowledged")
            case deliveries.DeliveriesFailed():
                for failed in event.items:
                    self._failed(failed)
            case deliveries.DeliveriesNoted():
                for noted in event.items:
                    letter = self._letter(noted.position, noted.recipient)
                    if letter and not letter.spent and noted.attempt > letter.failures:
                        letter.deadline = noted.deadline
            case mailbox.TopicsSubscribed():
                self.person(name).patterns |= set(event.patterns)
                self.person(name).left = False
            case mailbox.TopicsUnsubscribed():
                self.person(name).patterns -= set(event.patterns)
            case agents.AgentRegistered():
                person = self.person(name)
                person.registered, person.online, person.left = True, True, False
                person.skills = tuple(event.capabilities.skills)
                person.role = event.capabilities.labels.get("role")
                person.backlog = len(person.waiting)
            case agents.AgentUnregistered():
                person = self.person(name)
                person.registered, person.online, person.left = False, False, True
                person.skills, person.role = (), None
            case agents.AgentWentOffline():
                self.person(name).online = False
            case agents.AgentCameOnline():
                self.person(name).online = True
                self.person(name).backlog = len(self.person(name).waiting)

    def _sent(self, position: int, message_id: str, event: messages.MessageSent) -> None:
        self.counts[event.priority, "sent"] += 1
        recipients = set(event.recipients)
        for to in event.goes_to or (event.to,):
            if not to.agents and not to.any_one:
                recipients |= self.group(to, event.from_agent)
        after = event.deliver_after or event.sent_at
        for name in recipients:
            letter = Waiting(
                position,
                message_id,
                event.from_agent,
                event.priority,
                after > event.sent_at,
                max(after, event.sent_at),
                event.expires_at,
                event.max_attempts,
            )
            self._put(name, letter)

    def _put(self, name: str, letter: Waiting) -> None:
        self.person(name).waiting[letter.position] = letter

    def _letter(self, position: int, name: str) -> Waiting | None:
        return self.person(name).waiting.get(position)

    def _failed(self, item: deliveries.Failed) -> None:
        letter = self._letter(item.position, item.recipient)
        if letter is None or letter.spent or item.attempt <= letter.failures:
            return
        letter.failures, letter.deadline = item.attempt, None
        letter.retry_at, letter.reason = item.retry_at, item.reason
        letter.spent = item.retry_at is None
        self.counts[letter.priority, "failed"] += 1

    def _end(self, position: int, name: str, outcome: str) -> None:
        person = self.person(name)
        letter = person.waiting.pop(position, None)
        if letter is None:
            return
        person.backlog = min(person.backlog, len(person.waiting))
        assert (position, name) not in self.outcomes
        self.outcomes[position, name] = outcome
        self.lower.discard((position, name))
        self.counts[letter.priority, outcome] += 1

    def _check_drop(self, dropped: deliveries.Dropped, letter: Waiting) -> None:
        """What makes room is one of the lowest, and there was too much.

        Several are dropped at once, in any order: those that are lower go with it.
        """
        waiting = self.person(dropped.recipient).waiting.values()
        assert len(waiting) > dropped.bound, "nothing had to make room"
        idle = [each for each in waiting if not each.deadline and not each.spent]
        self.lower |= {
            (each.position, dropped.recipient)
            for each in idle
            if each.priority.rank > letter.priority.rank
        }


def _belongs(person: Person, to: Destination) -> bool:
    if to.topic is not None:
        return not person.left and any(matches(each, to.topic) for each in person.patterns)
    if to.role is not None:
        return person.role == to.role
    if to.capability is not None:
        return to.capability in person.skills
    return person.registered


# Any: a mailroom is compared by what it says, in the words of this module.
def told(room: Any) -> dict[str, Any]:
    """Return what a mailroom says, as ``plain`` says it; it is looked into everywhere."""
    return {
        "waiting": {
            recipient.name: [
                (
                    letter.position,
                    letter.rank,
                    letter.available,
                    letter.expires,
                    _known(delivery),
                )
                for letter, delivery in room.read(inbox)
            ]
            for number, recipient in enumerate(room.directory.recipients)
            if recipient.name and (inbox := room.inbox(number)) is not None
        },
        "people": {
            each.name: (each.registered, each.online, each.left, each.role, set(each.patterns))
            for each in room.directory.recipients
            if each.registered or each.patterns
        },
        "backlogs": {each.name: each.backlog for each in room.directory.recipients if each.online},
        "held": room.held,
        "spent": {
            (position, name) for position, names in room.inboxes.spent.items() for name in names
        },
        "out": len(room.inboxes.out),
        "expiring": len(room.expiring),
        "letters": {position: letter.left for position, letter in sorted(room.letters.items())},
        "figures": {
            (priority, word): getattr(figures, word)
            for priority, figures in zip(Priority, room.figures, strict=True)
            for word in WORDS
        },
        "queued": sum(figures.queued for figures in room.figures),
    }


def plain(mail: PlainMail) -> dict[str, Any]:
    """Return what plain messages say; see ``told``."""
    letters: Counter[int] = Counter(position for position, _ in mail.open())
    every = [letter for each in mail.people.values() for letter in each.waiting.values()]
    return {
        "waiting": {
            name: [
                (
                    letter.position,
                    letter.priority.rank,
                    letter.available.timestamp(),
                    letter.expires and letter.expires.timestamp(),
                    (
                        letter.failures,
                        None if letter.retry_at is None else letter.retry_at.timestamp(),
                        letter.spent,
                        letter.deadline and letter.deadline.timestamp(),
                    ),
                )
                for _, letter in sorted(person.waiting.items())
            ]
            for name, person in mail.people.items()
            if person.waiting
        },
        "people": {
            name: (each.registered, each.online, each.left, each.role or "", each.patterns)
            for name, each in mail.people.items()
            if each.registered or each.patterns
        },
        "backlogs": {name: each.backlog for name, each in mail.people.items() if each.online},
        "held": mail.held,
        "spent": {
            (letter.position, name)
            for name, each in mail.people.items()
            for letter in each.waiting.values()
            if letter.spent
        },
        "out": sum(letter.deadline is not None for letter in every),
        "expiring": len({each.position for each in every if each.expires is not None}),
        "letters": dict(sorted(letters.items())),
        "figures": {
            (priority, word): mail.counts[priority, word] for priority in Priority for word in WORDS
        },
        "queued": len(every),
    }


WORDS = ("sent", "acknowledged", "failed", "dead", "dropped", "expired")


def _known(delivery: Any) -> tuple[int, float | None, bool, float | None]:
    if delivery is None:
        return 0, None, False, None
    retry_at = None if delivery.spent or not delivery.retry_at else delivery.retry_at
    return delivery.failures, retry_at, delivery.spent, delivery.deadline or None
