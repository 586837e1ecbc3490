"""The registry of commands about messages: reads, decision and answer of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from aia_mas.application.communication.sorting import Sorting
from aia_mas.application.communication.views import (
    DestinationView,
    destination_fields,
    rule_view,
)
from aia_mas.application.engine.handlers import Evolvers, Handler, Handlers
from aia_mas.domain.communication import delivery_events, ending, mailbox, message, recording, rules
from aia_mas.domain.communication.sending import SendMessage, SentBefore, send_message
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.agent import agent_stream
from aia_mas.domain.orchestration.task_specification import Priority

EVENTS: tuple[type[Event], ...] = (
    *message.EVENTS,
    *delivery_events.EVENTS,
    *mailbox.EVENTS,
    *rules.EVENTS,
)

EVOLVERS: Evolvers = {
    message.CATEGORY: message.evolve,
    delivery_events.CATEGORY: delivery_events.evolve,
    mailbox.CATEGORY: mailbox.evolve,
    rules.CATEGORY: rules.evolve,
}

STATES: Mapping[str, type[msgspec.Struct]] = {
    message.CATEGORY: message.MessageState,
    delivery_events.CATEGORY: delivery_events.DeliveriesState,
    mailbox.CATEGORY: mailbox.MailboxState,
    rules.CATEGORY: rules.RulesState,
}

CATEGORIES = frozenset(EVOLVERS)
"""The kinds of streams that are about messages."""


class SentMessage(DestinationView, frozen=True, kw_only=True, omit_defaults=True):
    """A message that was accepted.

    Attributes:
        message_id: Its id.
        status: ``queued``.
        from_agent: The sender.
        message_type: What it is.
        priority: Its class, after the rules.
        recipients: Those who get it by name.
        why: How it came to go where it goes.
        correlation_id: What ties it to others.
        deliver_after: It is not delivered before, UTC.
        expires_at: When it expires, UTC.
        sent_at: When it was accepted, UTC.
        duplicate: It had been sent before; nothing was sent now.
    """

    message_id: str
    status: str
    from_agent: str
    message_type: str
    priority: Priority
    recipients: tuple[str, ...]
    why: tuple[str, ...]
    correlation_id: str | None = None
    deliver_after: datetime | None = None
    expires_at: datetime | None = None
    sent_at: datetime
    duplicate: bool = False


class Subscriptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a recipient subscribed to.

    Attributes:
        agent_id: The recipient.
        patterns: Topics and patterns.
        webhook: Whether messages are sent to its endpoint.
    """

    agent_id: str
    patterns: tuple[str, ...]
    webhook: bool = False


class RedrivenMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter that was queued again.

    Attributes:
        message_id: The message.
        dead: For how many recipients it is dead still.
    """

    message_id: str
    dead: int


def handlers(terms: MessageTerms, sorting: Callable[[], Sorting]) -> Handlers:
    """Return the handlers of all commands about messages.

    Args:
        terms: Their bounds and defaults.
        sorting: Knows where messages go; asked when a command comes.
    """
    return {
        SendMessage: Handler(
            lambda c: (message.message_stream(c.message_id),),
            partial(send_message, terms=terms),
            _sent,
            # Ids are new, mostly; should one not be, the log notices.
            creates=True,
            place=lambda c: sorting().place(c),
        ),
        ending.ExpireMessage: _on_message(ending.expire_message),
        ending.BuryMessage: _on_message(ending.bury_message),
        ending.RedriveMessage: Handler(
            lambda c: (message.message_stream(c.message_id),), ending.redrive_message, _redriven
        ),
        recording.RecordDeliveries: Handler(
            lambda c: (delivery_events.deliveries_stream(c.writer),),
            recording.record_deliveries,
            _nothing,
        ),
        mailbox.Subscribe: _on_mailbox(mailbox.subscribe),
        mailbox.Unsubscribe: _on_mailbox(mailbox.unsubscribe),
        mailbox.SetSubscriptions: _on_mailbox(mailbox.set_subscriptions),
        mailbox.ForwardMailbox: _on_mailbox(mailbox.forward_mailbox),
        mailbox.CloseMailbox: Handler(
            lambda c: (mailbox.mailbox_stream(c.agent_id), agent_stream(c.agent_id)),
            mailbox.close_mailbox,
            _nothing,
        ),
        rules.SetRule: Handler(
            lambda _: (rules.RULES,), rules.set_rule, lambda _, c: rule_view(c.rule)
        ),
        rules.RemoveRule: Handler(lambda _: (rules.RULES,), rules.remove_rule, _nothing),
    }


def _on_message(decide: Any) -> Handler:
    return Handler(lambda c: (message.message_stream(c.message_id),), decide, _nothing)


def _on_mailbox(decide: Any) -> Handler:
    return Handler(lambda c: (mailbox.mailbox_stream(c.agent_id),), decide, _subscriptions)


def _nothing(_state: Any, _command: Any) -> None:
    return None


def _sent(state: message.MessageState, command: SendMessage | SentBefore) -> SentMessage:
    sent = state.sent
    return SentMessage(
        **destination_fields(sent.to),
        message_id=command.message_id,
        status="queued",
        from_agent=sent.from_agent,
        message_type=sent.message_type,
        priority=sent.priority,
        recipients=sent.recipients,
        why=sent.why,
        correlation_id=sent.correlation_id,
        deliver_after=sent.deliver_after,
        expires_at=sent.expires_at,
        sent_at=sent.sent_at,
        duplicate=isinstance(command, SentBefore),
    )


def _subscriptions(state: mailbox.MailboxState | None, command: Any) -> Subscriptions:
    known = state or mailbox.MailboxState()
    return Subscriptions(agent_id=command.agent_id, patterns=known.patterns, webhook=known.webhook)


def _redriven(state: message.MessageState, command: ending.RedriveMessage) -> RedrivenMessage:
    return RedrivenMessage(message_id=command.message_id, dead=len(state.dead))
