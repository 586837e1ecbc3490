"""Incentive programs: what the API shows of them, one by one and in lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from aia_mas.application.event_log.connections import Pool
from aia_mas.projections.economy.incentive_rows import PaymentRow, ProgramRow
from aia_mas.projections.economy.incentive_view import (
    MOST_PAYOUTS,
    IncentiveProgram,
    Payment,
    ProgramStatus,
    payments_of,
    program_of,
)
from aia_mas.projections.economy.incentives_fold import INCENTIVES
from aia_mas.projections.listing import Conditions, Found, Listing, Page, SortKey, check_texts


class ProgramFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which programs are listed; empty fields do not restrict (see ``IncentiveProgram``)."""

    status: tuple[ProgramStatus, ...] = ()
    criterion: str | None = None
    token: str | None = None


class IncentiveQueries(Protocol):
    """Queries about incentive programs; see ``IncentiveBoard``."""

    async def find(self, program_id: str, now: datetime) -> Found[IncentiveProgram]:
        """Return a program as it is now."""
        ...

    async def payments(self, program_id: str) -> Sequence[Payment]:
        """Return what a program paid, the latest first."""
        ...

    async def list(
        self,
        now: datetime,
        filters: ProgramFilter = ...,
        sort: str = "-opened_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[IncentiveProgram]:
        """Return one page of programs as they are now."""
        ...

    async def count(self, now: datetime, filters: ProgramFilter = ...) -> int:
        """Return how many programs there are."""
        ...


class IncentiveBoard:
    """Reads the programs; ``ProjectionHost`` keeps them up to date."""

    def __init__(self, pool: Pool) -> None:
        """Read through a pool."""
        self._pool = pool

    async def find(self, program_id: str, now: datetime) -> Found[IncentiveProgram]:
        """Return a program as it is now; None: there is none."""
        values, position = await _LISTING.one(self._pool, program_id)
        return Found(None if values is None else program_of(_row(values), now), position)

    async def payments(self, program_id: str) -> Sequence[Payment]:
        """Return what a program paid, the latest first, at most ``MOST_PAYOUTS``."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_PAYMENTS, (program_id,))).fetchall()
        return payments_of([PaymentRow(*row) for row in rows])

    async def list(
        self,
        now: datetime,
        filters: ProgramFilter = ProgramFilter(),  # noqa: B008 - immutable
        sort: str = "-opened_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[IncentiveProgram]:
        """Return one page of programs.

        Args:
            now: The time, UTC.
            filters: Which ones.
            sort: program_id, opened_at, ends_at or budget; ``-`` before it: the latest, or
                largest, first.
            cursor: That of the page before.
            limit: At most so many, 1..500.

        Raises:
            InvalidValue: Unknown sort order, foreign cursor, limit or filter out of bounds.
        """
        rows, following, position = await _LISTING.page(
            self._pool, _conditions(filters, now), sort=sort, cursor=cursor, limit=limit
        )
        return Page([program_of(_row(row), now) for row in rows], following, position)

    async def count(
        self,
        now: datetime,
        filters: ProgramFilter = ProgramFilter(),  # noqa: B008 - immutable
    ) -> int:
        """Return how many programs there are."""
        return await _LISTING.count(self._pool, _conditions(filters, now))


_PROGRAMS, _PAID = INCENTIVES.table_names()
_NAMES = INCENTIVES.tables[0].columns
_LISTING = Listing(
    INCENTIVES,
    select=", ".join("p.terms::text" if name == "terms" else f"p.{name}" for name in _NAMES),
    source=f"{_PROGRAMS} p",
    key="p.program_id",
    sorts={
        "program_id": SortKey("p.program_id", "text"),
        "opened_at": SortKey("p.opened_position", "bigint"),
        "ends_at": SortKey("p.ends_at", "timestamptz"),
        "budget": SortKey("p.budget", "numeric"),
    },
    large=("p.terms", "p.reason"),
)
_PAYMENTS = f"""select {
    ", ".join("awards::text" if name == "awards" else name for name in INCENTIVES.tables[1].columns)
} from {_PAID} where program_id = %s order by number desc limit {MOST_PAYOUTS}"""  # noqa: S608
_STATUS = """case when p.outcome is not null then 'closed'
    when p.cancelled_at is not null or p.ends_at <= %s then 'ending'
    when p.starts_at > %s then 'scheduled' else 'running' end"""


def _row(values: Sequence[Any]) -> ProgramRow:
    return ProgramRow(*values[: len(_NAMES)])


def _conditions(filters: ProgramFilter, now: datetime) -> Conditions:
    check_texts(filters)
    conditions = Conditions()
    if filters.status:
        conditions.add(f"{_STATUS} = any(%s)", now, now, list(filters.status))
    if filters.criterion is not None:
        conditions.add("p.criterion = %s", filters.criterion)
    if filters.token is not None:
        conditions.add("p.token = %s", filters.token)
    return conditions
