"""The routing table: who gets what is sent to a capability, a role or a topic, and the rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from enum import StrEnum
from itertools import islice

import msgspec

from aia_mas.application.communication.views import RuleView, rule_view
from aia_mas.application.connections.store import ListedConnection
from aia_mas.domain.communication.crowds import numbers_of
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.mailroom.mailroom import Mailroom

SHOWN = 20
"""Recipients of one entry that are named."""


class RouteKind(StrEnum):
    """What an entry is about, in the order in which they are listed."""

    CAPABILITY = "capability"
    ROLE = "role"
    TOPIC = "topic"
    RULE = "rule"
    CONNECTION = "connection"


class RouteMember(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who gets messages.

    Attributes:
        agent_id: Who.
        online: Whether its heartbeats arrive.
        waiting: How many messages it has not acknowledged.
    """

    agent_id: str
    online: bool
    waiting: int


class RouteEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry of the routing table.

    Attributes:
        kind: What it is about.
        name: The capability, role, topic or pattern; or the id of the rule or connection.
        recipients: How many get what is sent there.
        members: Some of them, 20 at most.
        rule: The rule.
        connection: The connection, over which the messages of its agent go.
    """

    kind: RouteKind
    name: str
    recipients: int = 0
    members: Sequence[RouteMember] = ()
    rule: RuleView | None = None
    connection: ListedConnection | None = None


def entries(mailroom: Mailroom, kind: RouteKind, after: str = "") -> Iterator[RouteEntry]:
    """Yield the entries of one kind, but connections, by their names.

    Args:
        mailroom: What is known.
        kind: Which kind.
        after: Only those behind this name.
    """
    directory = mailroom.directory
    match kind:
        case RouteKind.CAPABILITY:
            for name in _behind(directory.with_capability, after):
                yield _entry(mailroom, kind, name, directory.with_capability[name])
        case RouteKind.ROLE:
            for name in _behind(directory.with_role, after):
                yield _entry(mailroom, kind, name, directory.with_role[name])
        case RouteKind.TOPIC:
            for name, crowd in directory.topics(after):
                yield _entry(mailroom, kind, name, crowd)
        case RouteKind.RULE:
            for name in _behind(mailroom.rules, after):
                yield RouteEntry(kind=kind, name=name, rule=rule_view(mailroom.rules[name]))


def members(mailroom: Mailroom, to: Destination, sender: str) -> tuple[int, Sequence[RouteMember]]:
    """Return how many of a group would get what a sender sends to it now, and some of them."""
    crowd = mailroom.directory.audience(to, sender)
    return crowd.bit_count(), _some(mailroom, crowd)


def _behind(names: Collection[str], after: str) -> list[str]:
    return sorted(name for name in names if name > after)


def _entry(mailroom: Mailroom, kind: RouteKind, name: str, crowd: int) -> RouteEntry:
    return RouteEntry(
        kind=kind, name=name, recipients=crowd.bit_count(), members=_some(mailroom, crowd)
    )


def _some(mailroom: Mailroom, crowd: int) -> tuple[RouteMember, ...]:
    recipients = mailroom.directory.recipients
    chosen = islice(numbers_of(crowd), SHOWN)
    return tuple(
        RouteMember(
            agent_id=recipients[number].name,
            online=recipients[number].online,
            waiting=mailroom.waiting(recipients[number].name),
        )
        for number in chosen
    )
