"""What an election costs and brings: deposits go back or are burned, voters get AIA_GOV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from aia_mas.domain.economy.accounts import AIA_GOV, account_stream, reward_pool, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import SystemAccount
from aia_mas.domain.economy.governance.commands import PayVotes, SettleDeposit
from aia_mas.domain.economy.governance.errors import ProposalNotFound
from aia_mas.domain.economy.governance.proposal import ProposalState
from aia_mas.domain.economy.governance.proposal_events import (
    Deposit,
    DepositSettled,
    VotesPaid,
    proposal_stream,
)
from aia_mas.domain.economy.governance.proposing import BURN, deposit_id
from aia_mas.domain.economy.ledger import (
    Book,
    Entry,
    Leg,
    TransferState,
    TransferStatus,
    transfer_stream,
)
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.kernel.money import ONE

PAID_POWER: Final[int] = 100 * ONE
"""Each full so much of power that votes itself is paid, base units.

Paying every voter alike would pay whoever splits one stake over many agents; by full hundreds of
power the parts never get more than the whole.
"""
VOTERS_AT_ONCE: Final = 100
"""Voters that are paid in one entry."""
PAYMENT_REASON: Final = "vote"
"""The reason code of these payments."""


def payment_of(gov_per_vote: int, power: int) -> int:
    """Return what a voter gets, base units of AIA_GOV (``power``: its own, base units)."""
    return gov_per_vote * (power // PAID_POWER)


def streams_of_deposit(command: SettleDeposit) -> tuple[str, ...]:
    """Return the streams that settling a deposit reads, that of the proposal first."""
    return (
        proposal_stream(command.proposal_id),
        transfer_stream(deposit_id(command.proposal_id)),
        account_stream(wallet(command.proposer)),
        account_stream(BURN),
    )


def settle_deposit(states: Mapping[str, Any], command: SettleDeposit, ctx: Context) -> Decision:
    """Give the deposit back or burn it, once the proposal is over."""
    stream = proposal_stream(command.proposal_id)
    state: ProposalState | None = states[stream]
    book = Book(states, ctx)
    try:
        _check_settlement(ctx)
        if state is None:
            raise ProposalNotFound(proposal_id=command.proposal_id)
        if state.ended_at is None or state.deposit is not Deposit.HELD:
            return accept(stream)
        transfer_id = deposit_id(command.proposal_id)
        held: TransferState | None = book.transfer(transfer_id)
        if held is not None and held.status is TransferStatus.PENDING:
            if state.burns:
                book.post_held(transfer_id)
            else:
                book.void(transfer_id)
    except DomainError as error:
        return refuse(error)
    settled = DepositSettled(
        deposit=Deposit.BURNED if state.burns else Deposit.REFUNDED, at=ctx.now
    )
    return Decision((*book.events, (stream, settled)))


def streams_of_votes(command: PayVotes) -> tuple[str, ...]:
    """Return the streams that paying votes reads, that of the proposal first."""
    return (
        proposal_stream(command.proposal_id),
        transfer_stream(_payment_id(command)),
        account_stream(reward_pool(AIA_GOV)),
        *(account_stream(wallet(voter, AIA_GOV)) for voter, _ in command.voters),
    )


def pay_votes(states: Mapping[str, Any], command: PayVotes, ctx: Context) -> Decision:
    """Pay some who voted; an empty pool pays nothing and stops nothing."""
    stream = proposal_stream(command.proposal_id)
    state: ProposalState | None = states[stream]
    book = Book(states, ctx)
    try:
        _check_settlement(ctx)
        if state is None:
            raise ProposalNotFound(proposal_id=command.proposal_id)
        if state.result is None or state.paid != command.batch:
            return accept(stream)
        owed = [(voter, payment_of(state.gov_per_vote, power)) for voter, power in command.voters]
        legs = [Leg(wallet(voter, AIA_GOV), amount) for voter, amount in owed if amount]
        paid, pool = sum(leg.amount for leg in legs), reward_pool(AIA_GOV)
        # Before it is an entry: whatever the rate is, it may come to more than any entry can have.
        funded = paid <= book.available(pool)
        if not funded:
            paid = 0
        elif paid:
            legs.append(Leg(pool, -paid))
            entry = Entry(transfer_id=_payment_id(command), legs=tuple(legs), reason=PAYMENT_REASON)
            book.post(entry)
    except DomainError as error:
        return refuse(error)
    event = VotesPaid(
        batch=command.batch,
        voters=tuple(voter for voter, _ in command.voters),
        paid=paid,
        funded=funded,
        last=command.last,
        at=ctx.now,
    )
    return Decision((*book.events, (stream, event)))


def _payment_id(command: PayVotes) -> str:
    return f"votes~{command.proposal_id}~{command.batch}"


def _check_settlement(ctx: Context) -> None:
    if ctx.principal.subject != SETTLEMENT.subject:
        raise SystemAccount("Elections are settled by the settlement only")
