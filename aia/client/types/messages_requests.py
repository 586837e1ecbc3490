# Written by `make client` from the OpenAPI document; changes are lost.
"""What requests about messages are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.requests import Mode, Priority


class DeadLetterCriteria(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The filters of the list of dead letters; what is left out does not restrict.

    What is given does: an empty list or null, which a program may send by mistake, is not "all".
    """

    recipient: str | None = None
    from_agent: str | None = None
    message_type: str | None = None
    priority: Sequence[Priority] | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class MessageToSend(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message; what is left out is as the server's settings say.

    It has one destination.

    Attributes:
        message_type: What it is, for whoever reads it, 1..128 characters.
        message_id: Its id; the same message again under its id is not sent twice. A new one when
            it is left out.
        from_agent: Who sends it; whoever asks, when it is left out. Only operators name others.
        priority: Its class.
        payload: Any JSON, at most `MAS_MESSAGE_MAX_PAYLOAD` (64 KiB).
        headers: What else is said about it, for rules and readers; at most 32.
        correlation_id: What ties it to others; an answer has that of the question.
        reply_to: Where answers go: an agent's id or a topic.
        deliver_after: It is not delivered before, RFC 3339.
        ttl: Seconds after which it expires, counted from when it may be delivered; above 0.
        ack_seconds: How long a delivery waits for its acknowledgement, seconds.
        max_attempts: How many deliveries may fail.
        encrypt: The payload is stored encrypted; messages to some topics are in any case. It takes
            a key on the server, `MAS_MESSAGE_KEYS`.
        to_agent: It goes to this agent.
        to_agents: It goes to these agents, at most 256.
        topic: It goes to everybody who subscribed to this, like `tasks.created`.
        capability: It goes to agents that have a skill or a specialization of this name.
        mode: Of these to `all`, or to `any`: the least loaded one.
        role: It goes to agents whose label `role` says so.
        broadcast: It goes to all agents.
    """

    message_type: str
    message_id: str | None = None
    from_agent: str | None = None
    priority: Priority | None = None
    payload: Any = None
    headers: Mapping[str, str] | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    deliver_after: datetime | None = None
    ttl: float | None = None
    ack_seconds: float | None = None
    max_attempts: int | None = None
    encrypt: bool | None = None
    to_agent: str | None = None
    to_agents: Sequence[str] | None = None
    topic: str | None = None
    capability: str | None = None
    mode: Mode | None = None
    role: str | None = None
    broadcast: bool | None = None
