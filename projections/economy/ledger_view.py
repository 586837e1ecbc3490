"""Accounts and transfers as the ledger shows them, and how they are read from its rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from psycopg.rows import TupleRow

from aia_mas.domain.economy.accounts import OWNED, Purpose, parse_account
from aia_mas.domain.economy.ledger.entry import Leg
from aia_mas.domain.economy.ledger.states import TransferState, TransferStatus
from aia_mas.domain.economy.ledger.told import ToldTransfer, told_transfer
from aia_mas.domain.economy.statements import Line, MonthClosed
from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.ledger_rows import StoredLeg


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """An account, as it stands or as it stood; amounts in tokens.

    Attributes:
        account_id: Its id.
        purpose: What it is for.
        token: In which token.
        owner: Whose it is; null: the system's.
        balance: What is in it.
        held: What pending transfers hold of that.
        available: What may be taken out of it.
        lines: How many changes led to that.
        updated_at: When the last of them was recorded, UTC.
        position: Where that stands in the log.
    """

    account_id: str
    purpose: Purpose
    token: str
    owner: str | None
    balance: str
    held: str
    available: str
    lines: int
    updated_at: datetime | None
    position: int


class Transaction(ToldTransfer, frozen=True, kw_only=True):
    """A transfer as the ledger shows it (``position``: where its last change stands in the log)."""

    position: int


ACCOUNT_COLUMNS = """a.account_id, a.balance::text, a.held::text, a.lines, a.updated_at,
    a.position"""
ENTRY_COLUMNS = """e.account_id, e.balance::text, e.held::text, e.line, e.at, e.position"""
LINE_COLUMNS = """e.line, e.position, e.transfer_id, e.reason, e.amount::text, e.balance::text,
    e.held::text, e.at"""
TRANSFER_COLUMNS = """t.transfer_id, t.status, t.held::text, t.legs::text, t.reason,
    t.metadata::text, t.expires_at, t.reverses, t.reversed_by, t.by, t.made_at, t.position"""
TRANSFER_LARGE = ("t.held", "t.legs", "t.metadata", "t.by")
"""Those columns that may be of any length."""
CLOSED_COLUMNS = """c.account_id, c.month, c.opening::text, c.closing::text, c.credits::text,
    c.debits::text, c.lines, c.first_line, c.hash, c.by, c.closed_at"""

_legs = msgspec.json.Decoder(list[StoredLeg]).decode
_metadata = msgspec.json.Decoder(dict[str, str]).decode


def account_of(row: TupleRow) -> Account:
    """Return the account of a row of ``ACCOUNT_COLUMNS``, or of ``ENTRY_COLUMNS``: as it stood."""
    account_id, balance, held, lines, updated_at, position = row
    account = parse_account(account_id)
    return Account(
        account_id=account_id,
        purpose=account.purpose,
        token=account.token,
        owner=account.owner if account.purpose in OWNED else None,
        balance=to_text(int(balance)),
        held=to_text(int(held)),
        available=to_text(int(balance) - int(held)),
        lines=lines,
        updated_at=updated_at,
        position=position,
    )


def absent(account_id: str) -> Account:
    """Return an account as it stood before anything had come into it."""
    return account_of((account_id, "0", "0", 0, None, 0))


def line_of(row: TupleRow) -> Line:
    """Return the line of a row of ``LINE_COLUMNS``."""
    line, position, transfer_id, reason, amount, balance, held, at = row
    return Line(line, position, transfer_id, reason, int(amount), int(balance), int(held), at)


def transaction_of(row: TupleRow) -> Transaction:
    """Return the transfer of a row of ``TRANSFER_COLUMNS``."""
    held, moved = row[2], _read_legs(row[3])
    state = TransferState(
        status=TransferStatus(row[1]),
        legs=moved if held is None else _read_legs(held),
        moved=moved,
        reason=row[4],
        metadata=_metadata(row[5]),
        pending=held is not None,
        expires_at=row[6],
        reverses=row[7],
        reversed_by=row[8],
        by=row[9],
        at=row[10],
    )
    told = told_transfer(row[0], state)
    return Transaction(**msgspec.structs.asdict(told), position=row[11])


def closed_of(row: TupleRow) -> MonthClosed:
    """Return the closed month of a row of ``CLOSED_COLUMNS``."""
    return MonthClosed(
        account_id=row[0],
        month=row[1],
        opening=int(row[2]),
        closing=int(row[3]),
        credits=int(row[4]),
        debits=int(row[5]),
        lines=row[6],
        first_line=row[7],
        hash=row[8],
        by=row[9],
        at=row[10],
    )


def _read_legs(text: Any) -> tuple[Leg, ...]:
    return tuple(Leg(leg.account, int(leg.amount)) for leg in _legs(text))
