"""Whether a transfer that is asked for again is the one that there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from aia_mas.domain.economy import errors
from aia_mas.domain.economy.accounts import parse_account
from aia_mas.domain.economy.ledger.entry import Entry, Leg
from aia_mas.domain.economy.ledger.states import TransferState


def check_same(
    state: TransferState,
    entry: Entry,
    now: datetime,
    *,
    pending: bool,
    expires_at: datetime | None = None,
) -> None:
    """Refuse an entry under the id of another one; the first difference is named.

    Args:
        state: The transfer that there is.
        entry: What is asked for under its id.
        now: The current time, UTC.
        pending: Whether that is to be pending.
        expires_at: Until when, UTC; what counts is how long that is from its beginning.

    Raises:
        Exists: They differ (a subclass for each field).
    """
    if state.pending is not pending:
        raise errors.ExistsWithDifferentPending(transfer_id=entry.transfer_id)
    if state.legs != entry.legs and set(state.legs) != set(entry.legs):
        raise _difference(state.legs, entry.legs)(transfer_id=entry.transfer_id)
    if state.reason != entry.reason:
        raise errors.ExistsWithDifferentReason(transfer_id=entry.transfer_id)
    if dict(state.metadata) != dict(entry.metadata):
        raise errors.ExistsWithDifferentMetadata(transfer_id=entry.transfer_id)
    if _timeout(state.at, state.expires_at) != _timeout(now, expires_at):
        raise errors.ExistsWithDifferentTimeout(transfer_id=entry.transfer_id)


def _difference(known: Sequence[Leg], asked: Sequence[Leg]) -> type[errors.Exists]:
    for sign, error in (
        (-1, errors.ExistsWithDifferentDebit),
        (1, errors.ExistsWithDifferentCredit),
    ):
        ours, theirs = _accounts(known, sign), _accounts(asked, sign)
        if ours == theirs:
            continue
        if {_without_token(one) for one in ours} == {_without_token(one) for one in theirs}:
            return errors.ExistsWithDifferentToken
        return error
    return errors.ExistsWithDifferentAmount


def _timeout(since: datetime, until: datetime | None) -> timedelta | None:
    return None if until is None else until - since


def _accounts(legs: Sequence[Leg], sign: int) -> set[str]:
    return {leg.account for leg in legs if leg.amount * sign > 0}


def _without_token(account_id: str) -> tuple[str, str]:
    account = parse_account(account_id)
    return account.purpose, account.owner
