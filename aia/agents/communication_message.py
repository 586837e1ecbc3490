"""Messages as programs write them down, and as they get them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Self

import msgspec
import uuid_utils

from aia.agents.on_a_node import HOST
from aia.agents.shapes import read_as
from aia_mas.application.communication.views import MessageView
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.errors import InvalidText
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.http.schemas.messages import MessageToSend, Sending

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
    def of(cls, view: MessageView, **more: Any) -> Self:
        """Return a message as it was sent (``more``: fields of a subclass).

        What it says is its reader's own: the node hands the same to others.
        """
        begins = max(view.sent_at, view.deliver_after or view.sent_at)
        return cls(
            message_type=view.message_type,
            from_agent=view.from_agent,
            to_agent=view.to_agent,
            to_agents=view.to_agents,
            topic=view.topic,
            capability=view.capability,
            mode=view.mode,  # type: ignore[arg-type]
            role=view.role,
            broadcast=view.broadcast,
            payload=msgspec.to_builtins(view.payload),
            priority=view.priority,
            headers=dict(view.headers),
            correlation_id=view.correlation_id,
            reply_to=view.reply_to,
            deliver_after=view.deliver_after,
            ttl=None if view.expires_at is None else (view.expires_at - begins).total_seconds(),
            ack_seconds=view.ack_seconds,
            encrypt=view.encrypted,
            message_id=view.message_id,
            **more,
        )

    def command(self, system: System) -> SendMessage:
        """Return the command that sends it.

        Raises:
            InvalidValue: A value is of the wrong kind or out of bounds.
        """
        if not isinstance(self.message_id, str):
            raise InvalidValue("message_id is a text", field="message_id")
        terms = system.communication.terms
        sending = Sending(HOST, system.clock.now(), terms)
        try:
            return read_as(MessageToSend, self).command(sending, self.message_id)
        except RecursionError:
            raise InvalidValue("payload is nested too deeply", field="payload") from None
        except TypeError as error:
            raise InvalidValue(f"payload is no JSON: {error}", field="payload") from None
        except UnicodeEncodeError:
            detail = "payload holds a character that cannot be stored"
            raise InvalidText(detail, field="payload") from None


class WaitingMessage(CommunicationMessage, frozen=True, kw_only=True):
    """A message that its recipient has not acknowledged.

    Attributes:
        attempts: How many deliveries were made.
        deadline: Until when the last one is to be acknowledged, UTC; None: it is not out.
        retry_at: When it is delivered again, UTC, if the last one failed.
        reason: Why that failed.
    """

    attempts: int = 0
    deadline: datetime | None = None
    retry_at: datetime | None = None
    reason: str = ""


class DeadLetter(CommunicationMessage, frozen=True, kw_only=True):
    """A message that is not delivered any more to a recipient.

    Attributes:
        recipient: Who.
        attempts: How many deliveries were made.
        reason: Why the last one failed.
        died_at: When it was given up, UTC.
    """

    recipient: str
    attempts: int
    reason: str
    died_at: datetime
