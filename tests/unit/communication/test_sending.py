"""Sending: what is accepted, what it becomes, and why anything else is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.headers import MOST_HEADERS
from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.communication.sending import (
    LONGEST_TTL,
    LONGEST_WAIT,
    Route,
    SendMessage,
    digests_of,
    send_message,
)
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.kernel import Context
from aia_mas.domain.orchestration.task_specification import Priority
from tests.unit.domain.conftest import CALLER, NOW

from .conftest import TERMS

BOB = Destination(agents=("bob",))


def send(**more: Any) -> SendMessage:
    return SendMessage(
        **{"message_id": "m1", "from_agent": "ann", "to": BOB, "message_type": "note", **more}
    )


def sent(**more: Any) -> MessageSent:
    given = {
        "from_agent": "ann",
        "to": BOB,
        "recipients": ("bob",),
        "message_type": "note",
        "ack_seconds": TERMS.ack_seconds,
        "max_attempts": TERMS.attempts[Priority.NORMAL],
        "digest": digests_of(send())[0],
        "sent_at": NOW,
    }
    return MessageSent(**{**given, **more})


def test_accepted_is_queued_and_one_event(a_message):
    a_message.when(send()).then(sent())


def test_to_a_topic_it_is_one_event_too(a_message):
    to = Destination(topic="tasks.created")
    command = send(to=to)
    a_message.when(command).then(sent(to=to, recipients=(), digest=digests_of(command)[0]))


def test_everything_that_was_said_is_kept(a_message):
    command = send(
        payload={"n": [1, None]},
        size=13,
        priority=Priority.HIGH,
        headers={"trace": "1"},
        correlation_id="q1",
        reply_to="answers.ann",
        deliver_after=NOW + timedelta(seconds=5),
        ttl_seconds=10.0,
        ack_seconds=2.0,
        max_attempts=7,
    )
    a_message.when(command).then(
        sent(
            payload={"n": [1, None]},
            size=13,
            priority=Priority.HIGH,
            headers={"trace": "1"},
            correlation_id="q1",
            reply_to="answers.ann",
            deliver_after=NOW + timedelta(seconds=5),
            expires_at=NOW + timedelta(seconds=15),
            ack_seconds=2.0,
            max_attempts=7,
            digest=digests_of(command)[0],
        )
    )


def test_what_could_have_been_delivered_before_lives_from_now_on(a_message):
    command = send(deliver_after=NOW - timedelta(days=1), ttl_seconds=10.0)
    a_message.when(command)

    [(_, event)] = a_message.decision.events
    assert event.expires_at == NOW + timedelta(seconds=10)


def test_the_terms_say_what_the_sender_does_not():
    terms = MessageTerms(ttl_seconds=60.0, ack_seconds=3.0)
    decision = send_message(
        None, send(priority=Priority.CRITICAL), Context(NOW, 1, CALLER), terms=terms
    )

    [(_, event)] = decision.events
    assert event.expires_at == NOW + timedelta(seconds=60)
    assert event.ack_seconds == 3.0
    assert event.max_attempts == terms.attempts[Priority.CRITICAL]


def test_where_rules_have_it_go_stands_beside_where_it_was_sent(a_message):
    copy = Destination(topic="audit")
    route = Route(
        destinations=(BOB, copy), recipients=("bob",), priority=Priority.LOW, why=("rule r1",)
    )
    a_message.when(send(route=route)).then(
        sent(
            goes_to=(BOB, copy),
            why=("rule r1",),
            priority=Priority.LOW,
            max_attempts=TERMS.attempts[Priority.LOW],
        )
    )


# ------------------------------------------------------------------------------ the same again


def test_the_same_message_again_changes_nothing(a_message):
    a_message.given(sent()).when(send()).then()


def test_that_counts_what_was_said_not_what_became_of_it(a_message):
    elsewhere = Route(destinations=(Destination(agents=("cal",)),), recipients=("cal",))
    full = replace(elsewhere, full="cal")
    a_message.given(sent())

    a_message.when(send(route=elsewhere)).then()
    a_message.when(send(route=full)).then()


@pytest.mark.parametrize(
    "other",
    [
        {"from_agent": "eve"},
        {"to": Destination(agents=("cal",))},
        {"message_type": "order"},
        {"payload": 1},
        {"priority": Priority.LOW},
        {"headers": {"a": "b"}},
        {"correlation_id": "c"},
        {"reply_to": "ann"},
        {"ttl_seconds": 5.0},
        {"ack_seconds": 5.0},
        {"max_attempts": 1},
        {"deliver_after": NOW},
    ],
)
def test_another_message_under_its_id_is_refused(a_message, other):
    a_message.given(sent()).when(send(**other)).then_refused(
        "message_exists_with_different_content"
    )


# ---------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("route", "code"),
    [
        (Route(destinations=(BOB,), empty=Destination(role="r")), "empty_group"),
        (Route(destinations=(BOB,), unknown="bob"), "unknown_recipient"),
        (Route(destinations=(BOB,), full="bob", waiting=3), "inbox_full"),
    ],
)
def test_nobody_to_give_it_to(a_message, route, code):
    a_message.when(send(route=route)).then_refused(code)


def test_a_full_inbox_says_when_there_may_be_room(a_message):
    a_message.when(send(route=Route(destinations=(BOB,), full="bob", waiting=3, retry_after=5)))

    assert a_message.decision.refusal.retry_after == 5
    assert a_message.decision.refusal.facts["recipient"] == "bob"


@pytest.mark.parametrize(
    ("wrong", "code", "field"),
    [
        ({"message_id": "not an id"}, "invalid_id", "message_id"),
        ({"from_agent": "not an id"}, "invalid_id", "from_agent"),
        ({"to": Destination()}, "invalid_destination", "to"),
        ({"to": Destination(topic="a.*")}, "illegal_wildcard", "to"),
        ({"message_type": ""}, "invalid_text", "message_type"),
        ({"payload": "\0"}, "invalid_text", "payload"),
        ({"size": 1_001}, "message_payload_too_large", "payload"),
        ({"headers": dict.fromkeys(map(str, range(MOST_HEADERS + 1)), "")}, "invalid_value",
         "headers"),
        ({"headers": {"": "a"}}, "invalid_text", "headers"),
        ({"headers": {"a": "b" * 1_025}}, "invalid_text", "headers.a"),
        ({"correlation_id": ""}, "invalid_text", "correlation_id"),
        ({"reply_to": "neither id nor topic"}, "invalid_id", "reply_to"),
        ({"ttl_seconds": 0.0}, "message_already_expired", "ttl"),
        ({"ttl_seconds": -1.0}, "message_already_expired", "ttl"),
        ({"ttl_seconds": float("nan")}, "invalid_value", "ttl"),
        ({"ttl_seconds": LONGEST_TTL + 1}, "invalid_value", "ttl"),
        ({"deliver_after": datetime(2026, 1, 1)}, "invalid_value", "deliver_after"),  # noqa: DTZ001
        ({"deliver_after": datetime.max.replace(tzinfo=NOW.tzinfo), "ttl_seconds": 9.0},
         "invalid_value", "deliver_after"),
        ({"deliver_after": NOW + timedelta(seconds=LONGEST_WAIT + 1)}, "invalid_value",
         "deliver_after"),
        ({"ack_seconds": 0.5}, "invalid_value", "ack_seconds"),
        ({"ack_seconds": float("inf")}, "invalid_value", "ack_seconds"),
        ({"max_attempts": 0}, "invalid_value", "max_attempts"),
        ({"max_attempts": 101}, "invalid_value", "max_attempts"),
    ],
)  # fmt: skip
def test_values_out_of_bounds(a_message, wrong, code, field):
    a_message.when(send(**wrong)).then_refused(code, field=field)


def test_all_mistakes_are_told_at_once(a_message):
    a_message.when(send(message_type="", ack_seconds=0.0))

    refusal = a_message.decision.refusal
    assert {refusal.field, *(other.field for other in refusal.others)} == {
        "message_type",
        "ack_seconds",
    }


@pytest.mark.parametrize("reply_to", ["ann", "system", "answers.ann", "a:b"])
def test_answers_go_to_an_agent_a_topic_or_the_system(a_message, reply_to):
    a_message.when(send(reply_to=reply_to))
    assert a_message.decision.refusal is None


@pytest.mark.parametrize("from_agent", ["ann", "system"])
def test_an_agent_sends_or_the_system(a_message, from_agent):
    a_message.when(send(from_agent=from_agent))
    assert a_message.decision.refusal is None
