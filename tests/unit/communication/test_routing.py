"""Where a message goes: groups, the least loaded, and who has no room."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.mailroom.routing import most_of, route
from aia_mas.domain.communication.rules import Match, Rule, RuleSet
from aia_mas.domain.communication.sending import Route, SendMessage
from aia_mas.domain.communication.terms import MessageTerms, ToUnknown, WhenFull
from aia_mas.domain.orchestration.task_specification import Priority

from .mail import EVERYBODY, NOW, Room, to

ANY = Destination(capability="python", any_one=True)
TERMS = MessageTerms(queue_size=3, retention=5, held=2, held_in_all=4)
DROPPING = MessageTerms(queue_size=3, when_full=WhenFull.DROP_LOWEST)


@pytest.fixture
def room() -> Room:
    return Room()


def routed(
    room: Room,
    destination: Destination,
    terms: MessageTerms = TERMS,
    *,
    load: dict[str, int] | None = None,
    coming: dict[str, int] | None = None,
    held_coming: int = 0,
    **more: Any,
) -> Route:
    command = SendMessage(
        message_id=more.pop("message_id", "m"),
        from_agent="ann",
        to=destination,
        message_type="note",
        **more,
    )
    return route(
        room.room,
        command,
        terms,
        load=lambda name: (load or {}).get(name, 0),
        coming=coming or {},
        held_coming=held_coming,
    )


# ------------------------------------------------------------------------------- any one of many


def test_the_least_loaded_is_chosen_and_why(room):
    room.register("bob", "cal", skills={"python": 1.0}, max_concurrent_tasks=4)
    found = routed(room, ANY, load={"bob": 2, "cal": 1})

    assert found.recipients == ("cal",)
    assert found.why == (
        "any with capability python: cal is the least loaded of 2 (25% busy, 0 waiting)",
    )


def test_load_counts_by_how_much_each_can_take(room):
    room.register("bob", skills={"python": 1.0}, max_concurrent_tasks=10)
    room.register("cal", skills={"python": 1.0}, max_concurrent_tasks=2)
    assert routed(room, ANY, load={"bob": 3, "cal": 1}).recipients == ("bob",)


def test_then_counts_what_waits_and_what_is_on_its_way(room):
    room.register("bob", "cal", skills={"python": 1.0})
    room.send("m1", "bob")
    assert routed(room, ANY).recipients == ("cal",)
    assert routed(room, ANY, coming={"cal": 2}).recipients == ("bob",)


def test_equals_take_turns(room):
    room.register("bob", "cal", "dan", skills={"python": 1.0})
    chosen = Counter(
        routed(room, ANY, message_id=f"m{number}").recipients[0] for number in range(300)
    )
    assert set(chosen) == {"bob", "cal", "dan"}
    assert min(chosen.values()) > 60


def test_whoever_is_away_or_drained_comes_last(room):
    room.register("bob", "cal", "dan", skills={"python": 1.0})
    room.offline("bob")
    room.drain("cal")
    assert routed(room, ANY, load={"dan": 9}).recipients == ("dan",)

    room.offline("dan")
    found = routed(room, ANY)
    assert len(found.recipients) == 1
    assert found.why[0].endswith("away like all others)")


def test_its_sender_is_not_chosen(room):
    room.register("ann", skills={"python": 1.0})
    found = routed(room, ANY)
    assert found.recipients == ()
    assert found.refusal().code == "empty_group"


def test_of_a_large_group_a_sample_is_compared(room):
    names = [f"a{number}" for number in range(2_000)]
    room.register(*names, skills={"python": 1.0})
    asked: set[str] = set()

    def load(name: str) -> int:
        asked.add(name)
        return 0

    command = SendMessage(message_id="m", from_agent="ann", to=ANY, message_type="note")
    found = route(room.room, command, TERMS, load=load, coming={})
    assert found.recipients[0] in asked
    assert len(asked) <= 256


# ------------------------------------------------------------------------------------- groups


@pytest.mark.parametrize(
    "group",
    [Destination(capability="python"), Destination(role="reviewer"), ANY],
)
def test_a_group_without_members_is_empty(room, group):
    assert routed(room, group).refusal().code == "empty_group"


@pytest.mark.parametrize("group", [Destination(topic="tasks"), EVERYBODY])
def test_nobody_may_listen(room, group):
    found = routed(room, group)
    assert found.refusal() is None
    assert found.recipients == ()


def test_who_sends_does_not_count(room):
    room.register("ann", skills={"python": 1.0})
    assert routed(room, Destination(capability="python")).refusal().code == "empty_group"


def test_a_copy_that_reaches_nobody_does_not_keep_the_message_from_others(room):
    room.register("bob")
    rule = Rule(rule_id="r", match=Match(message_type="note"), copy_to=ANY)
    room.happens("routing/rules", RuleSet(rule=rule, by="op", at=NOW))

    found = routed(room, to("bob"))
    assert found.refusal() is None
    assert found.recipients == ("bob",)
    assert found.destinations == (to("bob"), ANY)


def test_rules_say_where_and_how(room):
    room.register("bob", "cal")
    rule = Rule(rule_id="r", match=Match(to_agent="bob"), to=to("cal"), priority=Priority.CRITICAL)
    room.happens("routing/rules", RuleSet(rule=rule, by="op", at=NOW))

    found = routed(room, to("bob"))
    assert found.recipients == ("cal",)
    assert found.priority is Priority.CRITICAL
    assert found.why == ("rule r sends it to cal, makes it critical",)


# ------------------------------------------------------------------------------------- bounds


def test_at_the_bound_it_is_refused(room):
    room.register("bob")
    for number in range(3):
        assert routed(room, to("bob")).refusal() is None
        room.send(f"m{number}", "bob")
    found = routed(room, to("bob"))
    assert (found.full, found.waiting) == ("bob", 3)


def test_what_is_on_its_way_counts(room):
    room.register("bob")
    room.send("m1", "bob")
    assert routed(room, to("bob"), coming={"bob": 1}).refusal() is None
    assert routed(room, to("bob"), coming={"bob": 2}).refusal().code == "inbox_full"


def test_letters_to_many_count(room):
    room.register(*(f"a{number}" for number in range(100)))
    for number in range(3):
        room.send(f"m{number}", goes=EVERYBODY)
    assert routed(room, to("a7")).full == "a7"


def test_who_is_away_keeps_more(room):
    room.register("bob")
    room.offline("bob")
    for number in range(5):
        assert routed(room, to("bob")).refusal() is None
        room.send(f"m{number}", "bob")
    assert routed(room, to("bob")).full == "bob"


def test_an_id_that_is_not_registered_keeps_few_and_all_of_them_not_many(room):
    room.send("m1", "x")
    room.send("m2", "x")
    assert routed(room, to("x")).full == "x"

    room.send("m3", "y")
    assert routed(room, to("z", "w")).full == "w"
    assert routed(room, to("z"), held_coming=1).full == "z"
    assert routed(room, to("z")).refusal() is None


def test_mail_to_unknown_ids_may_be_refused(room):
    refusing = MessageTerms(to_unknown=ToUnknown.REFUSE)
    room.register("bob")
    assert routed(room, to("bob"), refusing).refusal() is None
    assert routed(room, to("bob", "x"), refusing).refusal().code == "unknown_recipient"


def test_a_copy_for_which_there_is_no_room_does_not_keep_the_message_from_others(room):
    room.register("bob")
    rule = Rule(rule_id="r", match=Match(message_type="note"), copy_to=to("x"))
    room.happens("routing/rules", RuleSet(rule=rule, by="op", at=NOW))
    for number in range(5):
        room.send(f"m{number}", "x")

    assert routed(room, to("x")).full == "x"
    found = routed(room, to("bob"))
    assert (found.refusal(), found.recipients) == (None, ("bob", "x"))

    refusing = MessageTerms(to_unknown=ToUnknown.REFUSE)
    found = routed(room, to("bob"), refusing)
    assert (found.refusal(), found.recipients) == (None, ("bob",))
    assert found.why[-1] == "x is not registered: it gets no copy"


def test_where_the_lowest_are_dropped_nothing_is_refused(room):
    room.register("bob")
    for number in range(10):
        room.send(f"m{number}", "bob")
    assert routed(room, to("bob"), DROPPING).refusal() is None


def test_where_mail_is_refused_there_is_room_for_the_few_that_came_over_another_node(room):
    room.register("bob")
    bob = room.room.directory.get("bob")
    assert most_of(bob, DROPPING) == 3
    assert most_of(bob, MessageTerms(queue_size=3)) > 3
    assert most_of(bob, MessageTerms(queue_size=1_000)) == 1_100
