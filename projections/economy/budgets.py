"""The budgets: what the API shows of them, one by one and in lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from aia_mas.application.event_log.connections import Pool
from aia_mas.projections.economy.budget_rows import BudgetRow, UseRow
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
from aia_mas.projections.economy.budgets_fold import BUDGETS, use_key
from aia_mas.projections.listing import Conditions, Found, Listing, Page, SortKey, check_texts

Budgets = list[Budget]
"""For signatures behind a method called ``list``."""


class BudgetFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which budgets are listed; empty fields do not restrict (see ``Budget``)."""

    scope: str | None = None
    match: str | None = None


class BudgetQueries(Protocol):
    """Queries about budgets; see ``BudgetBoard``."""

    async def find(self, budget_id: str, now: datetime) -> Found[BudgetDetails]:
        """Return a budget as it is now."""
        ...

    async def list(
        self,
        now: datetime,
        filters: BudgetFilter = ...,
        sort: str = "budget_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Budget]:
        """Return one page of budgets as they are now."""
        ...

    async def count(self, filters: BudgetFilter = ...) -> int:
        """Return how many budgets there are."""
        ...

    async def figures(self, now: datetime) -> BudgetFigures:
        """Return all budgets in numbers."""
        ...


class BudgetBoard:
    """Reads the budgets; ``ProjectionHost`` keeps them up to date."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

    async def find(self, budget_id: str, now: datetime) -> Found[BudgetDetails]:
        """Return a budget as it is now, with its last periods; None: there is none."""
        values, position = await _LISTING.one(self._pool, budget_id)
        if values is None:
            return Found(None, position)
        row = _row(values)
        if row.removed:
            return Found(None, position)
        (budget,) = await self._budgets([row], now)
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_PERIODS, (budget_id,))).fetchall()
        return Found(details_of(budget, row, [UseRow(*use) for use in rows]), position)

    async def list(
        self,
        now: datetime,
        filters: BudgetFilter = BudgetFilter(),  # noqa: B008 - immutable
        sort: str = "budget_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Budget]:
        """Return one page of budgets.

        Args:
            now: The time whose periods are shown, UTC.
            filters: Which ones.
            sort: budget_id, amount or created_at; ``-`` before it: the largest, or latest, first.
            cursor: That of the page before.
            limit: At most so many, 1..500.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        rows, following, position = await _LISTING.page(
            self._pool, _conditions(filters), sort=sort, cursor=cursor, limit=limit
        )
        return Page(await self._budgets([_row(row) for row in rows], now), following, position)

    async def count(self, filters: BudgetFilter = BudgetFilter()) -> int:  # noqa: B008 - immutable
        """Return how many budgets there are."""
        return await _LISTING.count(self._pool, _conditions(filters))

    async def figures(self, now: datetime) -> BudgetFigures:
        """Return all budgets in numbers."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_FIGURES, current_periods(now))
            row = await cursor.fetchone()
        assert row is not None
        count, warning, exhausted, position = row
        return BudgetFigures(count=count, warning=warning, exhausted=exhausted, position=position)

    async def _budgets(self, rows: Sequence[BudgetRow], now: datetime) -> Budgets:
        periods = current_periods(now)
        keys = {row.budget_id: use_key(row.budget_id, periods[row.period]) for row in rows}
        async with self._pool.connection() as connection:
            found = await connection.execute(_USES, (list(keys.values()),))
            uses = {row[0]: UseRow(*row) for row in await found.fetchall()}
            found = await connection.execute(_SPENT, (list(keys), first_day(now)))
            spent = {budget_id: int(amount) for budget_id, amount in await found.fetchall()}
        return [
            budget_of(row, uses.get(keys[row.budget_id]), spent.get(row.budget_id, 0), now)
            for row in rows
        ]


_SET, _USED, _DAYS = BUDGETS.table_names()
_COLUMNS = ", ".join(f"b.{name}" for name in BUDGETS.tables[0].columns)
_USE_COLUMNS = ", ".join(BUDGETS.tables[1].columns)
_LISTING = Listing(
    BUDGETS,
    select=_COLUMNS,
    source=f"{_SET} b",
    key="b.budget_id",
    sorts={
        "budget_id": SortKey("b.budget_id", "text"),
        "amount": SortKey("b.amount", "numeric"),
        "created_at": SortKey("b.created_position", "bigint"),
    },
    large=("b.match",),
)
_USES = f"select {_USE_COLUMNS} from {_USED} where key = any(%s::text[])"  # noqa: S608
_PERIODS = f"""select {_USE_COLUMNS} from {_USED} where budget_id = %s
    order by period desc limit {MOST_PERIODS}"""  # noqa: S608
_SPENT = f"""select budget_id, sum(spent) from {_DAYS}
    where budget_id = any(%s::text[]) and day >= %s group by budget_id"""  # noqa: S608
_FIGURES = f"""with used as (
    select b.amount, b.warn_ppm, coalesce(u.held + u.spent, 0) as used
    from {_SET} b left join {_USED} u on u.key = b.budget_id || '/' || case b.period
        when 'day' then %(day)s when 'week' then %(week)s when 'month' then %(month)s
        else %(once)s end
    where not b.removed
)
select count(*), count(*) filter (where used * 1000000 >= amount * warn_ppm),
    count(*) filter (where used >= amount),
    coalesce((select position from projection_checkpoints where projection = '{BUDGETS.key}'), 0)
from used"""  # noqa: S608


def _row(values: Sequence[Any]) -> BudgetRow:
    return BudgetRow(*values[: len(BUDGETS.tables[0].columns)])


def _conditions(filters: BudgetFilter) -> Conditions:
    check_texts(filters)
    conditions = Conditions()
    conditions.add("not b.removed")
    if filters.scope is not None:
        conditions.add("b.scope = %s", filters.scope)
    if filters.match is not None:
        conditions.add("b.match = %s", filters.match)
    return conditions
