"""Subscriptions: what a recipient wants, and changes that change nothing."""

from __future__ import annotations

import pytest

from aia_mas.domain.communication.mailbox import (
    MOST_PATTERNS,
    CloseMailbox,
    MailboxForwarded,
    MailboxState,
    SetSubscriptions,
    Subscribe,
    TopicsSubscribed,
    TopicsUnsubscribed,
    Unsubscribe,
    close_mailbox,
)
from aia_mas.domain.kernel import Context
from aia_mas.domain.orchestration.agent import AgentState, AgentStatus
from aia_mas.domain.orchestration.capabilities import Capabilities
from tests.unit.domain.conftest import CALLER, NOW

MANY = tuple(f"t{number}" for number in range(MOST_PATTERNS))


def subscribed(*patterns: str) -> TopicsSubscribed:
    return TopicsSubscribed(patterns=patterns, at=NOW)


def unsubscribed(*patterns: str) -> TopicsUnsubscribed:
    return TopicsUnsubscribed(patterns=patterns, at=NOW)


def test_only_what_is_new_is_added(a_mailbox):
    a_mailbox.when(Subscribe(agent_id="bob", patterns=("a", "b.*", "a"))).then(
        subscribed("a", "b.*")
    )
    a_mailbox.when(Subscribe(agent_id="bob", patterns=("b.*", "c"))).then(subscribed("c"))
    a_mailbox.when(Subscribe(agent_id="bob", patterns=("a",))).then()

    assert a_mailbox.state.patterns == ("a", "b.*", "c")


def test_only_what_is_there_is_taken_back(a_mailbox):
    a_mailbox.given(subscribed("a", "b"))

    a_mailbox.when(Unsubscribe(agent_id="bob", patterns=("b", "x"))).then(unsubscribed("b"))
    a_mailbox.when(Unsubscribe(agent_id="bob", patterns=("x", "not a pattern"))).then()
    assert a_mailbox.state.patterns == ("a",)


def test_exactly_these(a_mailbox):
    a_mailbox.given(subscribed("a", "b"))

    a_mailbox.when(SetSubscriptions(agent_id="bob", patterns=("b", "c"))).then(
        unsubscribed("a"), subscribed("c")
    )
    a_mailbox.when(SetSubscriptions(agent_id="bob", patterns=())).then(unsubscribed("b", "c"))


def test_there_are_so_many_at_most(a_mailbox):
    a_mailbox.given(subscribed(*MANY))

    more = Subscribe(agent_id="bob", patterns=("one.more",))
    a_mailbox.when(more).then_refused("too_many_subscriptions")
    others = SetSubscriptions(agent_id="bob", patterns=(*MANY[1:], "one.more"))
    a_mailbox.when(others).then(unsubscribed(MANY[0]), subscribed("one.more"))


def test_what_somebody_told_who_is_no_agent_is_taken_back(a_mailbox):
    close = CloseMailbox(agent_id="bob")
    a_mailbox.when(close).then()
    a_mailbox.given(subscribed("a", "b"), MailboxForwarded(webhook=True, at=NOW))

    taken_back = (unsubscribed("a", "b"), MailboxForwarded(webhook=False, at=NOW))
    a_mailbox.when(close).then(*taken_back)
    a_mailbox.when(close).then()


@pytest.mark.parametrize("status", AgentStatus)
def test_an_agent_keeps_what_it_told(status):
    agent = AgentState(
        status=status,
        online=False,
        capabilities=Capabilities(),
        owner="o",
        revision=1,
        registered_at=NOW,
    )
    known, ctx = MailboxState(patterns=("a",)), Context(NOW, 1, CALLER)

    decision = close_mailbox(known, agent, CloseMailbox(agent_id="bob"), ctx)

    assert bool(decision.events) is (status is AgentStatus.UNREGISTERED)


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (Subscribe(agent_id="not an id", patterns=("a",)), "invalid_id", "agent_id"),
        (Subscribe(agent_id="bob", patterns=("a", "b..c")), "invalid_topic", "patterns.1"),
        (Subscribe(agent_id="bob", patterns=("a.b*",)), "illegal_wildcard", "patterns.0"),
    ],
)
def test_what_is_refused(a_mailbox, command, code, field):
    a_mailbox.when(command).then_refused(code, field=field)
