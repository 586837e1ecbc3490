"""Transfers between wallets: what agents, clients and treasurers may ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from aia_mas.domain.economy.accounts import (
    OWNED,
    Account,
    Purpose,
    check_account,
    parse_account,
)
from aia_mas.domain.economy.authority import SETTLEMENT, check_may_spend
from aia_mas.domain.economy.errors import (
    SystemAccount,
    TransferNotFound,
    UnknownToken,
    ZeroAmount,
)
from aia_mas.domain.economy.ledger.book import Book
from aia_mas.domain.economy.ledger.commands import (
    About,
    ExpireHold,
    PostHold,
    ReverseTransfer,
    Transfer,
    VoidHold,
)
from aia_mas.domain.economy.ledger.entry import Entry, Leg, check_legs, transfer_stream
from aia_mas.domain.economy.ledger.reasons import check_not_reserved
from aia_mas.domain.economy.ledger.states import TransferState
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import DomainError, InvalidValue, PermissionDenied
from aia_mas.domain.kernel.ids import ReservedId, check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.principal import Role
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


def transfer(states: States, command: Transfer, ctx: Context, tokens: frozenset[str]) -> Decision:
    """Move tokens, or set them aside; the same again changes nothing.

    The caller spends what is its own (``check_may_spend``), from wallets to wallets only.
    """
    book = Book(states, ctx)
    try:
        _check(command, ctx, tokens)
        if command.pending:
            if book.transfer(command.entry.transfer_id) is None and not _settles(ctx):
                # One that leaves open where to it goes is the system's: nobody else could end it.
                check_legs(command.entry.legs)
            expires_at = (
                None if command.timeout is None else ctx.now + timedelta(seconds=command.timeout)
            )
            made = book.hold(command.entry, expires_at)
        else:
            made = book.post(command.entry)
    except DomainError as error:
        return refuse(error)
    return _about(book, command.entry.transfer_id, existed=not made)


def post_hold(states: States, command: PostHold, ctx: Context) -> Decision:
    """Move what was set aside, in full or in part; whoever may spend it may."""

    def post(book: Book, state: TransferState) -> None:
        legs = command.legs if command.amount is None else _part(state, command.amount)
        book.post_held(command.transfer_id, legs)

    return _on_hold(states, command, ctx, post)


def void_hold(states: States, command: VoidHold, ctx: Context) -> Decision:
    """Let go what was set aside."""
    return _on_hold(states, command, ctx, lambda book, _: book.void(command.transfer_id))


def expire_hold(states: States, command: ExpireHold, ctx: Context) -> Decision:
    """Let go what was set aside, once its time is over; by the settlement only."""
    state: TransferState | None = states[transfer_stream(command.transfer_id)]
    book = Book(states, ctx)
    try:
        if ctx.principal.subject != SETTLEMENT.subject:
            raise SystemAccount("What expires is let go by the settlement")
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
        check_reversal(command, state.moved, ctx)
        made = book.reverse(
            command.transfer_id, command.reversal_id, command.reason, command.metadata
        )
    except DomainError as error:
        return refuse(error)
    return _about(book, command.reversal_id, existed=not made)


def check_reversal(command: ReverseTransfer, moved: Sequence[Leg], ctx: Context) -> None:
    """Refuse to take back what a caller may not, or by words that are not allowed.

    Raises:
        InvalidValue: The id, the reason or the metadata.
        PermissionDenied: What the transfer brought is not the caller's.
    """
    mistakes = Mistakes()
    mistakes.check(check_id, command.reversal_id, "reversal_id")
    mistakes.check(_check_not_reserved, command.reversal_id, ctx, "reversal_id")
    mistakes.check(check_reason, command.reason)
    mistakes.check(check_not_reserved, command.reason, ctx)
    mistakes.check(check_metadata, command.metadata)
    mistakes.refuse()
    for leg in moved:
        if leg.amount > 0:
            _check_spends(leg.account, ctx)


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
    _check_not_reserved(command.entry.transfer_id, ctx, "transfer_id")
    check_not_reserved(command.entry.reason, ctx)
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


def _settles(ctx: Context) -> bool:
    return ctx.principal.subject == SETTLEMENT.subject


def _check_not_reserved(transfer_id: str, ctx: Context, field: str) -> None:
    """Refuse ids that transfers of the system have: each is named after what it belongs to."""
    if ":" in transfer_id and ctx.principal.subject != SETTLEMENT.subject:
        raise ReservedId("Ids with a colon are those of the system's transfers", field=field)


def _check_spends(account_id: str, ctx: Context) -> None:
    account: Account = check_account(account_id, "account")
    if account.purpose in OWNED:
        check_may_spend(ctx.principal, account.owner)
    elif not ctx.principal.has(Role.ADMIN, Role.TREASURER):
        raise PermissionDenied("The account belongs to the system")


def _part(state: TransferState, amount: int) -> tuple[Leg, ...]:
    """Return the legs that move a part of a pending transfer."""
    if len(state.legs) != 2:
        raise InvalidValue("An amount says enough where there are two legs only", field="amount")
    if not amount:
        raise ZeroAmount(field="amount")
    return tuple(Leg(leg.account, amount if leg.amount > 0 else -amount) for leg in state.legs)


def _belongs_to_process(transfer_id: str, state: TransferState) -> bool:
    """Tell whether a process made a pending transfer, which alone posts or voids it."""
    return (
        ":" in transfer_id
        or state.reason in PROCESS_REASONS
        or bool(sum(leg.amount for leg in state.legs))
        or any(parse_account(leg.account).purpose is not Purpose.WALLET for leg in state.legs)
    )


def _about(book: Book, transfer_id: str, *, existed: bool) -> Decision:
    about = About(transfer_id=transfer_id, existed=existed)
    return Decision(tuple(book.events), instead=(transfer_stream(transfer_id), about))


def _on_hold(
    states: States,
    command: PostHold | VoidHold,
    ctx: Context,
    act: Callable[[Book, TransferState], None],
) -> Decision:
    state: TransferState | None = states[transfer_stream(command.transfer_id)]
    book = Book(states, ctx)
    try:
        if state is None:
            raise TransferNotFound(transfer_id=command.transfer_id)
        settles = ctx.principal.subject == SETTLEMENT.subject
        if not settles and _belongs_to_process(command.transfer_id, state):
            raise SystemAccount("What this holds is settled by the system", reason=state.reason)
        for leg in state.legs:
            if leg.amount < 0:
                _check_spends(leg.account, ctx)
        act(book, state)
    except DomainError as error:
        return refuse(error)
    return _about(book, command.transfer_id, existed=False)


PROCESS_REASONS = frozenset({"task", "proposal_deposit"})
"""Reasons of pending transfers that belong to something else, which posts or voids them."""
