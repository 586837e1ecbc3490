"""The rows of the ledger, field by field as in migration 0011."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class AccountRow(msgspec.Struct, gc=False):
    """A row of ``ledger_v1``: an account as it stands.

    Amounts are base units, as text because JSON numbers are not exact everywhere. ``credits`` and
    ``debits`` are the sums of what came in and went out, ``lines`` how many entries it has.
    """

    account_id: str
    purpose: str
    token: str
    owner: str | None
    balance: str
    held: str
    credits: str
    debits: str
    lines: int
    opened_at: datetime
    updated_at: datetime
    opened_position: int
    position: int


class EntryRow(msgspec.Struct, gc=False):
    """A row of ``ledger_v1_entries``: one line of an account, with what was in it afterwards."""

    position: int
    account_id: str
    line: int
    transfer_id: str
    reason: str
    amount: str
    balance: str
    held: str
    at: datetime


class TransferRow(msgspec.Struct, gc=False):
    """A row of ``ledger_v1_transfers``.

    ``held`` are the legs of one that began as a pending one, ``legs`` those that were moved, each
    ``{account, amount}``. ``amount`` is the most that it moves, or is to move, of one token.
    """

    transfer_id: str
    status: str
    reason: str
    held: Any
    legs: Any
    amount: str
    metadata: Any
    accounts: list[str]
    owners: list[str]
    tokens: list[str]
    by: str
    made_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    reverses: str | None
    reversed_by: str | None
    made_position: int
    position: int


class ClosedRow(msgspec.Struct, gc=False):
    """A row of ``ledger_v1_closed``: the figures of a month of an account when it was closed."""

    key: str
    account_id: str
    month: str
    opening: str
    closing: str
    credits: str
    debits: str
    lines: int
    first_line: int
    hash: str
    by: str
    closed_at: datetime
    position: int


class StoredLeg(msgspec.Struct, gc=False):
    """A leg as it stands in a row (``amount``: base units, below 0 out of the account)."""

    account: str
    amount: str
