"""Sends a message: it is accepted, which is the same as that it is queued."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import msgspec

from aia_mas.domain.communication.destination import Destination, check_destination
from aia_mas.domain.communication.errors import (
    AlreadyExpired,
    EmptyGroup,
    EncryptionUnavailable,
    InboxFull,
    InvalidTopic,
    MessageExists,
    PayloadTooLarge,
    UnknownRecipient,
)
from aia_mas.domain.communication.headers import check_headers
from aia_mas.domain.communication.message import MessageState, message_stream
from aia_mas.domain.communication.message_events import MessageSent, Sealed
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.communication.topics import check_topic
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError, InvalidValue
from aia_mas.domain.kernel.ids import check_id, check_made_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import (
    check_json,
    check_moment,
    check_name,
    check_number,
    check_text,
)
from aia_mas.domain.orchestration.task_specification import Priority

SYSTEM = "system"
"""The sender that is built in."""
LONGEST_TTL = 366 * 86_400.0
"""Seconds."""
LONGEST_WAIT = 366 * 86_400.0
"""Seconds until a message may be delivered."""
LONGEST_ACK = 86_400.0
"""Longest wait for an acknowledgement, seconds."""
MOST_ATTEMPTS = 100


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where a message goes, as the node knew it that took the message in.

    Attributes:
        destinations: Where it goes, after the rules.
        recipients: Those who get it by name.
        priority: Its class, after the rules.
        why: How it came to go there, a sentence each.
        empty: The destination that has nobody to give it to.
        unknown: A recipient that is not registered, where mail to those is not held.
        full: A recipient that has as many waiting as it may have.
        waiting: How many that recipient has.
        retry_after: When there may be room, whole seconds.
    """

    destinations: tuple[Destination, ...]
    recipients: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    why: tuple[str, ...] = ()
    empty: Destination | None = None
    unknown: str | None = None
    full: str | None = None
    waiting: int = 0
    retry_after: int = 1

    def refusal(self) -> DomainError | None:
        """Return why nothing is to be sent; None: something is."""
        if self.empty is not None:
            return EmptyGroup(f"there is nobody to give it to: {self.empty.told()}")
        if self.unknown is not None:
            return UnknownRecipient(f"{self.unknown} is not registered", recipient=self.unknown)
        if self.full is not None:
            return InboxFull(
                f"{self.full} has {self.waiting} messages waiting, as many as it may have",
                retry_after=self.retry_after,
                recipient=self.full,
                waiting=self.waiting,
            )
        return None


class SendMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Send a message; the same one again under its id changes nothing.

    Attributes:
        message_id: Its id, made by the sender or for it.
        from_agent: The sender.
        to: Where it is sent.
        message_type: What it is, for whoever reads it, 1..128 characters.
        priority: Its class.
        payload: Any JSON; None when it comes sealed.
        encrypt: The payload must not stand in the log as it is.
        sealed: The payload, encrypted; put in by whoever takes the message in.
        size: Of the payload as JSON, bytes.
        fingerprints: Tell sealed payloads apart (hex): one for each key, that of ``sealed`` first.
        headers: What else is said about it.
        correlation_id: What ties it to others.
        reply_to: Where answers go: an agent's id or a topic.
        deliver_after: Not before, UTC; None: at once.
        ttl_seconds: It expires so long after it may be delivered; None: see the terms.
        ack_seconds: How long a delivery waits for its acknowledgement; None: see the terms.
        max_attempts: How many deliveries may fail; None: see the terms.
        route: Where it goes; put in by whoever takes the message in.
    """

    message_id: str
    from_agent: str
    to: Destination
    message_type: str
    priority: Priority = Priority.NORMAL
    payload: Any = None
    encrypt: bool = False
    sealed: Sealed | None = None
    size: int = 0
    fingerprints: tuple[str, ...] = ()
    headers: dict[str, str] = {}
    correlation_id: str | None = None
    reply_to: str | None = None
    deliver_after: datetime | None = None
    ttl_seconds: float | None = None
    ack_seconds: float | None = None
    max_attempts: int | None = None
    route: Route | None = None


class SentBefore(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer is about when just this message exists already (``message_id``: which)."""

    message_id: str


def send_message(
    state: MessageState | None, command: SendMessage, ctx: Context, *, terms: MessageTerms
) -> Decision:
    """Send a message.

    Raises:
        MessageExists: Another one has its id.
        EmptyGroup: Nobody has the capability or the role.
        InboxFull: A recipient has as many waiting as it may have.
        UnknownRecipient: A recipient is not registered, and mail to those is not held.
        EncryptionUnavailable: It is to be encrypted, and there is no key.
        InvalidValue: See ``check_message``.
    """
    stream = message_stream(command.message_id)
    if state is not None:
        if state.sent.digest in digests_of(command):
            return Decision(instead=(stream, SentBefore(message_id=command.message_id)))
        return refuse(MessageExists(message_id=command.message_id))
    try:
        check_message(command, ctx.now, terms)
    except InvalidValue as error:
        return refuse(error)
    if command.encrypt and command.sealed is None:
        return refuse(EncryptionUnavailable(field="encrypt"))
    route = command.route or Route(
        destinations=(command.to,), recipients=command.to.agents, priority=command.priority
    )
    refusal = route.refusal()
    if refusal is not None:
        return refuse(refusal)
    return accept(stream, _sent(command, route, ctx.now, terms))


def _sent(command: SendMessage, route: Route, now: datetime, terms: MessageTerms) -> MessageSent:
    begins = max(now, command.deliver_after) if command.deliver_after else now
    ttl = command.ttl_seconds if command.ttl_seconds is not None else terms.ttl_seconds
    return MessageSent(
        from_agent=command.from_agent,
        to=command.to,
        goes_to=() if route.destinations == (command.to,) else route.destinations,
        recipients=route.recipients,
        message_type=command.message_type,
        priority=route.priority,
        payload=command.payload,
        sealed=command.sealed,
        headers=command.headers,
        correlation_id=command.correlation_id,
        reply_to=command.reply_to,
        deliver_after=command.deliver_after,
        expires_at=None if ttl is None else begins + timedelta(seconds=ttl),
        ack_seconds=terms.ack_seconds if command.ack_seconds is None else command.ack_seconds,
        max_attempts=command.max_attempts or terms.attempts[route.priority],
        size=command.size,
        digest=digests_of(command)[0],
        why=route.why,
        sent_at=now,
    )


_encode = msgspec.json.Encoder(order="sorted").encode


def digests_of(command: SendMessage) -> tuple[str, ...]:
    """Return what tells the message from another one of its id: a SHA-256, hex.

    What its sender said counts, not what became of it: rules may change in between. A sealed
    payload is encrypted anew every time, so its fingerprint counts. There is one for each key: the
    first is that of the message, the others those that it would have had under former keys.
    """
    if not command.fingerprints:
        return (_digest(command, command.payload),)
    return tuple(_digest(command, fingerprint) for fingerprint in command.fingerprints)


def _digest(command: SendMessage, payload: Any) -> str:
    said = _encode(
        (
            command.from_agent,
            command.to,
            command.message_type,
            command.priority,
            payload,
            command.headers,
            command.correlation_id,
            command.reply_to,
            command.deliver_after,
            command.ttl_seconds,
            command.ack_seconds,
            command.max_attempts,
        )
    )
    return hashlib.sha256(said).hexdigest()[:32]


def check_message(command: SendMessage, now: datetime, terms: MessageTerms) -> None:
    """Refuse a message with a value out of bounds.

    Raises:
        InvalidValue: One is (or a subclass), with the field's path; ``others`` has all others.
        PayloadTooLarge: The payload is too large.
        AlreadyExpired: It would never be delivered.
    """
    mistakes = Mistakes()
    check = mistakes.check
    check(check_made_id, command.message_id, "message_id")
    if command.from_agent != SYSTEM:
        check(check_id, command.from_agent, "from_agent")
    check(check_destination, command.to, "to")
    check(check_name, command.message_type, "message_type")
    if command.payload is not None:
        check(check_json, command.payload, "payload")
    if command.size > terms.max_payload_bytes:
        mistakes.add(
            PayloadTooLarge(
                f"a payload has at most {terms.max_payload_bytes} bytes as JSON",
                field="payload",
                bytes=command.size,
            )
        )
    if command.headers:
        check(check_headers, command.headers, "headers")
    if command.correlation_id is not None:
        check(check_text, command.correlation_id, "correlation_id", shortest=1, longest=255)
    if command.reply_to is not None:
        check(_check_reply_to, command.reply_to)
    check(_check_times, command, now)
    for field, lowest, highest in (
        ("ack_seconds", 1.0, LONGEST_ACK),
        ("max_attempts", 1, MOST_ATTEMPTS),
    ):
        value = getattr(command, field)
        if value is not None:
            check(check_number, value, field, lowest=lowest, highest=highest)
    mistakes.refuse()


def _check_reply_to(reply_to: str) -> None:
    if reply_to == SYSTEM:
        return
    try:
        check_topic(reply_to, "reply_to")
    except InvalidTopic:
        check_id(reply_to, "reply_to")


def _check_times(command: SendMessage, now: datetime) -> None:
    after = command.deliver_after
    check_moment(after, "deliver_after")
    if after is not None and after - now > timedelta(seconds=LONGEST_WAIT):
        days = LONGEST_WAIT // 86_400
        raise InvalidValue(f"deliver_after is at most {days:.0f} days away", field="deliver_after")
    ttl = command.ttl_seconds
    if ttl is None:
        return
    if ttl <= 0:
        raise AlreadyExpired("ttl is above 0", field="ttl")
    check_number(ttl, "ttl", lowest=0.0, highest=LONGEST_TTL)
