"""The budgets in memory: the queries of ``BudgetBoard`` over the rows of the same fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from fractions import Fraction

from aia.testing.pages import Order, page_of
from aia.testing.snapshots import is_wanted_budget, memory_reading
from aia.testing.tables import Tables
from aia_mas.domain.economy.budgets.periods import kind_of
from aia_mas.projections.economy.budget_items import told_budget
from aia_mas.projections.economy.budget_rows import BudgetRow, DayRow, UseRow
from aia_mas.projections.economy.budget_view import (
    MOST_PERIODS,
    Budget,
    BudgetDetails,
    BudgetFigures,
    budget_of,
    current_periods,
    details_of,
    first_day,
)
from aia_mas.projections.economy.budgets import BudgetFilter
from aia_mas.projections.economy.budgets_fold import use_key
from aia_mas.projections.listing import Found, Page, check_texts
from aia_mas.projections.snapshot_reading import Reading, Wanted


class MemoryBudgetBoard:
    """Answers as ``BudgetBoard`` does."""

    def __init__(self, tables: Tables, position: Callable[[], int]) -> None:
        """Read the tables of the budgets (``position``: how far they have come)."""
        self._tables = tables
        self._position = position

    async def find(self, budget_id: str, now: datetime) -> Found[BudgetDetails]:
        """Return a budget as it is now; see ``BudgetBoard.find``."""
        budgets, used, _ = self._tables.rows
        row: BudgetRow | None = budgets.get(budget_id)
        if row is None or row.removed:
            return Found(None, self._position())
        uses = [use for use in used.values() if use.budget_id == budget_id]
        uses.sort(key=lambda use: use.period, reverse=True)
        details = details_of(self._budget(row, now), row, uses[:MOST_PERIODS])
        return Found(details, self._position())

    async def list(
        self,
        now: datetime,
        filters: BudgetFilter = BudgetFilter(),  # noqa: B008 - immutable
        sort: str = "budget_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Budget]:
        """Return one page of budgets; see ``BudgetBoard.list``."""
        return page_of(
            self._chosen(filters),
            lambda row: self._budget(row, now),
            _ORDERS,
            lambda row: row.budget_id,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def count(self, filters: BudgetFilter = BudgetFilter()) -> int:  # noqa: B008 - immutable
        """Return how many budgets there are."""
        return sum(1 for _ in self._chosen(filters))

    async def figures(self, now: datetime) -> BudgetFigures:
        """Return all budgets in numbers; see ``BudgetBoard.figures``."""
        rows = list(self._chosen(BudgetFilter()))
        used = [(row, self._taken(row, now)) for row in rows]
        return BudgetFigures(
            count=len(rows),
            warning=sum(taken * 10**6 >= int(row.amount) * row.warn_ppm for row, taken in used),
            exhausted=sum(taken >= int(row.amount) for row, taken in used),
            position=self._position(),
        )

    def snapshot(self, wanted: Wanted, limit: int) -> AbstractAsyncContextManager[Reading]:
        """Open the list of budgets, by id, as it is now; so many at most."""
        budgets = sorted(self._tables.rows[0].values(), key=lambda row: row.budget_id)
        told = (told_budget(row, self._latest_use(row)) for row in budgets)
        items = (item for item in told if is_wanted_budget(item.status, wanted))
        return memory_reading(items, limit, self._position())

    def _latest_use(self, row: BudgetRow) -> UseRow | None:
        uses = (
            use
            for use in self._tables.rows[1].values()
            if use.budget_id == row.budget_id and kind_of(use.period) == row.period
        )
        return max(uses, key=lambda use: use.period, default=None)

    def _chosen(self, filters: BudgetFilter) -> Iterator[BudgetRow]:
        check_texts(filters)
        for row in self._tables.rows[0].values():
            scope = filters.scope is None or row.scope == filters.scope
            if scope and filters.match in {None, row.match} and not row.removed:
                yield row

    def _budget(self, row: BudgetRow, now: datetime) -> Budget:
        days: list[DayRow] = list(self._tables.rows[2].values())
        since = first_day(now)
        spent = sum(
            int(day.spent) for day in days if day.budget_id == row.budget_id and day.day >= since
        )
        return budget_of(row, self._use(row, now), spent, now)

    def _use(self, row: BudgetRow, now: datetime) -> UseRow | None:
        key = use_key(row.budget_id, current_periods(now)[row.period])
        use: UseRow | None = self._tables.rows[1].get(key)
        return use

    def _taken(self, row: BudgetRow, now: datetime) -> int:
        use = self._use(row, now)
        return 0 if use is None else int(use.held) + int(use.spent)


_ORDERS = {
    "budget_id": Order(lambda row: str(row.budget_id), str),
    "amount": Order(lambda row: Fraction(row.amount)),
    "created_at": Order(lambda row: Fraction(row.created_position)),
}
