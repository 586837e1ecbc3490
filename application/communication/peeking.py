"""Looks into inboxes without delivering what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from aia_mas.application.communication.post_office import PostOffice
from aia_mas.domain.communication.mailroom.letter import Letter
from aia_mas.domain.communication.mailroom.mailroom import Mailroom


class Waiting(NamedTuple):
    """A letter that its recipient has not acknowledged.

    Attributes:
        letter: The letter.
        attempts: How many deliveries were made.
        failures: How many of them have failed.
        deadline: Until when the last one is to be acknowledged, UTC; None: it is not out.
        retry_at: When it is delivered again, UTC; None: it is not known.
        reason: Why the last delivery failed.
    """

    letter: Letter
    attempts: int
    failures: int
    deadline: datetime | None
    retry_at: datetime | None
    reason: str


def peek(mailroom: Mailroom, office: PostOffice, name: str, after: int = 0) -> Iterator[Waiting]:
    """Yield what waits for a recipient, oldest first.

    Args:
        mailroom: What is known.
        office: What is out on this node.
        name: The recipient.
        after: Only what was queued behind this position.
    """
    number = mailroom.directory.find(name)
    inbox = None if number is None else mailroom.inbox(number)
    if number is None or inbox is None:
        return
    tray = office.trays.get(number)
    for letter, known in mailroom.read(inbox):
        if letter.position <= after:
            continue
        failures = 0 if known is None else known.failures
        deadline = 0.0 if known is None else known.deadline
        out = None if tray is None else tray.out.get(letter.position)
        if out is not None:
            # What has been out for a moment only does not stand in the log.
            deadline = out.deadline
        again = known is not None and failures > 0 and not known.spent and not deadline
        yield Waiting(
            letter,
            failures + 1 if deadline else failures,
            failures,
            _moment(deadline) if deadline else None,
            _moment(known.retry_at) if again and known is not None else None,
            "" if known is None else known.reason,
        )


def still_waiting(mailroom: Mailroom, name: str, handed: int) -> int:
    """Return how many others wait for a recipient than those that were handed over just now."""
    return max(mailroom.waiting(name) - handed, 0)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
