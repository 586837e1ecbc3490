# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about routing."""

from __future__ import annotations

import msgspec

from aia.client.types.base import Answer
from aia.client.types.shared import DestinationView, ListedConnection, Problem


class KnownTopic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic, or a pattern, that somebody subscribed to.

    Attributes:
        pattern: It.
        subscribers: How many did.
    """

    pattern: str
    subscribers: int


class MatchView(msgspec.Struct, frozen=True, kw_only=True):
    """For which messages a rule is; the fields: see `Match`.

    Attributes:
        message_type: They are of this type.
        topic: They go to a topic that this pattern takes in.
        from_agent: They come from this agent.
        to_agent: They name this agent.
        headers: They have these headers with these values.
    """

    message_type: str | None = None
    topic: str | None = None
    from_agent: str | None = None
    to_agent: str | None = None
    headers: dict[str, str] = msgspec.field(default_factory=dict)


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


class RuleView(Answer, frozen=True, kw_only=True):
    """A routing rule.

    Attributes:
        rule_id: Its id.
        match: For which messages it is.
        order: Rules are followed from the lowest to the highest, then by id.
        to: They go there.
        copy_to: They go there, too.
        priority: They have this priority.
        last: No rule behind it is followed for them.
        enabled: It is followed at all.
        description: For people.
    """

    rule_id: str
    match: MatchView
    order: int
    to: DestinationView | None = None
    copy_to: DestinationView | None = None
    priority: str | None = None
    last: bool = False
    enabled: bool
    description: str = ""


class RouteEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the routing table.

    Attributes:
        kind: What it is about.
        name: The capability, role, topic or pattern; or the id of the rule or connection.
        recipients: How many get what is sent there.
        members: Some of them, 20 at most.
        rule: The rule.
        connection: The connection, over which the messages of its agent go.
    """

    kind: str
    name: str
    recipients: int = 0
    members: list[RouteMember] = msgspec.field(default_factory=list)
    rule: RuleView | None = None
    connection: ListedConnection | None = None


class RoutePage(Answer, frozen=True, kw_only=True):
    """Entries of the routing table, by kind and name (`next_cursor`: see lists).

    Attributes:
        next_cursor: See lists.
    """

    items: list[RouteEntry]
    next_cursor: str | None


class RoutedGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A group that a message would go to.

    Attributes:
        to_agent: This agent.
        to_agents: These agents.
        topic: Everybody who subscribed to it.
        capability: Agents that have a skill or a specialization of this name.
        mode: Of these `all` or `any`, the least loaded one.
        role: Agents whose label `role` says so.
        broadcast: All agents.
        recipients: How many belong to it now; who does when it is sent gets it, its sender never.
        members: Some of them, 20 at most.
    """

    to_agent: str | None = None
    to_agents: list[str] | None = None
    topic: str | None = None
    capability: str | None = None
    mode: str | None = None
    role: str | None = None
    broadcast: bool = False
    recipients: int
    members: list[RouteMember]


class RoutingExplanation(Answer, frozen=True, kw_only=True):
    """Where a message would go now, and why.

    Attributes:
        destinations: Where, after the rules.
        recipients: Who would get it by name.
        groups: Who else.
        priority: Its class, after the rules.
        why: How it comes to go there, a sentence each.
        problem: Why it would be refused, when it would be.
    """

    destinations: list[DestinationView]
    recipients: list[str]
    groups: list[RoutedGroup]
    priority: str
    why: list[str]
    problem: Problem | None = None


class RuleList(Answer, frozen=True, kw_only=True):
    """All routing rules, in the order in which they are followed; those not enabled at the end."""

    items: list[RuleView]


class Subscriptions(Answer, frozen=True, kw_only=True):
    """What a recipient subscribed to.

    Attributes:
        agent_id: The recipient.
        patterns: Topics and patterns.
        webhook: Whether messages are sent to its endpoint.
    """

    agent_id: str
    patterns: list[str]
    webhook: bool = False


class TopicPage(Answer, frozen=True, kw_only=True):
    """Topics in the order of their words (`next_cursor`: see lists).

    Attributes:
        next_cursor: See lists.
    """

    items: list[KnownTopic]
    next_cursor: str | None
