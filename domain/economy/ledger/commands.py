"""Commands about transfers, and which streams each of them reads."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from aia_mas.domain.economy.accounts import account_stream
from aia_mas.domain.economy.ledger.book import REVERSAL
from aia_mas.domain.economy.ledger.entry import Entry, Leg, transfer_stream


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer to a command is about (``existed``: it was there before)."""

    transfer_id: str
    existed: bool = False


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """Move tokens between accounts.

    Attributes:
        entry: What to move.
        pending: Set it aside only.
        timeout: Seconds after which what is set aside is let go; None: never.
    """

    entry: Entry
    pending: bool = False
    timeout: float | None = None


class PostHold(msgspec.Struct, frozen=True, kw_only=True):
    """Move what was set aside, all of it unless it is said otherwise.

    Attributes:
        transfer_id: The pending transfer.
        amount: So much of one that has two legs, base units.
        legs: What is moved, see ``Book.post_held``.
        all_legs: Those of the transfer.
    """

    transfer_id: str
    amount: int | None = None
    legs: tuple[Leg, ...] | None = None
    all_legs: tuple[Leg, ...] = ()


class VoidHold(msgspec.Struct, frozen=True, kw_only=True):
    """Let go what was set aside (``all_legs``: of the transfer)."""

    transfer_id: str
    all_legs: tuple[Leg, ...] = ()


class ExpireHold(msgspec.Struct, frozen=True, kw_only=True):
    """Let go what was set aside for too long (``all_legs``: of the transfer)."""

    transfer_id: str
    all_legs: tuple[Leg, ...] = ()


class ReverseTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """Take a transfer back.

    Attributes:
        transfer_id: Which one.
        reversal_id: The id of the transfer that does it.
        reason: The reason code of that.
        metadata: Whatever is to be kept with that.
        all_legs: Those of the transfer.
    """

    transfer_id: str
    reversal_id: str
    reason: str = REVERSAL
    metadata: Mapping[str, str] = {}
    all_legs: tuple[Leg, ...] = ()


def touched(
    command: Transfer | PostHold | VoidHold | ExpireHold | ReverseTransfer,
) -> tuple[str, ...]:
    """Return the streams that a command reads, that of the transfer first."""
    if isinstance(command, Transfer):
        transfer_id, legs = command.entry.transfer_id, command.entry.legs
    else:
        transfer_id = command.transfer_id
        legs = (*command.all_legs, *(getattr(command, "legs", None) or ()))
    accounts = dict.fromkeys(account_stream(leg.account) for leg in legs)
    if isinstance(command, ReverseTransfer):
        return (transfer_stream(transfer_id), transfer_stream(command.reversal_id), *accounts)
    return (transfer_stream(transfer_id), *accounts)
