# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about message reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.base import Answer
from aia.client.types.shared import DestinationView


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How the delivery to one recipient goes.

    Attributes:
        recipient: Who.
        status: Where it stands.
        attempts: How many deliveries were made since it was queued (last), as far as is known.
        transport: How the last one was made.
        delivered_at: When that was, UTC.
        deadline: Until when it is to be acknowledged, UTC.
        retry_at: When it is delivered again, UTC.
        reason: Why the last delivery failed, or why it was dropped.
        acknowledged_at: When it was acknowledged, UTC.
        ended_at: When it was given up otherwise, UTC.
        redriven_at: When it was queued again (last), UTC.
    """

    recipient: str
    status: str
    attempts: int = 0
    transport: str | None = None
    delivered_at: datetime | None = None
    deadline: datetime | None = None
    retry_at: datetime | None = None
    reason: str | None = None
    acknowledged_at: datetime | None = None
    ended_at: datetime | None = None
    redriven_at: datetime | None = None


class DeliveryPage(Answer, frozen=True, kw_only=True):
    """How a message stands at its recipients, by their ids (`next_cursor`: see lists).

    Attributes:
        next_cursor: See lists.
    """

    items: list[Delivery]
    next_cursor: str | None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message in a list (`status`: where it stands at the recipient who has got least far).

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
        status: Where it stands at the recipient who has got least far.
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
    status: str


class MessagePage(Answer, frozen=True, kw_only=True):
    """Messages (`next_cursor`: for the next page, if there is one; `total`: when asked for).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: When asked for.
    """

    items: list[Message]
    next_cursor: str | None
    total: int | None = None


class RecipientCounts(msgspec.Struct, frozen=True, kw_only=True):
    """At how many recipients a message stands so, as far as anything is known of them.

    Attributes:
        queued: It waits for them.
        delivered: They have it, and have not acknowledged it.
        failed: A delivery failed, and there will be another.
        acknowledged: They acknowledged it.
        dead: It is not delivered any more to them.
        dropped: They had too many others waiting.
        expired: Its time ran out.
    """

    queued: int = 0
    delivered: int = 0
    failed: int = 0
    acknowledged: int = 0
    dead: int = 0
    dropped: int = 0
    expired: int = 0


class StoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to a message.

    Attributes:
        event: What; `retried`: it was delivered again.
        at: When, UTC.
        recipient: At whom; left out: at all who had not got it.
        attempt: Which delivery, from 1.
        transport: How it was delivered.
        reason: Why it failed, died or was dropped.
        retry_at: When it was to be delivered again, UTC.
        by: Who wanted it.
        position: Where the log tells of it first.
    """

    event: str
    at: datetime
    recipient: str | None = None
    attempt: int | None = None
    transport: str | None = None
    reason: str | None = None
    retry_at: datetime | None = None
    by: str | None = None
    position: int


class MessageStory(Answer, frozen=True, kw_only=True):
    """A message and all that became of it.

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
        status: Where it stands at the recipient who has got least far.
        unreadable: Why an encrypted payload is not shown: `message_key_unknown` or
            `message_seal_broken`.
        waiting: How many recipients have not got it, members of groups included; left out: that is
            not known here.
        counts: How many recipients stand where.
        deliveries: Recipients by their ids, a page of them: those named, and members of groups of
            whom anything is known.
        next_cursor: What to ask with for the next page of them; null: there is none.
        history: What happened to the message, and at these recipients, in the order of the log.
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
    status: str
    unreadable: str | None = None
    waiting: int | None = None
    counts: RecipientCounts
    deliveries: list[Delivery]
    next_cursor: str | None
    history: list[StoryEntry]


class ReceivedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message in the history of a recipient (`delivery`: how it goes there).

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
        delivery: How it goes there.
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
    delivery: Delivery


class ReceivedPage(Answer, frozen=True, kw_only=True):
    """What one recipient was sent (`next_cursor`, `total`: see lists)."""

    items: list[ReceivedMessage]
    next_cursor: str | None
    total: int | None = None
