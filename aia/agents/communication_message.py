"""Messages as programs write them down, and as they get them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Self

import msgspec
import uuid_utils

from aia_mas.application.communication.views import destination_fields
from aia_mas.domain.communication.message_events import MessageSent
from aia_mas.domain.orchestration.task_specification import Priority

MessagePriority = Priority
"""How urgent a message is: ``CRITICAL``, ``HIGH``, ``NORMAL``, ``LOW`` or ``MAINTENANCE``."""


def _new_id() -> str:
    return str(uuid_utils.uuid7())


class CommunicationMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message. It goes to exactly one of ``to_agent``, ``to_agents``, ``topic``...

    Attributes:
        message_type: What it is, for whoever reads it.
        from_agent: The sender; ``system``: the system.
        to_agent: It goes to this agent.
        to_agents: It goes to these agents.
        topic: It goes to everybody who subscribed to this, like ``tasks.created``.
        capability: It goes to agents that have a skill or a specialization of this name.
        mode: Of these to ``all``, or to ``any``: the least loaded one.
        role: It goes to agents whose label ``role`` says so.
        broadcast: It goes to all agents.
        payload: Any JSON.
        priority: How urgent it is.
        headers: What else is said about it, for rules and readers.
        correlation_id: What ties it to others; an answer has that of the question.
        reply_to: Where answers go: an agent's id or a topic.
        deliver_after: It is not delivered before.
        ttl: Seconds after which it expires, counted from when it may be delivered; None: never, or
            as configured.
        ack_seconds: How long a delivery waits for its acknowledgement; None: as configured.
        max_attempts: How many deliveries may fail; None: as configured.
        encrypt: The payload does not stand in the log as it is.
        message_id: Its id, made up. Sending the same message again changes nothing.
    """

    message_type: str
    from_agent: str = "system"
    to_agent: str | None = None
    to_agents: Sequence[str] | None = None
    topic: str | None = None
    capability: str | None = None
    mode: Literal["all", "any"] | None = None
    role: str | None = None
    broadcast: bool = False
    payload: Any = None
    priority: Priority = Priority.NORMAL
    headers: Mapping[str, str] = {}
    correlation_id: str | None = None
    reply_to: str | None = None
    deliver_after: datetime | None = None
    ttl: float | None = None
    ack_seconds: float | None = None
    max_attempts: int | None = None
    encrypt: bool = False
    message_id: str = msgspec.field(default_factory=_new_id)

    @classmethod
    def of_event(cls, message_id: str, event: MessageSent, payload: Any) -> Self:
        """Return a message as it was sent (``payload``: readable)."""
        begins = max(event.sent_at, event.deliver_after or event.sent_at)
        return cls(
            **destination_fields(event.to),
            message_type=event.message_type,
            from_agent=event.from_agent,
            payload=payload,
            priority=event.priority,
            headers=event.headers,
            correlation_id=event.correlation_id,
            reply_to=event.reply_to,
            deliver_after=event.deliver_after,
            ttl=None if event.expires_at is None else (event.expires_at - begins).total_seconds(),
            ack_seconds=event.ack_seconds,
            max_attempts=event.max_attempts,
            encrypt=event.sealed is not None,
            message_id=message_id,
        )
