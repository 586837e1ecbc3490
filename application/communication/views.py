"""Messages as their recipients get them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.communication.rules import Match, Rule
from aia_mas.domain.communication.told import (
    DestinationView,
    destination_fields,
    destination_view,
)
from aia_mas.domain.orchestration.task_specification import Priority

__all__ = [
    "DestinationView",
    "MatchView",
    "MessageView",
    "RuleView",
    "destination_fields",
    "destination_view",
    "message_view",
    "rule_view",
]


class MessageView(DestinationView, frozen=True, kw_only=True, omit_defaults=True):
    """A message as its recipient gets it.

    Attributes:
        message_id: Its id; whoever gets it twice knows it by this.
        from_agent: The sender.
        message_type: What it is.
        priority: Its class.
        payload: Any JSON.
        encrypted: The payload is stored encrypted.
        headers: What else is said about it.
        correlation_id: What ties it to others.
        reply_to: Where answers go.
        deliver_after: It was not to be delivered before, UTC.
        expires_at: When it expires, UTC.
        ack_seconds: Within how many seconds it is to be acknowledged.
        sent_at: When it was sent, UTC.
    """

    message_id: str
    from_agent: str
    message_type: str
    priority: Priority
    payload: Any
    encrypted: bool = False
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    correlation_id: str | None = None
    reply_to: str | None = None
    deliver_after: datetime | None = None
    expires_at: datetime | None = None
    ack_seconds: float
    sent_at: datetime


def message_view(message_id: str, event: MessageSent, payload: Any) -> MessageView:
    """Return a message as its recipient gets it.

    Args:
        message_id: Its id.
        event: How it was sent.
        payload: Its payload, readable.
    """
    return MessageView(
        **destination_fields(event.to),
        message_id=message_id,
        from_agent=event.from_agent,
        message_type=event.message_type,
        priority=event.priority,
        payload=payload,
        encrypted=event.sealed is not None,
        headers=event.headers,
        correlation_id=event.correlation_id,
        reply_to=event.reply_to,
        deliver_after=event.deliver_after,
        expires_at=event.expires_at,
        ack_seconds=event.ack_seconds,
        sent_at=event.sent_at,
    )


class MatchView(Match, frozen=True, kw_only=True, omit_defaults=True):
    """For which messages a rule is; the fields: see ``Match``."""


class RuleView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
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
    priority: Priority | None = None
    last: bool = False
    enabled: bool
    description: str = ""


def rule_view(rule: Rule) -> RuleView:
    """Return a rule as it is shown."""
    return RuleView(
        rule_id=rule.rule_id,
        match=MatchView(**msgspec.structs.asdict(rule.match)),
        order=rule.order,
        to=None if rule.to is None else destination_view(rule.to),
        copy_to=None if rule.copy_to is None else destination_view(rule.copy_to),
        priority=rule.priority,
        last=rule.last,
        enabled=rule.enabled,
        description=rule.description,
    )
