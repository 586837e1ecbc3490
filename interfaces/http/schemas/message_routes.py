"""Subscriptions, topics, routing rules and the routing table, as they are sent and answered."""

from __future__ import annotations

from typing import Annotated

import msgspec

from aia_mas.application.communication.routing_table import RouteEntry, RouteMember
from aia_mas.application.communication.views import RuleView
from aia_mas.domain.communication.mailbox import (
    MOST_PATTERNS,
    ForwardMailbox,
    SetSubscriptions,
    Subscribe,
)
from aia_mas.domain.communication.rules import Match, Rule, SetRule, check_rule
from aia_mas.domain.communication.told import DestinationView
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.interfaces.http.schemas.destinations import FlatDestination, Topic, destination_of
from aia_mas.interfaces.http.schemas.values import EncodedProblem

_Patterns = Annotated[
    tuple[Topic, ...], msgspec.Meta(extra_json_schema={"maxItems": MOST_PATTERNS})
]
_Order = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": 1_000_000})]
_Words = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 1_000})]


class SubscribedPatterns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Topics and patterns (``patterns``: at most 256, like ``tasks.created`` or ``tasks.*``)."""

    patterns: _Patterns

    def adding(self, agent_id: str) -> Subscribe:
        """Return the command that adds them."""
        return Subscribe(agent_id=agent_id, patterns=self.patterns)

    def replacing(self, agent_id: str) -> SetSubscriptions:
        """Return the command that puts them in place of all others."""
        return SetSubscriptions(agent_id=agent_id, patterns=self.patterns)


class Forwarding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether messages are sent to the agent's endpoint (``webhook``)."""

    webhook: bool

    def command(self, agent_id: str) -> ForwardMailbox:
        """Return the command."""
        return ForwardMailbox(agent_id=agent_id, webhook=self.webhook)


class KnownTopic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic, or a pattern, that somebody subscribed to.

    Attributes:
        pattern: It.
        subscribers: How many did.
    """

    pattern: str
    subscribers: int


class TopicPage(msgspec.Struct, frozen=True, kw_only=True):
    """Topics in the order of their words (``next_cursor``: see lists)."""

    items: list[KnownTopic]
    next_cursor: str | None


class RuleMatch(Match, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For which messages a rule is; all that is given holds.

    Attributes:
        message_type: They are of this type.
        topic: They go to a topic that this pattern takes in, like ``tasks.*``.
        from_agent: They come from this agent.
        to_agent: They name this agent.
        headers: They have these headers with these values.
    """


class RuleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of messages of some kind.

    Rules see a message as it was sent: they do not chain, and so never circle.

    Attributes:
        match: For which messages it is; at least one thing is said.
        order: Rules are followed from the lowest to the highest, then by id; 0..1000000.
        to: They go there, and not where they were sent.
        copy_to: They go there, too.
        priority: They have this priority.
        last: No rule behind it is followed for them.
        enabled: It is followed at all.
        description: For people, at most 1,000 characters.
    """

    match: RuleMatch
    order: _Order = 100
    to: FlatDestination | None = None
    copy_to: FlatDestination | None = None
    priority: Priority | None = None
    last: bool = False
    enabled: bool = True
    description: _Words = ""

    def command(self, rule_id: str) -> SetRule:
        """Return the command.

        Raises:
            InvalidValue: A value is none of ours; ``others`` has all others.
        """
        mistakes = Mistakes()
        to = copy_to = None
        if self.to is not None:
            to = mistakes.check(destination_of, self.to, "to.")
        if self.copy_to is not None:
            copy_to = mistakes.check(destination_of, self.copy_to, "copy_to.")
        rule = Rule(
            rule_id=rule_id,
            match=Match(**msgspec.structs.asdict(self.match)),
            order=self.order,
            to=to,
            copy_to=copy_to,
            priority=self.priority,
            last=self.last,
            enabled=self.enabled,
            description=self.description,
        )
        if mistakes:
            # What a bad destination leaves out is no further mistake.
            changing = msgspec.structs.replace(rule, last=True)
            mistakes.check(check_rule, changing)
            mistakes.refuse()
        return SetRule(rule=rule)


class RuleList(msgspec.Struct, frozen=True, kw_only=True):
    """All routing rules, in the order in which they are followed; those not enabled at the end."""

    items: list[RuleView]


class RoutePage(msgspec.Struct, frozen=True, kw_only=True):
    """Entries of the routing table, by kind and name (``next_cursor``: see lists)."""

    items: list[RouteEntry]
    next_cursor: str | None


class RoutedGroup(DestinationView, frozen=True, kw_only=True, omit_defaults=True):
    """A group that a message would go to.

    Attributes:
        recipients: How many belong to it now; who does when it is sent gets it, its sender never.
        members: Some of them, 20 at most.
    """

    recipients: int
    members: tuple[RouteMember, ...]


class RoutingExplanation(msgspec.Struct, frozen=True, kw_only=True):
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
    recipients: tuple[str, ...]
    groups: list[RoutedGroup]
    priority: Priority
    why: tuple[str, ...]
    problem: EncodedProblem | None = None
