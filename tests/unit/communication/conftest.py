"""Streams about messages as scenarios: given, when, then; a desk of trays; a system in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial

import pytest
import structlog

from aia.testing import InMemoryMas
from aia_mas.domain.communication import ending, mailbox, message, rules, sending
from aia_mas.domain.communication.terms import MessageTerms
from tests.unit.domain.conftest import Decisions, Scenario

from .desk import Desk
from .mail import MANY, Room

TERMS = MessageTerms(max_payload_bytes=1_000, ttl_seconds=None)
MESSAGES: Decisions = {
    sending.SendMessage: partial(sending.send_message, terms=TERMS),
    ending.ExpireMessage: ending.expire_message,
    ending.BuryMessage: ending.bury_message,
    ending.RedriveMessage: ending.redrive_message,
}
MAILBOXES: Decisions = {
    mailbox.Subscribe: mailbox.subscribe,
    mailbox.Unsubscribe: mailbox.unsubscribe,
    mailbox.SetSubscriptions: mailbox.set_subscriptions,
    mailbox.ForwardMailbox: mailbox.forward_mailbox,
    mailbox.CloseMailbox: lambda state, command, ctx: mailbox.close_mailbox(
        state, None, command, ctx
    ),
}
RULES: Decisions = {rules.SetRule: rules.set_rule, rules.RemoveRule: rules.remove_rule}


@pytest.fixture
def a_message() -> Scenario:
    """Return an empty scenario of message ``m1``."""
    return Scenario(message.message_stream("m1"), message.evolve, MESSAGES)


@pytest.fixture
def a_mailbox() -> Scenario:
    """Return an empty scenario of the mailbox of ``bob``."""
    return Scenario(mailbox.mailbox_stream("bob"), mailbox.evolve, MAILBOXES)


@pytest.fixture
def the_rules() -> Scenario:
    """Return an empty scenario of the routing rules."""
    return Scenario(rules.RULES, rules.evolve, RULES)


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def crowded(room: Room) -> Room:
    """Return a mailroom of so many agents that letters to all of them are put in lazily."""
    room.register(*MANY)
    return room


@pytest.fixture
def logs_as_they_were() -> Iterator[None]:
    """Leave the logs as they were."""
    before = structlog.get_config() if structlog.is_configured() else None
    yield
    structlog.reset_defaults()
    if before is not None:
        structlog.configure(**before)


@pytest.fixture
def desk() -> Desk:
    """Return an empty mailroom and a clock."""
    return Desk()


@pytest.fixture
async def mas(logs_as_they_were: None) -> AsyncIterator[InMemoryMas]:
    """Return a system in memory."""
    async with InMemoryMas(seed=1) as system:
        yield system
