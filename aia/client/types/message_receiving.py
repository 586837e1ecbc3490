# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about message receiving."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer
from aia.client.types.shared import Problem


class AcknowledgedItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one acknowledgement.

    Attributes:
        message_id: The message.
        status: The HTTP status that it would have had alone.
        problem: Why it was not taken, when it was not.
    """

    message_id: str
    status: int
    problem: Problem | None = None


class AcknowledgedItems(Answer, frozen=True, kw_only=True):
    """What became of acknowledgements, in their order."""

    items: list[AcknowledgedItem]
    acknowledged: int
    refused: int


class DeliveredMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was handed over; it is to be acknowledged within `ack_seconds`.

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
        position: By what it was queued for the recipient, in the log.
        attempt: Which delivery it is, when it is not the first.
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
    position: int
    attempt: int = 1


class DeliveredMessages(Answer, frozen=True, kw_only=True):
    """Messages that were handed over.

    Attributes:
        items: Those, the most urgent first.
        waiting: How many others have not arrived: those that were handed over before and are not
            acknowledged, and those that are to be delivered later.
    """

    items: list[DeliveredMessage]
    waiting: int


class Settled(Answer, frozen=True, kw_only=True):
    """Where a message stands at a recipient, who has just said so.

    Attributes:
        message_id: The message.
        agent_id: The recipient.
        status: `acknowledged`; or `failed` when it is delivered again, `dead` when it is not.
        attempts: How many deliveries have failed.
        retry_at: When it is delivered again, UTC.
    """

    message_id: str
    agent_id: str
    status: str
    attempts: int = 0
    retry_at: datetime | None = None


class WaitingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a recipient has not acknowledged.

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
        position: By what it was queued for the recipient, in the log.
        status: `queued`, `delivered` or `failed`.
        attempts: How many deliveries were made.
        deadline: Until when it is to be acknowledged, UTC.
        retry_at: When it is delivered again, UTC.
        reason: Why the last delivery failed.
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
    position: int
    status: str
    attempts: int = 0
    deadline: datetime | None = None
    retry_at: datetime | None = None
    reason: str = ""


class WaitingPage(Answer, frozen=True, kw_only=True):
    """Messages that wait, oldest first (`total`: how many wait; `next_cursor`: see lists).

    Attributes:
        next_cursor: See lists.
        total: How many wait.
    """

    items: list[WaitingMessage]
    next_cursor: str | None
    total: int
