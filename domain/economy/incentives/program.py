"""An incentive program as its events tell it: what it says, and what it has paid."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from aia_mas.domain.economy.accounts import Purpose, account_of
from aia_mas.domain.economy.incentives.events import (
    AwardsPaid,
    Outcome,
    ProgramCancelled,
    ProgramClosed,
    ProgramOpened,
)
from aia_mas.domain.economy.incentives.terms import ProgramTerms
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of


class ProgramState(State, frozen=True, kw_only=True):
    """A program.

    Attributes:
        terms: What it says.
        opened_at: Since when, UTC.
        paid: What it has paid, base units.
        payments: How many times it paid.
        cancelled: Nothing more is earned.
        outcome: Why it is over; None: it is not.
    """

    terms: ProgramTerms
    opened_at: datetime
    paid: int = 0
    payments: int = 0
    cancelled: bool = False
    outcome: Outcome | None = None

    @property
    def left(self) -> int:
        """What of the budget is not paid, base units."""
        return self.terms.budget - self.paid


def program_stream(program_id: str) -> str:
    """Return the stream of a program."""
    return stream_of("incentive", program_id)


def escrow_of(program_id: str, token: str) -> str:
    """Return the account in which a program's budget is set aside."""
    return account_of(Purpose.INCENTIVE, token, program_id)


def evolve(state: ProgramState | None, event: Event) -> ProgramState:
    """Fold one event of a program."""
    if isinstance(event, ProgramOpened):
        return ProgramState(terms=event.terms, opened_at=event.at)
    assert state is not None
    match event:
        case AwardsPaid():
            return replace(state, paid=event.paid, payments=event.number)
        case ProgramCancelled():
            return replace(state, cancelled=True)
        case ProgramClosed():
            return replace(state, outcome=event.outcome)
        case _:
            raise TypeError(type(event))
