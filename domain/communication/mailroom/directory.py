"""Who there is to write to: recipients by number, what agents can do, who listens to what."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from aia_mas.domain.communication.destination import ROLE_LABEL, Destination
from aia_mas.domain.communication.topics import Subscribers
from aia_mas.domain.orchestration.capabilities import Capabilities


class Recipient(msgspec.Struct, array_like=True, gc=False, omit_defaults=True):
    """Somebody who has mail, or may get some.

    Attributes:
        name: The id.
        registered: It is an agent.
        online: And its heartbeats arrive.
        active: And its operators let it work.
        capabilities: The names of its skills and specializations.
        role: Its role, if it has one.
        patterns: What it subscribed to.
        places: How many tasks it may have at once.
        webhook: Messages are sent to its endpoint.
        backlog: What waited when it came online, as far as it still does: it is not taken from it.
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


class Directory:
    """Recipients, numbered in the order in which the log names them first.

    Attributes:
        recipients: All of them, by number.
        registered: The numbers of those that are agents.
        subscribers: Who subscribed to what.
        with_role: Numbers by role.
        with_capability: Numbers by capability.
        on_named: Called with the name of a recipient that was not known before.
    """

    def __init__(self) -> None:
        """Begin with nobody."""
        self.on_named: Callable[[str], None] = _unheard
        self.recipients: list[Recipient] = []
        self.registered: set[int] = set()
        self.by_webhook: set[int] = set()
        self.subscribers = Subscribers()
        self.with_role: dict[str, set[int]] = {}
        self.with_capability: dict[str, set[int]] = {}
        self._numbers: dict[str, int] = {}
        self._members: dict[str, tuple[int, ...]] = {}

    def number(self, name: str) -> int:
        """Return the number of a recipient, a new one if need be."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self.recipients)
            self.recipients.append(Recipient(name))
            self.on_named(name)
        return number

    def find(self, name: str) -> int | None:
        """Return the number of a recipient; None: the log has not named it."""
        return self._numbers.get(name)

    def get(self, name: str) -> Recipient | None:
        """Return a recipient; None: the log has not named it."""
        number = self._numbers.get(name)
        return None if number is None else self.recipients[number]

    def declare(self, name: str, capabilities: Capabilities) -> Recipient:
        """Note what an agent declares."""
        number = self.number(name)
        recipient = self.recipients[number]
        names = dict.fromkeys((*capabilities.skills, *capabilities.specializations))
        self._enter(number, tuple(names), capabilities.labels.get(ROLE_LABEL, ""))
        recipient.registered = True
        recipient.places = capabilities.max_concurrent_tasks
        self.registered.add(number)
        return recipient

    def leave(self, name: str) -> None:
        """Note that an agent is not registered any more."""
        number = self.number(name)
        recipient = self.recipients[number]
        self._enter(number, (), "")
        recipient.registered = recipient.online = recipient.active = False
        self.registered.discard(number)

    def subscribe(self, name: str, patterns: Iterable[str]) -> None:
        """Note what a recipient subscribed to."""
        number = self.number(name)
        recipient = self.recipients[number]
        recipient.patterns = tuple(dict.fromkeys((*recipient.patterns, *patterns)))
        for pattern in patterns:
            self.subscribers.add(pattern, number)

    def unsubscribe(self, name: str, patterns: Iterable[str]) -> None:
        """Note what it took back."""
        number, gone = self.number(name), set(patterns)
        recipient = self.recipients[number]
        recipient.patterns = tuple(each for each in recipient.patterns if each not in gone)
        for pattern in gone:
            self.subscribers.remove(pattern, number)

    def forward(self, name: str, *, webhook: bool) -> None:
        """Note whether messages are sent to an agent's endpoint."""
        number = self.number(name)
        self.recipients[number].webhook = webhook
        (self.by_webhook.add if webhook else self.by_webhook.discard)(number)

    def audience(self, to: Destination) -> set[int]:
        """Return the numbers of those who belong to a group now; empty for what is no group."""
        if to.topic is not None:
            return self.subscribers.of(to.topic)
        if to.broadcast:
            return self.registered
        if to.role is not None:
            return self.with_role.get(to.role, _NOBODY)
        if to.capability is not None:
            return self.with_capability.get(to.capability, _NOBODY)
        return _NOBODY

    def members(self, capability: str) -> tuple[int, ...]:
        """Return the numbers of those who have a capability, in an order that stays."""
        members = self._members.get(capability)
        if members is None:
            members = tuple(sorted(self.with_capability.get(capability, ())))
            self._members[capability] = members
        return members

    def restored(self, recipients: Iterable[Recipient]) -> None:
        """Take recipients in as they were written down, behind those that there are."""
        for recipient in recipients:
            number = self._numbers[recipient.name] = len(self.recipients)
            self.recipients.append(recipient)
            if recipient.registered:
                self.registered.add(number)
            if recipient.webhook:
                self.by_webhook.add(number)
            for pattern in recipient.patterns:
                self.subscribers.add(pattern, number)
            self._members.clear()
            for capability in recipient.capabilities:
                self.with_capability.setdefault(capability, set()).add(number)
            if recipient.role:
                self.with_role.setdefault(recipient.role, set()).add(number)

    def _enter(self, number: int, capabilities: tuple[str, ...], role: str) -> None:
        recipient = self.recipients[number]
        if capabilities != recipient.capabilities:
            self._members.clear()
        for name in recipient.capabilities:
            _take_out(self.with_capability, name, number)
        for name in capabilities:
            self.with_capability.setdefault(name, set()).add(number)
        recipient.capabilities = capabilities
        if recipient.role:
            _take_out(self.with_role, recipient.role, number)
        if role:
            self.with_role.setdefault(role, set()).add(number)
        recipient.role = role


_NOBODY: set[int] = set()


def _unheard(_name: str) -> None:
    """Hear it and do nothing."""


def _take_out(index: dict[str, set[int]], name: str, number: int) -> None:
    numbers = index[name]
    numbers.discard(number)
    if not numbers:
        del index[name]
