"""Routing rules: messages that meet one go elsewhere, or to others, too, or at another priority."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import ClassVar

import msgspec
from msgspec.structs import replace

from aia_mas.domain.communication.destination import Destination, check_destination
from aia_mas.domain.communication.errors import InvalidRule, RuleNotFound, TooManyRules
from aia_mas.domain.communication.headers import check_headers
from aia_mas.domain.communication.topics import check_pattern, matches
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import check_name, check_text
from aia_mas.domain.orchestration.task_specification import Priority

CATEGORY = "routing"
"""The kind of the one stream."""
RULES = f"{CATEGORY}/rules"
"""The stream of all rules."""
MOST_RULES = 256
_ORDER = 1_000_000


class Match(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which messages; all that is given must hold.

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
    headers: dict[str, str] = {}

    def takes(
        self, to: Destination, message_type: str, from_agent: str, headers: Mapping[str, str]
    ) -> bool:
        """Tell whether a message meets it."""
        return (
            self.message_type in (None, message_type)
            and self.from_agent in (None, from_agent)
            and (self.to_agent is None or self.to_agent in to.agents)
            and (self.topic is None or (to.topic is not None and matches(self.topic, to.topic)))
            and all(headers.get(name) == value for name, value in self.headers.items())
        )


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of messages that meet it.

    Attributes:
        rule_id: Its id.
        match: Which messages.
        order: Rules are followed from the lowest to the highest, then by id, 0..1000000.
        to: They go there.
        copy_to: They go there, too.
        priority: They have this priority.
        last: No rule behind it is followed for them.
        enabled: It is followed at all.
        description: For people.
    """

    rule_id: str
    match: Match
    order: int = 100
    to: Destination | None = None
    copy_to: Destination | None = None
    priority: Priority | None = None
    last: bool = False
    enabled: bool = True
    description: str = ""


class RuleSet(Event, frozen=True, kw_only=True):
    """A rule is there, or another one in its place (``rule``; ``by`` whom; ``at``: when, UTC)."""

    topic: ClassVar[str] = "routing.rule_set.v1"
    rule: Rule
    by: str
    at: datetime


class RuleRemoved(Event, frozen=True, kw_only=True):
    """A rule is there no more (``rule_id``; ``by`` whom; ``at``: since when, UTC)."""

    topic: ClassVar[str] = "routing.rule_removed.v1"
    rule_id: str
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (RuleSet, RuleRemoved)
"""Every event of the stream, for the topic registry."""


class RulesState(State, frozen=True, kw_only=True):
    """All rules (``rules``: by id)."""

    rules: dict[str, Rule] = msgspec.field(default_factory=dict)


class SetRule(msgspec.Struct, frozen=True, kw_only=True):
    """Have a rule, in place of the one of its id if there is one."""

    rule: Rule


class RemoveRule(msgspec.Struct, frozen=True, kw_only=True):
    """Have a rule no more."""

    rule_id: str


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """What rules made of a message.

    Attributes:
        destinations: Where it goes.
        priority: At which priority.
        why: A sentence for each rule that was followed.
    """

    destinations: tuple[Destination, ...]
    priority: Priority
    why: tuple[str, ...]


def evolve(state: RulesState | None, event: Event) -> RulesState:
    """Fold one event of the stream into the state."""
    known = state or RulesState()
    if isinstance(event, RuleSet):
        return replace(known, rules={**known.rules, event.rule.rule_id: event.rule})
    assert isinstance(event, RuleRemoved)
    rest = {name: rule for name, rule in known.rules.items() if name != event.rule_id}
    return replace(known, rules=rest)


def set_rule(state: RulesState | None, command: SetRule, ctx: Context) -> Decision:
    """Set a rule; the same one again changes nothing."""
    rule, known = command.rule, {} if state is None else state.rules
    try:
        check_rule(rule)
    except InvalidValue as error:
        return refuse(error)
    if known.get(rule.rule_id) == rule:
        return accept(RULES)
    if rule.rule_id not in known and len(known) >= MOST_RULES:
        return refuse(TooManyRules(f"there are at most {MOST_RULES} rules", most=MOST_RULES))
    return accept(RULES, RuleSet(rule=rule, by=ctx.principal.subject, at=ctx.now))


def remove_rule(state: RulesState | None, command: RemoveRule, ctx: Context) -> Decision:
    """Remove a rule."""
    if state is None or command.rule_id not in state.rules:
        return refuse(RuleNotFound())
    removed = RuleRemoved(rule_id=command.rule_id, by=ctx.principal.subject, at=ctx.now)
    return accept(RULES, removed)


def check_rule(rule: Rule) -> None:
    """Refuse a rule that cannot be followed.

    Raises:
        InvalidRule: It takes every message, or changes nothing, or its order is out of bounds.
        InvalidValue: See ``check_destination``, ``check_pattern``, ``check_name``.
    """
    mistakes, match = Mistakes(), rule.match
    check = mistakes.check
    check(check_id, rule.rule_id, "rule_id")
    check(check_text, rule.description, "description", longest=1_000)
    if match == Match():
        mistakes.add(InvalidRule("a rule says which messages it is for", field="match"))
    if match.topic is not None:
        check(check_pattern, match.topic, "match.topic")
    for field in ("message_type", "from_agent", "to_agent"):
        value = getattr(match, field)
        if value is not None:
            check(check_name, value, f"match.{field}")
    check(check_headers, match.headers, "match.headers")
    if rule.to is None and rule.copy_to is None and rule.priority is None and not rule.last:
        mistakes.add(InvalidRule("a rule says what becomes of messages", field="to"))
    for field in ("to", "copy_to"):
        to = getattr(rule, field)
        if to is not None:
            check(check_destination, to, field)
    if not 0 <= rule.order <= _ORDER:
        mistakes.add(InvalidRule(f"order is from 0 to {_ORDER}", field="order"))
    mistakes.refuse()


def ordered(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return rules in the order in which they are followed, without those that are not."""
    return tuple(
        sorted(
            (rule for rule in rules if rule.enabled), key=lambda each: (each.order, each.rule_id)
        )
    )


def followed(
    rules: Iterable[Rule],
    to: Destination,
    *,
    message_type: str,
    from_agent: str,
    headers: Mapping[str, str],
    priority: Priority,
) -> Followed:
    """Return what rules make of a message.

    What a rule matches is the message as it was sent: rules do not chain, and so never circle.

    Args:
        rules: In the order in which they are followed.
        to: Where it was sent.
        message_type: What it is.
        from_agent: Who sent it.
        headers: What else is said about it.
        priority: What its sender wanted.
    """
    goes, copies, why = to, [], []
    for rule in rules:
        if not rule.match.takes(to, message_type, from_agent, headers):
            continue
        said = []
        if rule.to is not None:
            goes = rule.to
            said.append(f"sends it to {goes.told()}")
        if rule.copy_to is not None:
            copies.append(rule.copy_to)
            said.append(f"copies it to {rule.copy_to.told()}")
        if rule.priority is not None:
            priority = rule.priority
            said.append(f"makes it {priority}")
        if rule.last:
            said.append("is the last one followed")
        why.append(f"rule {rule.rule_id} " + ", ".join(said))
        if rule.last:
            break
    destinations = tuple(dict.fromkeys((goes, *copies)))
    return Followed(destinations=destinations, priority=priority, why=tuple(why))
