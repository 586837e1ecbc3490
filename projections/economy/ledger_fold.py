"""How events of accounts, transfers and statements become rows of the ledger (migration 0011)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.accounts import OWNED, parse_account
from aia_mas.domain.economy.ledger.entry import Leg
from aia_mas.domain.economy.ledger.events import (
    BalanceChanged,
    HoldPosted,
    HoldVoided,
    TransferHeld,
    TransferPosted,
    TransferReversed,
)
from aia_mas.domain.economy.ledger.states import TransferStatus
from aia_mas.domain.economy.statements import MonthClosed
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.projections.economy.ledger_rows import (
    AccountRow,
    ClosedRow,
    EntryRow,
    StoredLeg,
    TransferRow,
)
from aia_mas.projections.table import MissingRow, Projection, Table


class BrokenLedger(ValueError):
    """An entry does not follow from the one before: the events of an account contradict."""


def _changed(row: AccountRow | None, recorded: RecordedEvent) -> AccountRow:
    event: BalanceChanged = recorded.event
    row = row or _opened(recorded)
    if int(row.balance) + event.amount != event.balance or row.lines + 1 != recorded.version:
        raise BrokenLedger(
            f"{row.account_id} had {row.balance} after {row.lines} lines, and is said to have"
            f" {event.balance} after {event.amount} more in line {recorded.version}"
        )
    if event.amount > 0:
        row.credits = str(int(row.credits) + event.amount)
    elif event.amount < 0:
        row.debits = str(int(row.debits) - event.amount)
    row.balance, row.held = str(event.balance), str(event.held)
    row.lines = recorded.version
    row.updated_at, row.position = recorded.recorded_at, recorded.position
    return row


def _opened(recorded: RecordedEvent) -> AccountRow:
    account_id = entity_of(recorded.stream)
    account = parse_account(account_id)
    return AccountRow(
        account_id=account_id,
        purpose=account.purpose.value,
        token=account.token,
        owner=account.owner if account.purpose in OWNED else None,
        balance="0",
        held="0",
        credits="0",
        debits="0",
        lines=0,
        opened_at=recorded.recorded_at,
        updated_at=recorded.recorded_at,
        opened_position=recorded.position,
        position=recorded.position,
    )


def _line(_row: EntryRow | None, recorded: RecordedEvent) -> EntryRow:
    event: BalanceChanged = recorded.event
    return EntryRow(
        position=recorded.position,
        account_id=entity_of(recorded.stream),
        line=recorded.version,
        transfer_id=event.transfer_id,
        reason=event.reason,
        amount=str(event.amount),
        balance=str(event.balance),
        held=str(event.held),
        at=recorded.recorded_at,
    )


def _posted(_row: TransferRow | None, recorded: RecordedEvent) -> TransferRow:
    return _made(recorded, TransferStatus.POSTED, None, _stored(recorded.event.legs))


def _held(_row: TransferRow | None, recorded: RecordedEvent) -> TransferRow:
    return _made(recorded, TransferStatus.PENDING, _stored(recorded.event.legs), [])


def _made(
    recorded: RecordedEvent,
    status: TransferStatus,
    held: list[StoredLeg] | None,
    moved: list[StoredLeg],
) -> TransferRow:
    event: TransferPosted | TransferHeld = recorded.event
    owners, tokens = _parties(event.legs)
    return TransferRow(
        transfer_id=entity_of(recorded.stream),
        status=status.value,
        reason=event.reason,
        held=held,
        legs=moved,
        amount=str(moved_most(event.legs)),
        metadata=dict(event.metadata),
        accounts=[leg.account for leg in event.legs],
        owners=owners,
        tokens=tokens,
        by=event.by,
        made_at=event.at,
        expires_at=event.expires_at if isinstance(event, TransferHeld) else None,
        ended_at=None,
        reverses=event.reverses if isinstance(event, TransferPosted) else None,
        reversed_by=None,
        made_position=recorded.position,
        position=recorded.position,
    )


def _hold_posted(row: TransferRow | None, recorded: RecordedEvent) -> TransferRow:
    event: HoldPosted = recorded.event
    row = _ended(row, recorded, TransferStatus.POSTED)
    row.legs = _stored(event.legs)
    row.amount = str(moved_most(event.legs))
    # Where it goes to may have been left open until now.
    owners, tokens = _parties(event.legs)
    row.accounts = _joined(row.accounts, (leg.account for leg in event.legs))
    row.owners, row.tokens = _joined(row.owners, owners), _joined(row.tokens, tokens)
    return row


def _hold_voided(row: TransferRow | None, recorded: RecordedEvent) -> TransferRow:
    status = TransferStatus.EXPIRED if recorded.event.expired else TransferStatus.VOIDED
    return _ended(row, recorded, status)


def _reversed(row: TransferRow | None, recorded: RecordedEvent) -> TransferRow:
    row = _known(row, recorded)
    row.reversed_by = recorded.event.reversal_id
    return row


def _ended(row: TransferRow | None, recorded: RecordedEvent, status: TransferStatus) -> TransferRow:
    row = _known(row, recorded)
    row.status = status.value
    row.ended_at = recorded.event.at
    return row


def _known(row: TransferRow | None, recorded: RecordedEvent) -> TransferRow:
    if row is None:
        raise MissingRow(recorded.stream)
    row.position = recorded.position
    return row


def _closed(_row: ClosedRow | None, recorded: RecordedEvent) -> ClosedRow:
    event: MonthClosed = recorded.event
    return ClosedRow(
        key=entity_of(recorded.stream),
        account_id=event.account_id,
        month=event.month,
        opening=str(event.opening),
        closing=str(event.closing),
        credits=str(event.credits),
        debits=str(event.debits),
        lines=event.lines,
        first_line=event.first_line,
        hash=event.hash,
        by=event.by,
        closed_at=event.at,
        position=recorded.position,
    )


def moved_most(legs: Iterable[Leg]) -> int:
    """Return the most that legs move of one token, base units."""
    coming: defaultdict[str, int] = defaultdict(int)
    going: defaultdict[str, int] = defaultdict(int)
    for leg in legs:
        token = parse_account(leg.account).token
        if leg.amount > 0:
            coming[token] += leg.amount
        else:
            going[token] -= leg.amount
    return max((*coming.values(), *going.values()), default=0)


def _stored(legs: Iterable[Leg]) -> list[StoredLeg]:
    return [StoredLeg(leg.account, str(leg.amount)) for leg in legs]


def _parties(legs: Iterable[Leg]) -> tuple[list[str], list[str]]:
    """Return whose accounts the legs are about, and in which tokens, each once."""
    owners: dict[str, None] = {}
    tokens: dict[str, None] = {}
    for leg in legs:
        account = parse_account(leg.account)
        tokens[account.token] = None
        if account.purpose in OWNED:
            owners[account.owner] = None
    return list(owners), list(tokens)


def _joined(known: Sequence[str], more: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*known, *more)))


def _entity(recorded: RecordedEvent) -> str:
    return entity_of(recorded.stream)


LEDGER = Projection(
    "ledger",
    1,
    (
        Table("", AccountRow, _entity, {BalanceChanged: _changed}),
        Table(
            "_entries",
            EntryRow,
            lambda recorded: str(recorded.position),
            {BalanceChanged: _line},
            makes={BalanceChanged},
        ),
        Table(
            "_transfers",
            TransferRow,
            _entity,
            {
                TransferPosted: _posted,
                TransferHeld: _held,
                HoldPosted: _hold_posted,
                HoldVoided: _hold_voided,
                TransferReversed: _reversed,
            },
            makes={TransferPosted, TransferHeld},
        ),
        Table("_closed", ClosedRow, _entity, {MonthClosed: _closed}, makes={MonthClosed}),
    ),
    frozenset({"account", "transfer", "statement"}),
    strict=True,
)
