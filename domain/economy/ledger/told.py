"""A transfer as it is told: the same when it was just made and when it is read later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from aia_mas.domain.economy.accounts import parse_account
from aia_mas.domain.economy.ledger.entry import Leg
from aia_mas.domain.economy.ledger.states import TransferState, TransferStatus
from aia_mas.domain.kernel.money import to_text


class ToldLeg(msgspec.Struct, frozen=True, kw_only=True):
    """What a transfer does to one account (``amount``: tokens, below 0 out of it)."""

    account: str
    amount: str


class ToldTransfer(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A transfer.

    Attributes:
        transfer_id: Its id.
        status: ``posted``, ``pending``, ``voided`` or ``expired``.
        pending: It began as a pending one.
        from_: The account that it takes from, when it is one.
        to: The account that it brings to, when it is one.
        token: The token that it moves, when it is one.
        amount: The tokens that it moves, or is to move, when it is one kind of token.
        legs: What it does, or is to do, to each account.
        moved: What it has done; nothing while it is pending and when it came to nothing.
        reason: Its reason code.
        metadata: What is kept with it.
        expires_at: Until when a pending one may be posted, UTC.
        reverses: The transfer that it takes back.
        reversed_by: The transfer that took it back.
        by: Who wanted it.
        at: When, UTC.
    """

    transfer_id: str
    status: TransferStatus
    pending: bool
    from_: str | None
    to: str | None
    token: str | None
    amount: str | None
    legs: tuple[ToldLeg, ...]
    moved: tuple[ToldLeg, ...]
    reason: str
    metadata: Mapping[str, str]
    expires_at: datetime | None
    reverses: str | None
    reversed_by: str | None
    by: str
    at: datetime


class MadeTransfer(ToldTransfer, frozen=True, kw_only=True, omit_defaults=True):
    """A transfer that was asked for (``existed``: it was there before, and is just that one)."""

    existed: bool = False


def told_transfer(transfer_id: str, state: TransferState) -> ToldTransfer:
    """Return a transfer as it is told."""
    legs = state.moved or state.legs
    tokens = {parse_account(leg.account).token for leg in legs}
    token = tokens.pop() if len(tokens) == 1 else None
    going = [leg for leg in legs if leg.amount < 0]
    coming = [leg for leg in legs if leg.amount > 0]
    told = _told(state.legs)
    amount = max(sum(leg.amount for leg in coming), -sum(leg.amount for leg in going))
    return ToldTransfer(
        transfer_id=transfer_id,
        status=state.status,
        pending=state.pending,
        from_=going[0].account if len(going) == 1 else None,
        to=coming[0].account if len(coming) == 1 else None,
        token=token,
        amount=None if token is None else to_text(amount),
        legs=told,
        moved=told if state.moved == state.legs else _told(state.moved),
        reason=state.reason,
        metadata=state.metadata,
        expires_at=state.expires_at,
        reverses=state.reverses,
        reversed_by=state.reversed_by,
        by=state.by,
        at=state.at,
    )


def _told(legs: Iterable[Leg]) -> tuple[ToldLeg, ...]:
    return tuple(ToldLeg(account=leg.account, amount=to_text(leg.amount)) for leg in legs)
