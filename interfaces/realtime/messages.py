"""The words of the socket protocol: what clients say, and what they are answered."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from aia_mas.interfaces.realtime.frames import json_frame
from aia_mas.interfaces.realtime.selection import Filter

SubscriptionId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._:-]{1,64}\Z")]
_Position = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Subscribe(msgspec.Struct, tag="subscribe", forbid_unknown_fields=True):
    """Start a subscription.

    Attributes:
        topic: ``metrics``, ``economy``, ``agents``, ``tasks``, ``proposals``, ``budgets`` or
            ``messages``.
        id: How its frames are marked; the topic's name when left out.
        after: The last position already known; everything behind it follows. Left out: from now.
        epoch: The epoch in which that position was given out.
        snapshot: Begin with how things stand, unless everything behind ``after`` can follow.
        filter: Which facts.
    """

    topic: str
    id: SubscriptionId | None = None
    after: _Position | None = None
    epoch: str | None = None
    snapshot: bool = False
    filter: Filter | None = None


class Unsubscribe(msgspec.Struct, tag="unsubscribe", forbid_unknown_fields=True):
    """End a subscription."""

    id: SubscriptionId


class Ping(msgspec.Struct, tag="ping", forbid_unknown_fields=True):
    """Ask whether the other side is there; the answer tells how far each subscription is."""

    id: SubscriptionId | None = None


ClientMessage = Subscribe | Unsubscribe | Ping


class ErrorCode(StrEnum):
    """Why a message was refused; the connection goes on."""

    MALFORMED_JSON = "malformed_json"
    INVALID_MESSAGE = "invalid_message"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_TOPIC = "unknown_topic"
    INVALID_FILTER = "invalid_filter"
    DUPLICATE_SUBSCRIPTION = "duplicate_subscription"
    UNKNOWN_SUBSCRIPTION = "unknown_subscription"
    TOO_MANY_SUBSCRIPTIONS = "too_many_subscriptions"
    BINARY_NOT_SUPPORTED = "binary_not_supported"
    PERMISSION_DENIED = "permission_denied"
    UNAVAILABLE = "event_log_unavailable"


class MessageRefused(Exception):
    """A message of a client cannot be followed."""

    def __init__(self, code: ErrorCode, detail: str, subscription_id: str | None = None) -> None:
        """Keep what the client is told."""
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.subscription_id = subscription_id


def parsed(text: str) -> ClientMessage:
    """Return what a client said.

    Raises:
        MessageRefused: It cannot be understood.
    """
    try:
        message: ClientMessage = _decode(text)
        return message
    except msgspec.ValidationError as error:
        raise _misunderstood(text, error) from None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise MessageRefused(ErrorCode.MALFORMED_JSON, f"Not JSON: {error}") from None


def type_of(text: str) -> str | None:
    """Return the type of a message, if it has one."""
    try:
        return _decode_header(text).type
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def subscribed(
    subscription_id: str,
    topic: str,
    *,
    recovered: bool,
    snapshot: bool,
    position: int | None,
    epoch: str,
) -> bytes:
    """Return the answer to ``subscribe``.

    Every fact behind ``position`` follows; a coalesced topic has none, and its value follows; a
    snapshot follows with its own.
    """
    answer = _Subscribed(
        "subscribed", subscription_id, recovered, snapshot, position, epoch, Topic(topic)
    )
    return json_frame(answer)


def unsubscribed(subscription_id: str) -> bytes:
    """Return the answer to ``unsubscribe``; nothing with this id follows."""
    return json_frame({"type": "unsubscribed", "id": subscription_id, "data": {}})


def pong(ping_id: str | None, positions: dict[str, int]) -> bytes:
    """Return the answer to ``ping``: each subscription of facts has been sent all up to there."""
    answer = {"type": "pong", "data": Positions(positions)}
    return json_frame(answer if ping_id is None else {**answer, "id": ping_id})


def error_frame(error: MessageRefused) -> bytes:
    """Return what a client is told about a message that was refused."""
    refusal = Refusal(error.code, error.detail, error.subscription_id)
    return json_frame({"type": "error", "data": refusal})


class Topic(msgspec.Struct, frozen=True):
    """What a subscription is to.

    Attributes:
        topic: Its name.
    """

    topic: str


class Page(msgspec.Struct, frozen=True):
    """A page of a snapshot.

    Attributes:
        first: The snapshot begins; what was known of the topic is to be forgotten.
        done: It ends; every fact behind its position follows.
        truncated: There are more items, and they are not told.
        items: How things stood at its position: tasks, agents, proposals or budgets.
    """

    first: bool
    done: bool
    truncated: bool
    items: list[msgspec.Raw]


class Positions(msgspec.Struct, frozen=True):
    """How far the subscriptions of a connection are.

    Attributes:
        positions: A subscription of facts -> the position up to which it has been sent everything.
    """

    positions: dict[str, int]


class Refusal(msgspec.Struct, frozen=True):
    """Why a message was refused.

    Attributes:
        code: The reason, stable.
        detail: The reason in words.
        id: The message or subscription that it is about, if it named one.
    """

    code: ErrorCode
    detail: str
    id: str | None


class _Subscribed(msgspec.Struct):
    type: str
    id: str
    recovered: bool
    snapshot: bool
    position: int | None
    epoch: str
    data: Topic


class _Header(msgspec.Struct):
    type: str


class _Identified(msgspec.Struct):
    id: SubscriptionId


_decode = msgspec.json.Decoder(ClientMessage).decode
_decode_header = msgspec.json.Decoder(_Header).decode
_decode_id = msgspec.json.Decoder(_Identified).decode
TYPES = ("subscribe", "unsubscribe", "ping")


def _misunderstood(text: str, error: msgspec.ValidationError) -> MessageRefused:
    """Tell a client as exactly as possible what is wrong with its message."""
    try:
        kind = _decode_header(text).type
    except msgspec.ValidationError:
        return MessageRefused(
            ErrorCode.INVALID_MESSAGE, "A message is an object with a member type (a string)"
        )
    except (msgspec.DecodeError, RecursionError) as broken:
        # Behind the mistake that was seen first.
        return MessageRefused(ErrorCode.MALFORMED_JSON, f"Not JSON: {broken}")
    if kind not in TYPES:
        return MessageRefused(ErrorCode.UNKNOWN_TYPE, f"A type is one of {', '.join(TYPES)}")
    try:
        named: str | None = _decode_id(text).id
    except msgspec.ValidationError:
        named = None
    return MessageRefused(ErrorCode.INVALID_MESSAGE, str(error), named)
