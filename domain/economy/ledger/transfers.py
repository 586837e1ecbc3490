"""Transfers between wallets: what agents, clients and treasurers may ask for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from aia_mas.domain.economy.accounts import OWNED, Account, Purpose, account_stream, check_account
from aia_mas.domain.economy.authority import SETTLEMENT, check_may_spend
from aia_mas.domain.economy.errors import SystemAccount, TransferNotFound, UnknownToken
from aia_mas.domain.economy.ledger.book import Book
from aia_mas.domain.economy.ledger.entry import Entry, Leg, transfer_stream
from aia_mas.domain.economy.ledger.states import TransferState
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import DomainError, InvalidValue
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import check_text

MOST_METADATA = 16
"""Entries of metadata."""
LONGEST_METADATA = 256
"""Longest key or value of metadata, in characters."""
LONGEST_TIMEOUT = 366 * 86_400.0
"""Longest time that a transfer may be pending, seconds."""
_REASON = re.compile(r"[a-z][a-z0-9_.-]{0,63}")

States = Mapping[str, Any]
"""The states of the streams that a decision reads, by stream."""


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
    """Move what was set aside (``legs``: see ``Book.post_held``; ``all_legs``: of the transfer)."""

    transfer_id: str
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
    """Take a transfer back (``all_legs``: of the transfer)."""

    transfer_id: str
    reversal_id: str
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


def transfer(states: States, command: Transfer, ctx: Context, tokens: frozenset[str]) -> Decision:
    """Move tokens, or set them aside; the same again changes nothing.

    The caller spends what is its own (``check_may_spend``), from wallets to wallets only.
    """
    book = Book(states, ctx)
    try:
        _check(command, ctx, tokens)
        if command.pending:
            expires_at = (
                None if command.timeout is None else ctx.now + timedelta(seconds=command.timeout)
            )
            book.hold(command.entry, expires_at)
        else:
            book.post(command.entry)
    except DomainError as error:
        return refuse(error)
    return Decision(tuple(book.events))


def post_hold(states: States, command: PostHold, ctx: Context) -> Decision:
    """Move what was set aside, in full or in part; whoever may spend it may."""
    return _on_hold(
        states, command, ctx, lambda book: book.post_held(command.transfer_id, command.legs)
    )


def void_hold(states: States, command: VoidHold, ctx: Context) -> Decision:
    """Let go what was set aside."""
    return _on_hold(states, command, ctx, lambda book: book.void(command.transfer_id))


def expire_hold(states: States, command: ExpireHold, ctx: Context) -> Decision:
    """Let go what was set aside, once its time is over; by the settlement only."""
    state: TransferState | None = states[transfer_stream(command.transfer_id)]
    book = Book(states, ctx)
    try:
        if state is None:
            raise TransferNotFound(transfer_id=command.transfer_id)
        if state.expires_at is None or ctx.now < state.expires_at:
            return Decision()
        book.void(command.transfer_id, expired=True)
    except DomainError as error:
        return refuse(error)
    return Decision(tuple(book.events))


def reverse_transfer(states: States, command: ReverseTransfer, ctx: Context) -> Decision:
    """Take a transfer back; whoever may spend what it brought may."""
    state: TransferState | None = states[transfer_stream(command.transfer_id)]
    book = Book(states, ctx)
    try:
        if state is None:
            raise TransferNotFound(transfer_id=command.transfer_id)
        for leg in state.moved:
            if leg.amount > 0:
                _check_spends(leg.account, ctx)
        book.reverse(command.transfer_id, command.reversal_id)
    except DomainError as error:
        return refuse(error)
    return Decision(tuple(book.events))


def check_entry(entry: Entry) -> None:
    """Refuse an entry whose words are not allowed.

    Raises:
        InvalidValue: The id, the reason or the metadata.
    """
    mistakes = Mistakes()
    mistakes.check(check_id, entry.transfer_id, "transfer_id")
    mistakes.check(check_reason, entry.reason)
    mistakes.check(check_metadata, entry.metadata)
    mistakes.refuse()


def check_reason(reason: str, field: str = "reason") -> None:
    """Refuse a reason code that is no word.

    Raises:
        InvalidValue: It is none.
    """
    if not _REASON.fullmatch(reason):
        raise InvalidValue("A reason is a word of a-z 0-9 _ . - up to 64 characters", field=field)


def check_metadata(metadata: Mapping[str, str], field: str = "metadata") -> None:
    """Refuse metadata that are too many or too long.

    Raises:
        InvalidValue: They are.
    """
    if len(metadata) > MOST_METADATA:
        raise InvalidValue(f"There are at most {MOST_METADATA} metadata", field=field)
    for key, value in metadata.items():
        check_text(key, field, shortest=1, longest=LONGEST_METADATA)
        check_text(value, field, longest=LONGEST_METADATA)


def _check(command: Transfer, ctx: Context, tokens: frozenset[str]) -> None:
    check_entry(command.entry)
    timeout = command.timeout
    if timeout is not None and not (command.pending and 0 < timeout <= LONGEST_TIMEOUT):
        raise InvalidValue(
            f"A pending transfer has a time-out above 0, at most {LONGEST_TIMEOUT:.0f} seconds",
            field="timeout",
        )
    for leg in command.entry.legs:
        account = check_account(leg.account, "account")
        if account.token not in tokens:
            raise UnknownToken(f"{account.token[:64]!r} is no token here", field="token")
        if ctx.principal.subject == SETTLEMENT.subject:
            continue
        if account.is_system or account.purpose is not Purpose.WALLET:
            raise SystemAccount("Transfers are between wallets", account_id=leg.account)
        if leg.amount < 0:
            check_may_spend(ctx.principal, account.owner)


def _check_spends(account_id: str, ctx: Context) -> None:
    account: Account = check_account(account_id, "account")
    if account.purpose in OWNED:
        check_may_spend(ctx.principal, account.owner)


def _on_hold(states: States, command: PostHold | VoidHold, ctx: Context, act: Any) -> Decision:
    state: TransferState | None = states[transfer_stream(command.transfer_id)]
    book = Book(states, ctx)
    try:
        if state is None:
            raise TransferNotFound(transfer_id=command.transfer_id)
        if ctx.principal.subject != SETTLEMENT.subject and state.reason in PROCESS_REASONS:
            raise SystemAccount("What this holds is settled by the system", reason=state.reason)
        for leg in state.legs:
            if leg.amount < 0:
                _check_spends(leg.account, ctx)
        act(book)
    except DomainError as error:
        return refuse(error)
    return Decision(tuple(book.events))


PROCESS_REASONS = frozenset({"task", "proposal_deposit"})
"""Reasons of pending transfers that belong to something else, which posts or voids them."""
