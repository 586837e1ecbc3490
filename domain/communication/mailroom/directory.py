"""Who there is to write to: recipients by number, what agents can do, who listens to what."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush

import msgspec

from aia_mas.domain.communication.crowds import numbers_of
from aia_mas.domain.communication.destination import ROLE_LABEL, Destination
from aia_mas.domain.communication.topics import Subscribers
from aia_mas.domain.orchestration.capabilities import Capabilities


class Recipient(msgspec.Struct, array_like=True, gc=False, omit_defaults=True):
    """Somebody who has mail, or may get some.

    Attributes:
        name: The id; empty: the number is nobody's.
        registered: It is an agent.
        online: And its heartbeats arrive.
        active: And its operators let it work.
        capabilities: The names of its skills and specializations.
        role: Its role, if it has one.
        patterns: What it subscribed to.
        places: How many tasks it may have at once.
        webhook: Messages are sent to its endpoint.
        backlog: What waited when it came online, as far as it still does: it is not taken from it.
        left: It was an agent and is none any more; what it subscribed to waits until it is again.
        absent: Since which position it has subscribed, or has its mail forwarded, and is no agent;
            0: it has not, or is.
    """

    name: str
    registered: bool = False
    online: bool = False
    active: bool = False
    capabilities: tuple[str, ...] = ()
    role: str = ""
    patterns: tuple[str, ...] = ()
    places: int = 1
    webhook: bool = False
    backlog: int = 0
    left: bool = False
    absent: int = 0


class Directory:
    """Recipients by number. Crowds of them: see ``crowds``.

    Numbers are of this directory alone: one that is nobody's any more is given to somebody else.

    Attributes:
        recipients: By number.
        registered: The crowd of all agents.
        subscribers: Who subscribed to what.
        with_role: Crowds by role.
        with_capability: Crowds by capability.
        by_webhook: Numbers of those to whose endpoints messages are sent.
        absent: Numbers of those who subscribed, or have their mail forwarded, and are no agents;
            those first who have been so for longest.
        on_named: Called with the name of a recipient that was not known before.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self.on_named: Callable[[str], None] = _unheard
        self.recipients: list[Recipient] = []
        self.registered = 0
        self.by_webhook: set[int] = set()
        self.absent: dict[int, None] = {}
        self._left = 0
        self.subscribers = Subscribers()
        self.with_role: dict[str, int] = {}
        self.with_capability: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._members: dict[str, tuple[int, ...]] = {}
        self._free: list[int] = []

    def __len__(self) -> int:
        """Return how many recipients are known."""
        return len(self._numbers)

    def number(self, name: str) -> int:
        """Return the number of a recipient, a new one if need be."""
        number = self._numbers.get(name)
        if number is None:
            if self._free:
                number = heappop(self._free)
                self.recipients[number] = Recipient(name)
            else:
                number = len(self.recipients)
                self.recipients.append(Recipient(name))
            self._numbers[name] = number
            self.on_named(name)
        return number

    def find(self, name: str) -> int | None:
        """Return the number of a recipient; None: nothing is known of it."""
        return self._numbers.get(name)

    def get(self, name: str) -> Recipient | None:
        """Return a recipient; None: nothing is known of it."""
        number = self._numbers.get(name)
        return None if number is None else self.recipients[number]

    def forget(self, number: int) -> bool:
        """Forget a recipient who has no mail; tells whether there is nothing else to keep it for.

        Ids that mail was once sent to, and agents that left, come without end.
        """
        recipient = self.recipients[number]
        if recipient.registered or _wants_mail(recipient):
            return False
        self._left &= ~(1 << number)
        del self._numbers[recipient.name]
        self.recipients[number] = Recipient("")
        heappush(self._free, number)
        return True

    def passers_by(self) -> list[int]:
        """Return the numbers of those of whom nothing is known but that mail may wait for them."""
        return [
            number
            for number, recipient in enumerate(self.recipients)
            if recipient.name and not (recipient.registered or _wants_mail(recipient))
        ]

    def declare(self, name: str, capabilities: Capabilities) -> Recipient:
        """Note what an agent declares."""
        number = self.number(name)
        recipient = self.recipients[number]
        names = dict.fromkeys((*capabilities.skills, *capabilities.specializations))
        self._enter(number, tuple(names), capabilities.labels.get(ROLE_LABEL, ""))
        recipient.registered = True
        recipient.places = capabilities.max_concurrent_tasks
        self.registered |= 1 << number
        self._note_left(number, left=False)
        self._note_absent(number, 0)
        return recipient

    def leave(self, number: int, position: int) -> None:
        """Note that an agent is not registered any more (``position``: of the event)."""
        recipient = self.recipients[number]
        self._enter(number, (), "")
        recipient.registered = recipient.online = recipient.active = False
        self.registered &= ~(1 << number)
        self._note_left(number, left=True)
        self._note_absent(number, position)

    def subscribe(self, name: str, patterns: Iterable[str], position: int) -> None:
        """Note what a recipient subscribed to (``position``: of the event)."""
        number = self.number(name)
        recipient = self.recipients[number]
        recipient.patterns = tuple(dict.fromkeys((*recipient.patterns, *patterns)))
        for pattern in patterns:
            self.subscribers.add(pattern, number)
        self._note_left(number, left=False)
        self._note_absent(number, position)

    def unsubscribe(self, number: int, patterns: Iterable[str]) -> None:
        """Note what it took back."""
        gone = set(patterns)
        recipient = self.recipients[number]
        recipient.patterns = tuple(each for each in recipient.patterns if each not in gone)
        for pattern in gone:
            self.subscribers.remove(pattern, number)
        self._note_absent(number, recipient.absent)

    def forward(self, name: str, position: int, *, webhook: bool) -> None:
        """Note whether messages are sent to an agent's endpoint (``position``: of the event)."""
        number = self.number(name)
        self.recipients[number].webhook = webhook
        (self.by_webhook.add if webhook else self.by_webhook.discard)(number)
        self._note_absent(number, position)

    def topics(self, after: str = "") -> Iterator[tuple[str, int]]:
        """Yield patterns and the crowds of those who get what they take in.

        Args:
            after: Only those behind this pattern, in the order of their words.
        """
        for pattern, crowd in self.subscribers.listed(after):
            if present := crowd & ~self._left:
                yield pattern, present

    def audience(self, to: Destination, sender: str | None = None) -> int:
        """Return the crowd of those who belong to a group now; nobody for what is no group.

        Args:
            to: The group.
            sender: Nobody gets what they sent to a group themselves.
        """
        found = self._audience(to)
        number = self._numbers.get(sender) if found and sender is not None else None
        return found if number is None else found & ~(1 << number)

    def members(self, capability: str) -> tuple[int, ...]:
        """Return the numbers of those who have a capability, in an order that stays."""
        members = self._members.get(capability)
        if members is None:
            members = tuple(numbers_of(self.with_capability.get(capability, 0)))
            if members:
                self._members[capability] = members
        return members

    def restored(self, recipients: Iterable[Recipient]) -> None:
        """Take recipients in as they were written down, behind those that there are."""
        for recipient in recipients:
            number = len(self.recipients)
            self.recipients.append(recipient)
            if not recipient.name:
                heappush(self._free, number)
                continue
            self._numbers[recipient.name] = number
            if recipient.registered:
                self.registered |= 1 << number
            if recipient.webhook:
                self.by_webhook.add(number)
            self._note_left(number, left=recipient.left)
            for pattern in recipient.patterns:
                self.subscribers.add(pattern, number)
            for capability in recipient.capabilities:
                _add(self.with_capability, capability, number)
            if recipient.role:
                _add(self.with_role, recipient.role, number)
            if not recipient.registered and _wants_mail(recipient):
                self.absent[number] = None

    def order_absent(self) -> None:
        """Have those in order who are absent, once all were taken in."""
        recipients = self.recipients
        numbers = sorted(self.absent, key=lambda number: recipients[number].absent)
        self.absent = dict.fromkeys(numbers)

    def _audience(self, to: Destination) -> int:
        if to.topic is not None:
            return self.subscribers.of(to.topic) & ~self._left
        if to.broadcast:
            return self.registered
        if to.role is not None:
            return self.with_role.get(to.role, 0)
        if to.capability is not None and not to.any_one:
            return self.with_capability.get(to.capability, 0)
        return 0

    def _note_left(self, number: int, *, left: bool) -> None:
        self.recipients[number].left = left
        self._left = self._left | 1 << number if left else self._left & ~(1 << number)

    def _note_absent(self, number: int, position: int) -> None:
        recipient = self.recipients[number]
        if recipient.registered or not _wants_mail(recipient):
            recipient.absent = 0
            self.absent.pop(number, None)
        elif position != recipient.absent:
            recipient.absent = position
            self.absent.pop(number, None)
            self.absent[number] = None

    def _enter(self, number: int, capabilities: tuple[str, ...], role: str) -> None:
        recipient = self.recipients[number]
        if capabilities != recipient.capabilities:
            for name in recipient.capabilities:
                _take_out(self.with_capability, name, number)
                self._members.pop(name, None)
            for name in capabilities:
                _add(self.with_capability, name, number)
                self._members.pop(name, None)
            recipient.capabilities = capabilities
        if role != recipient.role:
            if recipient.role:
                _take_out(self.with_role, recipient.role, number)
            if role:
                _add(self.with_role, role, number)
            recipient.role = role


def _wants_mail(recipient: Recipient) -> bool:
    """Tell whether it has told what mail it wants, or where."""
    return bool(recipient.patterns) or recipient.webhook


def _add(index: dict[str, int], name: str, number: int) -> None:
    index[name] = index.get(name, 0) | 1 << number


def _unheard(_name: str) -> None:
    """Hear it and do nothing."""


def _take_out(index: dict[str, int], name: str, number: int) -> None:
    index[name] &= ~(1 << number)
    if not index[name]:
        del index[name]
