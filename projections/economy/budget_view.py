"""A budget as the API shows it: what it says, what is used of it, and how long it lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import msgspec

from aia_mas.domain.economy.budgets.burn import burn_rate, runway_seconds
from aia_mas.domain.economy.budgets.periods import Period, period_at, span_of
from aia_mas.domain.economy.budgets.terms import Scope
from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.budget_rows import BudgetRow, UseRow

BURN_DAYS: Final = 7
"""Of so many days, today included, it is looked how fast a budget is spent."""
MOST_PERIODS: Final = 24
"""Periods that are shown of a budget, the latest first."""
PER_PERCENT: Final = 10_000
"""Millionths."""


class PeriodUsed(msgspec.Struct, frozen=True, kw_only=True):
    """What is used of one period of a budget, tokens.

    Attributes:
        period: Its name: `2026-11-29`, `2026-W48`, `2026-11` or `once`.
        begins_at: UTC; null: it has no beginning.
        ends_at: UTC; null: it has no end.
        held: For tasks that are not over, as much as they may cost.
        spent: For tasks that were paid for.
        left: What is left of the amount.
        tasks: How many tasks count in it.
        warned_at: When it was warned of last.
        exceeded_at: When it was told last that more is used than there is.
    """

    period: str
    begins_at: datetime | None
    ends_at: datetime | None
    held: str
    spent: str
    left: str
    tasks: int
    warned_at: datetime | None
    exceeded_at: datetime | None


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A budget.

    Attributes:
        budget_id: Its id.
        scope: What of a task is looked at: the `client` whom it belongs to, the `owner` of the
            wallet that pays, or one `tag` of its `cost_tags`.
        match: What that must be.
        amount: How much may be held and spent in one period, tokens.
        period: How long that lasts, by the calendar of UTC.
        warn_percent: At which part of the amount it warns, percent.
        hard_stop: It refuses tasks that may cost more than it leaves; else it only tells.
        revision: Grows with every change; the ETag.
        created_at: UTC.
        updated_at: UTC.
        current: What is used of the period of now.
        burn_rate: What was spent a day over the last 7 days, or since it was made (an hour at
            least), tokens.
        runway_seconds: How long what is left lasts at that pace; null: nothing is being spent.
    """

    budget_id: str
    scope: Scope
    match: str
    amount: str
    period: Period
    warn_percent: float
    hard_stop: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    current: PeriodUsed
    burn_rate: str
    runway_seconds: int | None


class BudgetDetails(Budget, frozen=True, kw_only=True):
    """A budget, and its last periods (``periods``: the latest first, 24 at most)."""

    periods: list[PeriodUsed]


class BudgetFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All budgets in numbers.

    Attributes:
        count: How many there are.
        warning: Of how many more is used than they are to warn at.
        exhausted: Of how many nothing is left.
        position: How far the read model had come.
    """

    count: int
    warning: int
    exhausted: int
    position: int


def first_day(now: datetime) -> str:
    """Return the first day whose spending counts for the pace at a time."""
    return (now.astimezone(UTC).date() - timedelta(days=BURN_DAYS - 1)).isoformat()


def current_periods(now: datetime) -> Mapping[str, str]:
    """Return the names of the periods of a time, by kind."""
    return {kind.value: period_at(kind, now) for kind in Period}


def used(row: BudgetRow, period: str, use: UseRow | None) -> PeriodUsed:
    """Return what is used of a period (``use``: None: nothing ever was)."""
    span = span_of(period)
    held, spent = (0, 0) if use is None else (int(use.held), int(use.spent))
    return PeriodUsed(
        period=period,
        begins_at=None if span is None else span.begin,
        ends_at=None if span is None else span.end,
        held=to_text(held),
        spent=to_text(spent),
        left=to_text(max(int(row.amount) - held - spent, 0)),
        tasks=0 if use is None else use.tasks,
        warned_at=None if use is None else use.warned_at,
        exceeded_at=None if use is None else use.exceeded_at,
    )


def budget_of(row: BudgetRow, use: UseRow | None, spent: int, now: datetime) -> Budget:
    """Return a budget.

    Args:
        row: As it was set.
        use: What is used of the period of now; None: nothing.
        spent: What was spent since ``first_day``, base units.
        now: The time, UTC.
    """
    begin = datetime.combine(date.fromisoformat(first_day(now)), time(), UTC)
    elapsed = now - max(begin, row.created_at)
    rate = burn_rate(spent, int(elapsed.total_seconds()))
    kind = Period(row.period)
    taken = 0 if use is None else int(use.held) + int(use.spent)
    return Budget(
        budget_id=row.budget_id,
        scope=Scope(row.scope),
        match=row.match,
        amount=to_text(int(row.amount)),
        period=kind,
        warn_percent=row.warn_ppm / PER_PERCENT,
        hard_stop=row.hard,
        revision=row.revision,
        created_at=row.created_at,
        updated_at=row.updated_at,
        current=used(row, period_at(kind, now), use),
        burn_rate=to_text(rate),
        runway_seconds=runway_seconds(int(row.amount) - taken, rate),
    )


def details_of(budget: Budget, row: BudgetRow, uses: Sequence[UseRow]) -> BudgetDetails:
    """Return a budget with its last periods."""
    periods = [used(row, use.period, use) for use in uses]
    return BudgetDetails(**msgspec.structs.asdict(budget), periods=periods)
