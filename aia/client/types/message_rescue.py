# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about message rescue."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer
from aia.client.types.shared import DestinationView


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is not delivered any more to a recipient.

    Attributes:
        to_agent: This agent.
        to_agents: These agents.
        topic: Everybody who subscribed to it.
        capability: Agents that have a skill or a specialization of this name.
        mode: Of these `all` or `any`, the least loaded one.
        role: Agents whose label `role` says so.
        broadcast: All agents.
        message_id: Its id.
        from_agent: The sender.
        goes_to: Where it goes, when rules had it go elsewhere or to others, too.
        recipients: Those who get it by name.
        message_type: What it is.
        priority: Its class, after the rules.
        payload: Any JSON; null in lists when it is encrypted.
        encrypted: The payload is stored encrypted.
        headers: What else is said about it.
        correlation_id: What ties it to others.
        reply_to: Where answers go.
        deliver_after: It is not delivered before, UTC.
        expires_at: When it expires, UTC.
        ack_seconds: How long a delivery waits for its acknowledgement.
        max_attempts: How many deliveries may fail.
        size: Of its payload as JSON, bytes.
        why: How it came to go where it goes, a sentence each.
        sent_at: When it was sent, UTC.
        position: Where that stands in the log.
        recipient: Who.
        attempts: How many deliveries were made.
        reason: Why the last one failed.
        died_at: When it was given up, UTC.
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
    goes_to: list[DestinationView] = msgspec.field(default_factory=list)
    recipients: list[str] = msgspec.field(default_factory=list)
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
    max_attempts: int
    size: int
    why: list[str] = msgspec.field(default_factory=list)
    sent_at: datetime
    position: int
    recipient: str
    attempts: int
    reason: str
    died_at: datetime


class DeadLetterPage(Answer, frozen=True, kw_only=True):
    """Dead letters (`next_cursor`, `total`: see lists)."""

    items: list[DeadLetter]
    next_cursor: str | None
    total: int | None = None


class RedriveItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one dead letter.

    Attributes:
        message_id: The message.
        agent_id: For whom it was dead.
        status: `redriven`, or `refused`; in a dry run what it would be.
        code: Why it was refused.
    """

    message_id: str
    agent_id: str
    status: str
    code: str | None = None


class RedriveResult(Answer, frozen=True, kw_only=True):
    """What became of an order to queue dead letters again.

    Attributes:
        bulk_id: Its id; the order itself stands in the audit stream `bulk/<bulk_id>`. None: it was
            a dry run.
        items: The letters, each with what became of it.
        redriven: How many were queued again.
        refused: How many were not.
        more: There are others beyond the limit; order again.
    """

    bulk_id: str | None
    items: list[RedriveItem]
    redriven: int
    refused: int
    more: bool


class RedrivenMessage(Answer, frozen=True, kw_only=True):
    """A dead letter that was queued again.

    Attributes:
        message_id: The message.
        dead: For how many recipients it is dead still.
    """

    message_id: str
    dead: int
