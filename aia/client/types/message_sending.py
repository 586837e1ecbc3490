# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about message sending."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer
from aia.client.types.shared import Problem


class SentMessage(Answer, frozen=True, kw_only=True):
    """A message that was accepted.

    Attributes:
        to_agent: This agent.
        to_agents: These agents.
        topic: Everybody who subscribed to it.
        capability: Agents that have a skill or a specialization of this name.
        mode: Of these `all` or `any`, the least loaded one.
        role: Agents whose label `role` says so.
        broadcast: All agents.
        message_id: Its id.
        status: `queued`.
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

    to_agent: str | None = None
    to_agents: list[str] | None = None
    topic: str | None = None
    capability: str | None = None
    mode: str | None = None
    role: str | None = None
    broadcast: bool = False
    message_id: str
    status: str
    from_agent: str
    message_type: str
    priority: str
    recipients: list[str]
    why: list[str]
    correlation_id: str | None = None
    deliver_after: datetime | None = None
    expires_at: datetime | None = None
    sent_at: datetime
    duplicate: bool = False


class MessageBatchItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message of a batch.

    Attributes:
        status: The HTTP status that it would have had alone.
        message: The message, when it was accepted.
        problem: Why it was not, when it was refused.
    """

    status: int
    message: SentMessage | None = None
    problem: Problem | None = None


class MessageBatchResult(Answer, frozen=True, kw_only=True):
    """What became of a batch, in the order of its messages."""

    items: list[MessageBatchItem]
    accepted: int
    refused: int


class MessageView(Answer, frozen=True, kw_only=True):
    """A message as its recipient gets it.

    Attributes:
        to_agent: This agent.
        to_agents: These agents.
        topic: Everybody who subscribed to it.
        capability: Agents that have a skill or a specialization of this name.
        mode: Of these `all` or `any`, the least loaded one.
        role: Agents whose label `role` says so.
        broadcast: All agents.
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

    to_agent: str | None = None
    to_agents: list[str] | None = None
    topic: str | None = None
    capability: str | None = None
    mode: str | None = None
    role: str | None = None
    broadcast: bool = False
    message_id: str
    from_agent: str
    message_type: str
    priority: str
    payload: Any
    encrypted: bool = False
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    correlation_id: str | None = None
    reply_to: str | None = None
    deliver_after: datetime | None = None
    expires_at: datetime | None = None
    ack_seconds: float
    sent_at: datetime
