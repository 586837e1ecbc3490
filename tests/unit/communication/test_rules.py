"""Routing rules: set, removed, and followed in order by messages as they were sent."""

from __future__ import annotations

from typing import Any

import pytest

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.rules import (
    MOST_RULES,
    Followed,
    Match,
    RemoveRule,
    Rule,
    RuleRemoved,
    RuleSet,
    SetRule,
    followed,
    ordered,
)
from aia_mas.domain.orchestration.task_specification import Priority
from tests.unit.domain.conftest import CALLER, NOW

BOB, CAL, DAN = (Destination(agents=(name,)) for name in ("bob", "cal", "dan"))
AUDIT = Destination(topic="audit")
NOTES = Match(message_type="note")


def rule(rule_id: str = "r1", **more: Any) -> Rule:
    return Rule(rule_id=rule_id, **{"match": NOTES, "to": BOB, **more})


def was_set(rule: Rule) -> RuleSet:
    return RuleSet(rule=rule, by=CALLER.subject, at=NOW)


def follow(*rules: Rule, to: Destination = CAL, **message: Any) -> Followed:
    return followed(
        ordered(rules),
        to,
        **{
            "message_type": "note",
            "from_agent": "ann",
            "headers": {},
            "priority": Priority.NORMAL,
            **message,
        },
    )


# ------------------------------------------------------------------------- setting and removing


def test_a_rule_is_set_replaced_and_removed(the_rules):
    the_rules.when(SetRule(rule=rule())).then(was_set(rule()))
    the_rules.when(SetRule(rule=rule())).then()
    the_rules.when(SetRule(rule=rule(to=CAL))).then(was_set(rule(to=CAL)))
    the_rules.when(RemoveRule(rule_id="r1")).then(
        RuleRemoved(rule_id="r1", by=CALLER.subject, at=NOW)
    )
    the_rules.when(RemoveRule(rule_id="r1")).then_refused("rule_not_found")


def test_there_are_so_many_at_most(the_rules):
    the_rules.given(*(was_set(rule(f"r{number}")) for number in range(MOST_RULES)))

    the_rules.when(SetRule(rule=rule("one-more"))).then_refused("too_many_rules")
    the_rules.when(SetRule(rule=rule("r0", to=CAL))).then(was_set(rule("r0", to=CAL)))


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"rule_id": "not an id"}, "invalid_id", "rule_id"),
        ({"match": Match()}, "invalid_rule", "match"),
        ({"to": None}, "invalid_rule", "to"),
        ({"order": -1}, "invalid_rule", "order"),
        ({"order": 1_000_001}, "invalid_rule", "order"),
        ({"match": Match(topic="a.>.b")}, "illegal_wildcard", "match.topic"),
        ({"match": Match(message_type="")}, "invalid_text", "match.message_type"),
        ({"match": Match(headers={"": "x"})}, "invalid_text", "match.headers"),
        ({"match": Match(headers={"x": "\0"})}, "invalid_text", "match.headers.x"),
        ({"to": Destination()}, "invalid_destination", "to"),
        ({"copy_to": Destination(topic="a.*")}, "illegal_wildcard", "copy_to"),
        ({"description": "x" * 1_001}, "invalid_text", "description"),
    ],
)
def test_rules_that_cannot_be_followed(the_rules, wrong, code, field):
    the_rules.when(SetRule(rule=rule(**{"rule_id": "r1", **wrong}))).then_refused(code, field=field)


# ------------------------------------------------------------------------------------- following


@pytest.mark.parametrize(
    ("match", "message", "taken"),
    [
        (NOTES, {}, True),
        (NOTES, {"message_type": "order"}, False),
        (Match(from_agent="ann"), {}, True),
        (Match(from_agent="eve"), {}, False),
        (Match(to_agent="cal"), {}, True),
        (Match(to_agent="bob"), {}, False),
        (Match(topic="tasks.*"), {"to": Destination(topic="tasks.created")}, True),
        (Match(topic="tasks.*"), {"to": Destination(topic="audit")}, False),
        (Match(topic="tasks.*"), {}, False),
        (Match(headers={"a": "1"}), {"headers": {"a": "1", "b": "2"}}, True),
        (Match(headers={"a": "1"}), {"headers": {"a": "2"}}, False),
        (Match(message_type="note", from_agent="eve"), {}, False),
    ],
)
def test_a_rule_takes_what_meets_all_of_it(match, message, taken):
    found = follow(rule(match=match, priority=Priority.HIGH, to=None), **message)
    assert found.priority is (Priority.HIGH if taken else Priority.NORMAL)
    assert bool(found.why) is taken


def test_without_rules_it_goes_where_it_was_sent():
    assert follow() == Followed(destinations=(CAL,), priority=Priority.NORMAL, why=())


def test_rules_are_followed_by_their_order_then_by_their_ids():
    found = follow(
        rule("z", order=1, to=BOB),
        rule("b", order=2, to=DAN),
        rule("a", order=2, to=AUDIT),
    )
    assert found.destinations == (DAN,)
    assert [sentence.split()[1] for sentence in found.why] == ["z", "a", "b"]


def test_no_rule_is_followed_behind_the_last_one():
    found = follow(rule("a", last=True), rule("b", to=DAN))
    assert found.destinations == (BOB,)
    assert len(found.why) == 1


def test_a_disabled_rule_is_not_followed():
    assert follow(rule(enabled=False)).destinations == (CAL,)


def test_copies_go_beside_and_once_each():
    found = follow(
        rule("a", to=None, copy_to=AUDIT),
        rule("b", to=None, copy_to=AUDIT),
        rule("c", to=None, copy_to=CAL),
    )
    assert found.destinations == (CAL, AUDIT)


def test_rules_do_not_chain():
    """The first sends to bob; that does not make it a message to bob for the second."""
    found = follow(
        rule("a", match=Match(to_agent="cal"), to=BOB),
        rule("b", match=Match(to_agent="bob"), to=CAL),
        rule("c", match=Match(to_agent="bob"), to=None, priority=Priority.LOW),
    )
    assert found.destinations == (BOB,)
    assert found.priority is Priority.NORMAL


def test_it_is_told_what_each_rule_did():
    found = follow(rule(copy_to=AUDIT, priority=Priority.LOW, last=True))
    assert found.why == (
        "rule r1 sends it to bob, copies it to topic audit, makes it low, is the last one followed",
    )
