"""What is sent over HTTP, and other ways, to send messages."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec.structs import replace

from aia_mas.domain.communication.authority import sender_of
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.headers import LONGEST_HEADER, MOST_HEADERS
from aia_mas.domain.communication.sending import (
    LONGEST_ACK,
    LONGEST_TTL,
    MOST_ATTEMPTS,
    SYSTEM,
    SendMessage,
    check_message,
)
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.kernel import Principal
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import check_number
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.interfaces.http.schemas.destinations import Mode, Names, Topic, destination_of
from aia_mas.interfaces.http.schemas.values import (
    AgentId,
    EncodedProblem,
    Moment,
    Name,
    encoded_as,
    moment,
)

MAX_BATCH = 1_000
LONGEST_WAIT = 300.0
"""Longest wait for a reply, seconds."""
_encode = msgspec.json.Encoder().encode


def _within(lowest: float, highest: float) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema={"minimum": lowest, "maximum": highest})


def _long(longest: int, shortest: int = 1) -> msgspec.Meta:
    return msgspec.Meta(extra_json_schema={"minLength": shortest, "maxLength": longest})


Header = Annotated[str, _long(LONGEST_HEADER, 0)]
Correlation = Annotated[str, _long(255)]
Ttl = Annotated[
    float, msgspec.Meta(extra_json_schema={"exclusiveMinimum": 0, "maximum": LONGEST_TTL})
]
Headers = Annotated[
    dict[str, Header], msgspec.Meta(extra_json_schema={"maxProperties": MOST_HEADERS})
]


class Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message, but for where it goes; what is left out is as the server's settings say.

    Attributes:
        message_type: What it is, for whoever reads it, 1..128 characters.
        message_id: Its id; the same message again under its id is not sent twice. A new one when it
            is left out.
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
    """

    message_type: Name
    message_id: AgentId | None = None
    from_agent: AgentId | None = None
    priority: Priority = Priority.NORMAL
    payload: Any = None
    headers: Headers = {}
    correlation_id: Correlation | None = None
    reply_to: Topic | None = None
    deliver_after: Moment | None = None
    ttl: Ttl | None = None
    ack_seconds: Annotated[float, _within(1, LONGEST_ACK)] | None = None
    max_attempts: Annotated[int, _within(1, MOST_ATTEMPTS)] | None = None
    encrypt: bool = False

    def destination(self) -> Destination:
        """Return where it goes."""
        return Destination(broadcast=True)

    def command(self, sending: Sending, message_id: str) -> SendMessage:
        """Return the command.

        Args:
            sending: Who sends, and when.
            message_id: Its id, unless it says so itself.

        Raises:
            SenderNotAllowed: The sender may not be named.
            InvalidValue: A value is none of ours; ``others`` has all others.
        """
        mistakes = Mistakes()
        check = mistakes.check
        named = self.message_id
        if named is not None:
            check(check_id, named, "message_id")
        sender = check(sender_of, sending.principal, self.from_agent)
        command = SendMessage(
            message_id=message_id if named is None else named,
            from_agent=SYSTEM if sender is None else sender,
            # What is wrong with another value is told as well.
            to=check(self.destination) or _ANYBODY,
            message_type=self.message_type,
            priority=self.priority,
            payload=self.payload,
            size=len(_encode(self.payload)),
            headers=self.headers,
            correlation_id=self.correlation_id,
            reply_to=self.reply_to,
            deliver_after=check(moment, self.deliver_after, "deliver_after"),
            ttl_seconds=self.ttl,
            ack_seconds=self.ack_seconds,
            max_attempts=self.max_attempts,
            encrypt=self.encrypt,
        )
        if mistakes:
            check(check_message, command, sending.now, sending.terms)
            mistakes.refuse()
        return command


_ANYBODY = Destination(broadcast=True)


class Broadcast(Envelope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message to all agents; the fields are those of ``MessageToSend``, without a destination."""


class MessageToSend(Envelope, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message; what is left out is as the server's settings say.

    It has one destination.

    Attributes:
        to_agent: It goes to this agent.
        to_agents: It goes to these agents, at most 256.
        topic: It goes to everybody who subscribed to this, like ``tasks.created``.
        capability: It goes to agents that have a skill or a specialization of this name.
        mode: Of these to ``all``, or to ``any``: the least loaded one.
        role: It goes to agents whose label ``role`` says so.
        broadcast: It goes to all agents.
    """

    to_agent: AgentId | None = None
    to_agents: Names | None = None
    topic: Topic | None = None
    capability: Name | None = None
    mode: Mode | None = None
    role: Name | None = None
    broadcast: bool = False

    def destination(self) -> Destination:
        """Return where it goes; see ``destination_of``."""
        return destination_of(self)


class MessageRequest(MessageToSend, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A message that is answered; see ``MessageToSend``.

    The answer is the first message to its sender with its ``correlation_id``, which is its id when
    it is left out. ``reply_to`` is its sender.

    Attributes:
        wait: How long to wait for the answer, seconds, at most 300.
    """

    wait: Annotated[float, _within(0, LONGEST_WAIT)] = 30.0

    def command(self, sending: Sending, message_id: str) -> SendMessage:
        """Return the command; see ``Envelope.command``.

        Raises:
            InvalidValue: See there; or the system asks, whom nobody can answer.
        """
        mistakes = Mistakes()
        mistakes.check(check_number, self.wait, "wait", lowest=0.0, highest=LONGEST_WAIT)
        command = mistakes.check(super().command, sending, message_id)
        mistakes.refuse()
        assert command is not None
        asker, correlation = command.from_agent, command.correlation_id
        if asker == SYSTEM:
            raise InvalidValue("nobody can answer the system", field="from_agent")
        if command.reply_to not in (None, asker):
            # What is none at all is told as such.
            check_message(command, sending.now, sending.terms)
            raise InvalidValue("the answer goes to the sender", field="reply_to")
        return replace(
            command,
            correlation_id=command.message_id if correlation is None else correlation,
            reply_to=asker,
        )


class Sending(NamedTuple):
    """Who sends messages, and when.

    Attributes:
        principal: Who.
        now: When, UTC.
        terms: The bounds and defaults that hold there.
    """

    principal: Principal
    now: datetime
    terms: MessageTerms


Unread = Annotated[msgspec.Raw, encoded_as("MessageToSend")]


class MessageBatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to 1,000 messages, sent in one commit.

    Attributes:
        messages: Each as for ``send``; read one by one, so that a bad one spoils no other.
        atomic: All or nothing.
    """

    messages: Annotated[
        tuple[Unread, ...], msgspec.Meta(extra_json_schema={"minItems": 1, "maxItems": MAX_BATCH})
    ]
    atomic: bool = False


class MessageBatchItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one message of a batch.

    Attributes:
        status: The HTTP status that it would have had alone.
        message: The message, when it was accepted.
        problem: Why it was not, when it was refused.
    """

    status: int
    message: Annotated[msgspec.Raw, encoded_as("SentMessage")] | None = None
    problem: EncodedProblem | None = None


class MessageBatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch, in the order of its messages."""

    items: list[MessageBatchItem]
    accepted: int
    refused: int
