"""The states of accounts and transfers, folded from their events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from aia_mas.domain.economy.ledger.entry import Leg
from aia_mas.domain.economy.ledger.events import (
    BalanceChanged,
    HoldPosted,
    HoldVoided,
    TransferHeld,
    TransferPosted,
    TransferReversed,
)
from aia_mas.domain.kernel.event import Event, State


class AccountState(State, frozen=True, kw_only=True):
    """What is in an account, and what pending transfers hold of that; base units."""

    balance: int = 0
    held: int = 0

    @property
    def available(self) -> int:
        """What may be taken out, base units."""
        return self.balance - self.held


class TransferStatus(StrEnum):
    """How far a transfer is."""

    PENDING = "pending"
    POSTED = "posted"
    VOIDED = "voided"
    EXPIRED = "expired"


class TransferState(State, frozen=True, kw_only=True):
    """A transfer.

    Attributes:
        status: How far it is.
        legs: What it was to move.
        moved: What it moved; empty while it is pending and when it came to nothing.
        reason: Its reason code.
        metadata: What is kept with it.
        pending: It began as a pending one.
        expires_at: Until when a pending one may be posted, UTC.
        reverses: The transfer that it takes back.
        reversed_by: The transfer that took it back.
        by: Who wanted it.
        at: Since when, UTC.
    """

    status: TransferStatus
    legs: tuple[Leg, ...]
    moved: tuple[Leg, ...] = ()
    reason: str
    metadata: Mapping[str, str] = {}
    pending: bool = False
    expires_at: datetime | None = None
    reverses: str | None = None
    reversed_by: str | None = None
    by: str
    at: datetime


def evolve_account(_state: AccountState | None, event: Event) -> AccountState:
    """Fold one event of an account."""
    assert isinstance(event, BalanceChanged)
    return AccountState(balance=event.balance, held=event.held)


def evolve_transfer(state: TransferState | None, event: Event) -> TransferState:
    """Fold one event of a transfer."""
    match event:
        case TransferPosted():
            return TransferState(
                status=TransferStatus.POSTED,
                legs=event.legs,
                moved=event.legs,
                reason=event.reason,
                metadata=event.metadata,
                reverses=event.reverses,
                by=event.by,
                at=event.at,
            )
        case TransferHeld():
            return TransferState(
                status=TransferStatus.PENDING,
                legs=event.legs,
                reason=event.reason,
                metadata=event.metadata,
                pending=True,
                expires_at=event.expires_at,
                by=event.by,
                at=event.at,
            )
    assert state is not None
    match event:
        case HoldPosted():
            return replace(state, status=TransferStatus.POSTED, moved=event.legs)
        case HoldVoided():
            status = TransferStatus.EXPIRED if event.expired else TransferStatus.VOIDED
            return replace(state, status=status)
        case TransferReversed():
            return replace(state, reversed_by=event.reversal_id)
        case _:
            raise TypeError(type(event))
