"""How incentive programs are opened, cancelled, paid from and closed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aia_mas.domain.economy.accounts import account_stream, treasury, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import SystemAccount
from aia_mas.domain.economy.incentives.commands import CloseProgram, PayAwards
from aia_mas.domain.economy.incentives.errors import (
    OverBudget,
    ProgramIsOver,
    ProgramNotFound,
    ProgramRunning,
)
from aia_mas.domain.economy.incentives.events import AwardsPaid, Outcome, ProgramClosed
from aia_mas.domain.economy.incentives.program import ProgramState, escrow_of, program_stream
from aia_mas.domain.economy.ledger import Book, Entry, Leg, move, transfer_stream
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError

States = Mapping[str, Any]
"""The states of the streams that a command reads (None: not there yet), by stream."""


def payment_streams(command: PayAwards) -> tuple[str, ...]:
    """Return what ``pay_awards`` reads."""
    wallets = (wallet(award.agent_id, command.token) for award in command.awards)
    return (
        program_stream(command.program_id),
        transfer_stream(_payment_id(command)),
        account_stream(escrow_of(command.program_id, command.token)),
        *map(account_stream, wallets),
    )


def closing_streams(command: CloseProgram) -> tuple[str, ...]:
    """Return what ``close_program`` reads."""
    return (
        program_stream(command.program_id),
        transfer_stream(_return_id(command.program_id)),
        account_stream(escrow_of(command.program_id, command.token)),
        account_stream(treasury(command.token)),
    )


def pay_awards(states: States, command: PayAwards, ctx: Context) -> Decision:
    """Pay awards out of what is set aside for the program; a payment that was made changes nothing.

    Refused with ``incentive_over_budget`` beyond its budget, whatever is in its account.
    """
    stream = program_stream(command.program_id)
    state: ProgramState | None = states[stream]
    try:
        state = _open(state, command.program_id, ctx)
        if command.number <= state.payments:
            return accept(stream)
        total = sum(award.amount for award in command.awards)
        if total > state.left or command.number != state.payments + 1:
            raise OverBudget(program_id=command.program_id)
        escrow = escrow_of(command.program_id, state.terms.token)
        paid = (
            Leg(wallet(each.agent_id, state.terms.token), each.amount) for each in command.awards
        )
        book = Book(states, ctx)
        entry = Entry(
            transfer_id=_payment_id(command),
            legs=(Leg(escrow, -total), *paid),
            reason="incentive",
            metadata={"program_id": command.program_id},
        )
        book.post(entry)
    except DomainError as error:
        return refuse(error)
    event = AwardsPaid(
        number=command.number,
        awards=command.awards,
        paid=state.paid + total,
        transfer_id=entry.transfer_id,
        at=ctx.now,
    )
    return Decision((*book.events, (stream, event)))


def close_program(states: States, command: CloseProgram, ctx: Context) -> Decision:
    """Close a program and return to the treasury what is left; nothing happens the second time.

    Refused with ``incentive_running`` when it is to have ended and has not.
    """
    stream = program_stream(command.program_id)
    state: ProgramState | None = states[stream]
    if state is not None and state.outcome is not None:
        return accept(stream)
    try:
        state = _open(state, command.program_id, ctx)
        check_over(state, command.outcome, ctx.now)
        book = Book(states, ctx)
        escrow = escrow_of(command.program_id, state.terms.token)
        left = book.available(escrow)
        if left:
            entry = Entry(
                transfer_id=_return_id(command.program_id),
                legs=move(escrow, treasury(state.terms.token), left),
                reason="incentive_return",
                metadata={"program_id": command.program_id},
            )
            book.post(entry)
    except DomainError as error:
        return refuse(error)
    event = ProgramClosed(outcome=command.outcome, returned=left, agents=command.agents, at=ctx.now)
    return Decision((*book.events, (stream, event)))


def check_over(state: ProgramState, outcome: Outcome, now: datetime) -> None:
    """Refuse an outcome that has not come.

    Raises:
        ProgramRunning: It has not.
    """
    terms, over = state.terms, outcome is Outcome.COMPLETED  # only the fold knows who has won
    if outcome is Outcome.ENDED:
        over = now >= terms.ends_at
    elif outcome is Outcome.CANCELLED:
        over = state.cancelled
    elif outcome is Outcome.EXHAUSTED:
        over = terms.amount is not None and state.left < terms.amount
    if not over:
        raise ProgramRunning(outcome=outcome)


def _open(state: ProgramState | None, program_id: str, ctx: Context) -> ProgramState:
    if ctx.principal.subject != SETTLEMENT.subject:
        raise SystemAccount
    if state is None:
        raise ProgramNotFound(program_id=program_id)
    if state.outcome is not None:
        raise ProgramIsOver(program_id=program_id, outcome=state.outcome)
    return state


def _payment_id(command: PayAwards) -> str:
    return f"incentive:{command.program_id}:{command.number}"


def _return_id(program_id: str) -> str:
    return f"incentive:{program_id}:rest"
