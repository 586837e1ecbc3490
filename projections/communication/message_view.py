"""Messages in lists: all of them, those that one agent received, and dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aia_mas.projections.communication.delivery_view import Delivery, delivery_of, letter_of
from aia_mas.projections.communication.envelope import ENVELOPE_WIDTH, Envelope, envelope_fields
from aia_mas.projections.communication.standing import MessageStatus


class Message(Envelope, frozen=True, kw_only=True, omit_defaults=True):
    """A message in a list (``status``: where it stands at the recipient who has got least far)."""

    status: MessageStatus


class ReceivedMessage(Envelope, frozen=True, kw_only=True, omit_defaults=True):
    """A message in the history of a recipient (``delivery``: how it goes there)."""

    delivery: Delivery


class DeadLetter(Envelope, frozen=True, kw_only=True, omit_defaults=True):
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


def message_of(row: Sequence[Any]) -> Message:
    """Return the message of a row of ``ENVELOPE_COLUMNS`` and its summary."""
    return Message(**envelope_fields(row), status=MessageStatus(row[ENVELOPE_WIDTH]))


def received_of(row: Sequence[Any]) -> ReceivedMessage:
    """Return the message of a row of ``ENVELOPE_COLUMNS`` and letter columns."""
    delivery = delivery_of(letter_of(row[ENVELOPE_WIDTH:]))
    return ReceivedMessage(**envelope_fields(row), delivery=delivery)


def dead_letter_of(row: Sequence[Any]) -> DeadLetter:
    """Return the dead letter of a row of ``ENVELOPE_COLUMNS`` and letter columns."""
    letter = letter_of(row[ENVELOPE_WIDTH:])
    assert letter.ended_at is not None
    return DeadLetter(
        **envelope_fields(row),
        recipient=letter.recipient,
        attempts=letter.attempt,
        reason=letter.reason or "",
        died_at=letter.ended_at,
    )
