"""An incentive program as the API shows it: what it says, how far it is, and what it paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec

from aia_mas.domain.economy.incentives.events import Outcome
from aia_mas.domain.economy.incentives.terms import (
    Criterion,
    Eligibility,
    Payout,
    ProgramTerms,
)
from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.incentive_rows import PaymentRow, ProgramRow

MOST_PAYOUTS: Final = 500
"""Payouts that are shown of a program, the latest first."""


class ProgramStatus(StrEnum):
    """How far a program is: to come, running, being wound up, over."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    ENDING = "ending"
    CLOSED = "closed"


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent was paid by a program.

    Attributes:
        agent_id: Whom.
        awards: For how many awards.
        amount: How much, tokens.
        transfer_id: By which transfer.
        at: When, UTC.
    """

    agent_id: str
    awards: int
    amount: str
    transfer_id: str
    at: datetime


class IncentiveProgram(msgspec.Struct, frozen=True, kw_only=True):
    """An incentive program.

    Attributes:
        program_id: Its id.
        status: How far it is: `scheduled`, `running`, `ending` (what it owes is being paid) or
            `closed`.
        outcome: Why it is over; null: it is not.
        title: Its name.
        description: For people.
        token: What it pays in.
        budget: How much it pays at most, tokens.
        paid: What it has paid, tokens.
        returned: What went back to the treasury when it was over, tokens.
        awards: How many awards were paid.
        starts_at: From when on work counts, UTC.
        ends_at: Until when, UTC.
        eligibility: Whose work counts, and which; an empty list: any.
        criterion: What earns an award.
        count: How many of these.
        min_rating: From which rating on a result counts, 0..1.
        winners: How many agents can win.
        payout: Whether an award is worth a fixed amount, or a share of the budget in the end.
        amount: What an award is worth, tokens.
        most_per_agent: How many awards an agent can earn; null: any number.
        opened_by: Who ordered it.
        opened_at: When, UTC.
        cancelled_by: Who called it off.
        cancelled_at: When, UTC.
        reason: Why.
        closed_at: When it was over, UTC.
        agents: How many agents had work that counted; known when it is over.
    """

    program_id: str
    status: ProgramStatus
    outcome: Outcome | None
    title: str
    description: str
    token: str
    budget: str
    paid: str
    returned: str
    awards: int
    starts_at: datetime
    ends_at: datetime
    eligibility: Eligibility
    criterion: Criterion
    count: int
    min_rating: float | None
    winners: int | None
    payout: Payout
    amount: str | None
    most_per_agent: int | None
    opened_by: str
    opened_at: datetime
    cancelled_by: str | None
    cancelled_at: datetime | None
    reason: str
    closed_at: datetime | None
    agents: int


def program_of(row: ProgramRow, now: datetime) -> IncentiveProgram:
    """Return a program as it is at a time (UTC)."""
    terms = terms_of(row)
    return IncentiveProgram(
        program_id=row.program_id,
        status=_status(row, now),
        outcome=None if row.outcome is None else Outcome(row.outcome),
        title=terms.title,
        description=terms.description,
        token=terms.token,
        budget=to_text(terms.budget),
        paid=to_text(int(row.paid)),
        returned=to_text(int(row.returned)),
        awards=row.awards,
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        eligibility=terms.eligibility,
        criterion=terms.criterion,
        count=terms.count,
        min_rating=terms.min_rating,
        winners=terms.winners,
        payout=terms.payout,
        amount=None if terms.amount is None else to_text(terms.amount),
        most_per_agent=terms.most_per_agent,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        cancelled_by=row.cancelled_by,
        cancelled_at=row.cancelled_at,
        reason=row.reason,
        closed_at=row.closed_at,
        agents=row.agents,
    )


def terms_of(row: ProgramRow) -> ProgramTerms:
    """Return what a program says, from the row as PostgreSQL or memory has it."""
    if isinstance(row.terms, ProgramTerms):
        return row.terms
    if isinstance(row.terms, str | bytes):
        return _terms(row.terms)
    return msgspec.convert(row.terms, ProgramTerms)


def payments_of(rows: Sequence[PaymentRow]) -> list[Payment]:
    """Return what was paid, in the order of the rows, at most ``MOST_PAYOUTS``."""
    return [payment for _, payment in zip(range(MOST_PAYOUTS), _payments(rows), strict=False)]


def _payments(rows: Sequence[PaymentRow]) -> Iterator[Payment]:
    for row in rows:
        awards: Any = row.awards if isinstance(row.awards, list) else _json(row.awards)
        for agent_id, number, amount in awards:
            yield Payment(
                agent_id=agent_id,
                awards=number,
                amount=to_text(int(amount)),
                transfer_id=row.transfer_id,
                at=row.at,
            )


def _status(row: ProgramRow, now: datetime) -> ProgramStatus:
    if row.outcome is not None:
        return ProgramStatus.CLOSED
    if row.cancelled_at is not None or now >= row.ends_at:
        return ProgramStatus.ENDING
    return ProgramStatus.SCHEDULED if now < row.starts_at else ProgramStatus.RUNNING


_terms = msgspec.json.Decoder(ProgramTerms).decode
_json = msgspec.json.Decoder().decode
