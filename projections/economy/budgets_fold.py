"""How events of budgets become rows (migration 0014)."""

from __future__ import annotations

from datetime import UTC, datetime

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.budgets.events import (
    BudgetExceeded,
    BudgetHeld,
    BudgetReleased,
    BudgetRemoved,
    BudgetSet,
    BudgetSpent,
    BudgetWarned,
)
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.projections.economy.budget_rows import BudgetRow, DayRow, UseRow
from aia_mas.projections.table import MissingRow, Projection, Table


def use_key(budget_id: str, period: str) -> str:
    """Return the key of what is used of a period."""
    return f"{budget_id}/{period}"


def day_of(at: datetime) -> str:
    """Return the day of a time, UTC."""
    return at.astimezone(UTC).date().isoformat()


def _set(row: BudgetRow | None, recorded: RecordedEvent) -> BudgetRow:
    event: BudgetSet = recorded.event
    terms = event.terms
    return BudgetRow(
        budget_id=entity_of(recorded.stream),
        scope=terms.scope,
        match=terms.match,
        amount=str(terms.amount),
        period=terms.period,
        warn_ppm=terms.warn_ppm,
        hard=terms.hard,
        revision=event.revision,
        removed=False,
        created_at=event.at if row is None else row.created_at,
        updated_at=event.at,
        created_position=recorded.position if row is None else row.created_position,
        position=recorded.position,
    )


def _removed(row: BudgetRow | None, recorded: RecordedEvent) -> BudgetRow:
    if row is None:
        raise MissingRow(recorded.stream)
    row.removed, row.updated_at = True, recorded.event.at
    row.position = recorded.position
    return row


def _use(row: UseRow | None, recorded: RecordedEvent) -> UseRow:
    budget_id, period = entity_of(recorded.stream), recorded.event.period
    row = row or UseRow(use_key(budget_id, period), budget_id, period)
    row.position = recorded.position
    return row


def _held(row: UseRow | None, recorded: RecordedEvent) -> UseRow:
    row = _counted(row, recorded)
    row.tasks += 1
    return row


def _counted(row: UseRow | None, recorded: RecordedEvent) -> UseRow:
    row = _use(row, recorded)
    row.held, row.spent = str(recorded.event.held), str(recorded.event.spent)
    return row


def _warned(row: UseRow | None, recorded: RecordedEvent) -> UseRow:
    row = _use(row, recorded)
    row.warned_at = recorded.event.at
    return row


def _exceeded(row: UseRow | None, recorded: RecordedEvent) -> UseRow:
    row = _use(row, recorded)
    row.exceeded_at = recorded.event.at
    return row


def _spent(row: DayRow | None, recorded: RecordedEvent) -> DayRow:
    budget_id, day = entity_of(recorded.stream), day_of(recorded.event.at)
    row = row or DayRow(f"{budget_id}/{day}", budget_id, day)
    row.spent = str(int(row.spent) + recorded.event.cost)
    row.tasks += 1
    return row


BUDGETS = Projection(
    "budgets",
    1,
    (
        Table(
            "",
            BudgetRow,
            lambda recorded: entity_of(recorded.stream),
            {BudgetSet: _set, BudgetRemoved: _removed},
        ),
        Table(
            "_uses",
            UseRow,
            lambda recorded: use_key(entity_of(recorded.stream), recorded.event.period),
            {
                BudgetHeld: _held,
                BudgetSpent: _counted,
                BudgetReleased: _counted,
                BudgetWarned: _warned,
                BudgetExceeded: _exceeded,
            },
        ),
        Table(
            "_days",
            DayRow,
            lambda recorded: f"{entity_of(recorded.stream)}/{day_of(recorded.event.at)}",
            {BudgetSpent: _spent},
        ),
    ),
    frozenset({"budget"}),
    strict=True,
)
"""Budgets, what is used of their periods, and what was spent of them by day."""
