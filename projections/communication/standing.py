"""Where a message stands: at one recipient, and as a whole."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from aia_mas.domain.communication.errors import (
    AlreadyAcknowledged,
    MessageClosed,
    MessageNotFound,
    NotARecipient,
)
from aia_mas.domain.kernel.errors import DomainError


class MessageStatus(StrEnum):
    """Where a message stands at a recipient."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    FAILED = "failed"
    ACKNOWLEDGED = "acknowledged"
    DEAD = "dead"
    DROPPED = "dropped"
    EXPIRED = "expired"


OPEN = (MessageStatus.QUEUED, MessageStatus.FAILED, MessageStatus.DELIVERED)
"""Where it stands while the recipient may still get it, the least far first."""
LOST = (MessageStatus.DEAD, MessageStatus.DROPPED, MessageStatus.EXPIRED)
"""How it ends when the recipient does not get it."""


def summary(
    known: Collection[str], *, spread: bool, expired: bool, waiting: int | None = None
) -> MessageStatus:
    """Return where a message stands as a whole: where the recipient stands who is least far.

    Nobody knows from rows alone whether all members of a group have got it: it is ``delivered`` as
    soon as one has, until the message expires or somebody who knows says that nobody waits for it.

    Args:
        known: Where it stands at those recipients of whom something is known.
        spread: It goes to a group.
        expired: It has expired.
        waiting: How many recipients have not got it, groups included; None: nobody knows.
    """
    for status in OPEN:
        if status in known:
            return status
    if spread and not expired and waiting != 0:
        # Where it was dropped it had never been.
        reached = any(status != MessageStatus.DROPPED for status in known)
        return MessageStatus.DELIVERED if reached else MessageStatus.QUEUED
    for status in LOST:
        if status in known or (status is MessageStatus.EXPIRED and spread and expired):
            return status
    return MessageStatus.ACKNOWLEDGED


def refusal(
    found: bool, status: MessageStatus | None, *, spread: bool, expired: bool
) -> DomainError | None:
    """Return why what a recipient says of a message that is not open any more is refused.

    Args:
        found: Whether there is such a message.
        status: Where it stands at the recipient; None: nothing is known of it there.
        spread: It goes to a group.
        expired: It has expired.

    Returns:
        None: it is open as far as the read model knows; the mailroom knows better.
    """
    if not found:
        return MessageNotFound()
    if status is None:
        # Whether somebody belonged to a group is not known any more once the message has expired.
        closed = spread and expired
        return MessageClosed(MessageStatus.EXPIRED.value) if closed else NotARecipient()
    if status is MessageStatus.ACKNOWLEDGED:
        return AlreadyAcknowledged()
    return None if status in OPEN else MessageClosed(status.value)
