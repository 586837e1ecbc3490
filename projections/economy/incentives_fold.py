"""How events of incentive programs become rows (migration 0015)."""

from __future__ import annotations

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.incentives.events import (
    AwardsPaid,
    ProgramCancelled,
    ProgramClosed,
    ProgramOpened,
)
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.projections.economy.incentive_rows import PaymentRow, ProgramRow
from aia_mas.projections.table import MissingRow, Projection, Table


def _opened(_row: ProgramRow | None, recorded: RecordedEvent) -> ProgramRow:
    event: ProgramOpened = recorded.event
    terms = event.terms
    return ProgramRow(
        program_id=entity_of(recorded.stream),
        token=terms.token,
        criterion=terms.criterion,
        budget=str(terms.budget),
        starts_at=terms.starts_at,
        ends_at=terms.ends_at,
        terms=terms,
        opened_by=event.by,
        opened_at=event.at,
        paid="0",
        awards=0,
        payments=0,
        cancelled_at=None,
        cancelled_by=None,
        reason="",
        outcome=None,
        returned="0",
        agents=0,
        closed_at=None,
        opened_position=recorded.position,
        position=recorded.position,
    )


def _known(row: ProgramRow | None, recorded: RecordedEvent) -> ProgramRow:
    if row is None:
        raise MissingRow(recorded.stream)
    row.position = recorded.position
    return row


def _paid(row: ProgramRow | None, recorded: RecordedEvent) -> ProgramRow:
    row, event = _known(row, recorded), recorded.event
    row.paid, row.payments = str(event.paid), event.number
    row.awards += sum(award.awards for award in event.awards)
    return row


def _cancelled(row: ProgramRow | None, recorded: RecordedEvent) -> ProgramRow:
    row, event = _known(row, recorded), recorded.event
    row.cancelled_at, row.cancelled_by, row.reason = event.at, event.by, event.reason
    return row


def _closed(row: ProgramRow | None, recorded: RecordedEvent) -> ProgramRow:
    row, event = _known(row, recorded), recorded.event
    row.outcome, row.closed_at = event.outcome, event.at
    row.returned, row.agents = str(event.returned), event.agents
    return row


def _payment_key(recorded: RecordedEvent) -> str:
    return f"{entity_of(recorded.stream)}/{recorded.event.number}"


def _payment(_row: PaymentRow | None, recorded: RecordedEvent) -> PaymentRow:
    event: AwardsPaid = recorded.event
    return PaymentRow(
        key=_payment_key(recorded),
        program_id=entity_of(recorded.stream),
        number=event.number,
        amount=str(sum(award.amount for award in event.awards)),
        awards=[[award.agent_id, award.awards, str(award.amount)] for award in event.awards],
        transfer_id=event.transfer_id,
        at=event.at,
        position=recorded.position,
    )


INCENTIVES = Projection(
    "incentives",
    1,
    (
        Table(
            "",
            ProgramRow,
            lambda recorded: entity_of(recorded.stream),
            {
                ProgramOpened: _opened,
                AwardsPaid: _paid,
                ProgramCancelled: _cancelled,
                ProgramClosed: _closed,
            },
            makes=(ProgramOpened,),
        ),
        Table("_payments", PaymentRow, _payment_key, {AwardsPaid: _payment}, makes=(AwardsPaid,)),
    ),
    frozenset({"incentive"}),
    strict=True,
)
"""Incentive programs and their payments."""
