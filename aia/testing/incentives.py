"""Incentive programs in memory: the queries of ``IncentiveBoard`` over rows of the same fold."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from fractions import Fraction

from aia.testing.pages import Order, page_of
from aia.testing.tables import Tables
from aia_mas.projections.economy.incentive_rows import ProgramRow
from aia_mas.projections.economy.incentive_view import (
    IncentiveProgram,
    Payment,
    payments_of,
    program_of,
)
from aia_mas.projections.economy.incentives import ProgramFilter
from aia_mas.projections.listing import Found, Page, check_texts


class MemoryIncentiveBoard:
    """Answers as ``IncentiveBoard`` does."""

    def __init__(self, tables: Tables, position: Callable[[], int]) -> None:
        """Read the tables of incentive programs (``position``: how far they have come)."""
        self._tables = tables
        self._position = position

    async def find(self, program_id: str, now: datetime) -> Found[IncentiveProgram]:
        """Return a program as it is now."""
        row: ProgramRow | None = self._tables.rows[0].get(program_id)
        return Found(None if row is None else program_of(row, now), self._position())

    async def payments(self, program_id: str) -> Sequence[Payment]:
        """Return what a program paid, the latest first."""
        rows = [row for row in self._tables.rows[1].values() if row.program_id == program_id]
        return payments_of(sorted(rows, key=lambda row: row.number, reverse=True))

    async def list(
        self,
        now: datetime,
        filters: ProgramFilter = ProgramFilter(),  # noqa: B008 - immutable
        sort: str = "-opened_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[IncentiveProgram]:
        """Return one page of programs; see ``IncentiveBoard.list``."""
        return page_of(
            self._chosen(now, filters),
            lambda row: program_of(row, now),
            _ORDERS,
            lambda row: row.program_id,
            sort=sort,
            cursor=cursor,
            limit=limit,
            position=self._position(),
        )

    async def count(
        self,
        now: datetime,
        filters: ProgramFilter = ProgramFilter(),  # noqa: B008 - immutable
    ) -> int:
        """Return how many programs there are."""
        return sum(1 for _ in self._chosen(now, filters))

    def _chosen(self, now: datetime, filters: ProgramFilter) -> Iterator[ProgramRow]:
        check_texts(filters)
        for row in self._tables.rows[0].values():
            if (
                (not filters.status or program_of(row, now).status in filters.status)
                and filters.criterion in {None, row.criterion}
                and filters.token in {None, row.token}
            ):
                yield row


_ORDERS = {
    "program_id": Order(lambda row: str(row.program_id), str),
    "opened_at": Order(lambda row: Fraction(row.opened_position)),
    "ends_at": Order(lambda row: Fraction(row.ends_at.timestamp())),
    "budget": Order(lambda row: Fraction(row.budget)),
}
