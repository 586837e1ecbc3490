"""Why what is said about messages is refused."""

from __future__ import annotations

from typing import Any

from aia_mas.domain.kernel.errors import (
    Conflict,
    DomainError,
    InvalidValue,
    NotFound,
    PermissionDenied,
    TooMuch,
)


class MessageNotFound(NotFound):
    """There is no message of this id."""

    code = "message_not_found"


class MessageExists(Conflict):
    """There is another message of this id already."""

    code = "message_exists_with_different_content"


class InvalidDestination(InvalidValue):
    """A message goes to one kind of destination: agents, a topic, a capability, a role or all."""

    code = "invalid_destination"


class InvalidTopic(InvalidValue):
    """A topic is words of A-Z a-z 0-9 _ - joined by dots; only a pattern has * and >."""

    code = "invalid_topic"


class IllegalWildcard(InvalidTopic):
    """In a pattern * stands for one whole word, and > for all that follow and only at the end."""

    code = "illegal_wildcard"


class PayloadTooLarge(InvalidValue):
    """The payload of a message is larger than is allowed."""

    code = "message_payload_too_large"


class EncryptionUnavailable(InvalidValue):
    """There is no key to encrypt messages with here."""

    code = "message_encryption_unavailable"


class MessageKeyUnknown(DomainError):
    """The payload was encrypted with a key that this node does not have."""

    code = "message_key_unknown"


class MessageSealBroken(DomainError):
    """The payload cannot be decrypted: the key of this name is another one, or it was changed."""

    code = "message_seal_broken"


class AlreadyExpired(InvalidValue):
    """The message would expire before it could be delivered."""

    code = "message_already_expired"


class EmptyGroup(DomainError):
    """Nobody that is registered has the capability or the role."""

    code = "empty_group"


class UnknownRecipient(DomainError):
    """Mail to ids that are not registered is not held here."""

    code = "unknown_recipient"


class InboxFull(TooMuch):
    """The recipient has as many messages waiting as it may have."""

    code = "inbox_full"


class NotARecipient(DomainError):
    """The message was not sent to this recipient."""

    code = "not_a_recipient"


class AlreadyAcknowledged(Conflict):
    """The recipient has acknowledged the message before."""

    code = "message_already_acknowledged"


class MessageClosed(Conflict):
    """The message is dead, dropped or expired for this recipient."""

    code = "message_closed"

    def __init__(self, status: str, **facts: Any) -> None:
        """Tell which of these it is.

        Args:
            status: ``dead``, ``dropped`` or ``expired``; a fact, as ``message_status``.
            **facts: See ``DomainError``.
        """
        how = "has expired" if status == "expired" else f"is {status}"
        detail = f"the message {how} for this recipient"
        super().__init__(detail, message_status=status, **facts)


class NotDead(Conflict):
    """The message is not dead for this recipient."""

    code = "message_not_dead"


class TooManySubscriptions(DomainError):
    """A recipient has as many subscriptions as it may have."""

    code = "too_many_subscriptions"


class TooManyRules(DomainError):
    """There are as many routing rules as there may be."""

    code = "too_many_rules"


class RuleNotFound(NotFound):
    """There is no routing rule of this id."""

    code = "rule_not_found"


class InvalidRule(InvalidValue):
    """A routing rule changes nothing, or cannot be followed."""

    code = "invalid_rule"


class SenderNotAllowed(PermissionDenied):
    """An agent sends as itself, a client as its subject; the system is for operators."""

    code = "sender_not_allowed"


class InboxNotAllowed(PermissionDenied):
    """An agent takes and acknowledges what was sent to itself, and nobody else's messages."""

    code = "inbox_not_allowed"
