"""Which accounts, transfers and closed months are listed."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia_mas.domain.economy.ledger.states import TransferStatus
from aia_mas.projections.listing import Conditions, check_texts


class AccountFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which accounts are listed; empty fields do not restrict.

    Attributes:
        owner: Belonging to this agent or client.
        token: In this token.
        purpose: For these purposes.
    """

    owner: str | None = None
    token: str | None = None
    purpose: tuple[str, ...] = ()


class TransactionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which transfers are listed; empty fields do not restrict.

    Attributes:
        account: Taking from or bringing to this account.
        owner: To do with an account of this agent or client.
        token: Moving this token.
        reason: With one of these reason codes.
        status: Standing so.
        transfer_id: Of this id, or the reversal of it.
        since: Made at this time or later.
        until: Made before this time.
        min_amount: Moving so much of one token at least, base units.
        max_amount: Moving so much of one token at most, base units.
    """

    account: str | None = None
    owner: str | None = None
    token: str | None = None
    reason: tuple[str, ...] = ()
    status: tuple[TransferStatus, ...] = ()
    transfer_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    min_amount: int | None = None
    max_amount: int | None = None


class ClosedFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which closed months are listed; empty fields do not restrict.

    Attributes:
        account: Of this account.
        since: This month (``2026-01``) or later ones.
        until: Months before this one.
    """

    account: str
    since: str | None = None
    until: str | None = None


def of_accounts(filters: AccountFilter) -> Conditions:
    """Return the conditions of a list of accounts (table ``a``).

    Raises:
        InvalidValue: A text holds a character that no row can hold.
    """
    check_texts(filters)
    conditions = Conditions()
    if filters.owner is not None:
        conditions.add("a.owner = %s", filters.owner)
    if filters.token is not None:
        conditions.add("a.token = %s", filters.token)
    if filters.purpose:
        conditions.add_choice("a.purpose", filters.purpose)
    return conditions


def of_transfers(filters: TransactionFilter) -> Conditions:
    """Return the conditions of a list of transfers (table ``t``).

    Raises:
        InvalidValue: A text holds a character that no row can hold.
    """
    check_texts(filters)
    conditions = Conditions()
    if filters.reason:
        conditions.add_choice("t.reason", filters.reason)
    if filters.status:
        conditions.add_choice("t.status", filters.status)
    for column, element in (
        ("t.accounts", filters.account),
        ("t.owners", filters.owner),
        ("t.tokens", filters.token),
    ):
        if element is not None:
            conditions.add_element(column, element)
    for condition, value in (
        ("t.made_at >= %s", filters.since),
        ("t.made_at < %s", filters.until),
        ("t.amount >= %s", filters.min_amount),
        ("t.amount <= %s", filters.max_amount),
    ):
        if value is not None:
            conditions.add(condition, value)
    if filters.transfer_id is not None:
        conditions.add(
            "(t.transfer_id = %s or t.reverses = %s)", filters.transfer_id, filters.transfer_id
        )
    return conditions


def of_closed(filters: ClosedFilter) -> Conditions:
    """Return the conditions of a list of closed months (table ``c``).

    Raises:
        InvalidValue: A text holds a character that no row can hold.
    """
    check_texts(filters)
    conditions = Conditions()
    conditions.add("c.account_id = %s", filters.account)
    # Months of four digits and two sort as texts.
    for condition, value in (("c.month >= %s", filters.since), ("c.month < %s", filters.until)):
        if value is not None:
            conditions.add(condition, value)
    return conditions
