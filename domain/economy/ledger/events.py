"""What happens to accounts (``account/<id>``) and transfers (``transfer/<id>``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from aia_mas.domain.economy.ledger.entry import Leg
from aia_mas.domain.kernel.event import Event


class BalanceChanged(Event, frozen=True, kw_only=True):
    """A transfer changed an account; all amounts in base units.

    Attributes:
        transfer_id: Which transfer.
        amount: Above 0: came in; below: went out; 0: only what is held changed.
        balance: What is in it from here on.
        held: What pending transfers hold of that.
        reason: That of the transfer.
        at: When, UTC.
    """

    topic: ClassVar[str] = "account.changed.v1"
    transfer_id: str
    amount: int = 0
    balance: int
    held: int = 0
    reason: str
    at: datetime


class TransferPosted(Event, frozen=True, kw_only=True):
    """Tokens were moved for good.

    Attributes:
        legs: What was moved.
        reason: Its reason code.
        metadata: Whatever was to be kept with it.
        reverses: The transfer that it takes back, if it does.
        by: Who wanted it.
        at: When, UTC.
    """

    topic: ClassVar[str] = "transfer.posted.v1"
    legs: tuple[Leg, ...]
    reason: str
    metadata: Mapping[str, str] = {}
    reverses: str | None = None
    by: str
    at: datetime


class TransferHeld(Event, frozen=True, kw_only=True):
    """Tokens were set aside, to be moved or let go later; the fields: see ``TransferPosted``.

    Attributes:
        expires_at: When it is void unless posted before, UTC; None: it waits for ever.
    """

    topic: ClassVar[str] = "transfer.held.v1"
    legs: tuple[Leg, ...]
    reason: str
    metadata: Mapping[str, str] = {}
    expires_at: datetime | None = None
    by: str
    at: datetime


class HoldPosted(Event, frozen=True, kw_only=True):
    """What was set aside was moved, in full or in part; the rest was let go (``legs``: moved)."""

    topic: ClassVar[str] = "transfer.hold_posted.v1"
    legs: tuple[Leg, ...]
    by: str
    at: datetime


class HoldVoided(Event, frozen=True, kw_only=True):
    """What was set aside was let go (``expired``: because its time was over)."""

    topic: ClassVar[str] = "transfer.hold_voided.v1"
    expired: bool = False
    by: str
    at: datetime


class TransferReversed(Event, frozen=True, kw_only=True):
    """A later transfer took it back (``reversal_id``: which)."""

    topic: ClassVar[str] = "transfer.reversed.v1"
    reversal_id: str
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (
    BalanceChanged,
    TransferPosted,
    TransferHeld,
    HoldPosted,
    HoldVoided,
    TransferReversed,
)
"""Every event of accounts and transfers, for the topic registry."""
