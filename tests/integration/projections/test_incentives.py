"""Incentive programs in PostgreSQL: as in memory, as rebuilt, and as promised."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from aia.testing.incentives import MemoryIncentiveBoard
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.registry import event_mapper
from aia_mas.domain.economy.incentives.events import (
    Award,
    AwardsPaid,
    Outcome,
    ProgramCancelled,
    ProgramClosed,
    ProgramOpened,
)
from aia_mas.domain.economy.incentives.terms import Criterion, Payout, ProgramTerms
from aia_mas.domain.kernel.money import ONE
from aia_mas.projections.economy.incentive_view import ProgramStatus
from aia_mas.projections.economy.incentives import IncentiveBoard, ProgramFilter
from aia_mas.projections.economy.incentives_fold import INCENTIVES
from aia_mas.projections.rebuilding import rebuild

from .conftest import Pen, contents, folded
from .histories import Happening

BEGIN = datetime(2026, 2, 20, 12, tzinfo=UTC)


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresEventLog]:
    async with PostgresEventLog(database, event_mapper()).running() as running_log:
        yield running_log


def program(budget_tokens: int = 100, **changes: Any) -> ProgramTerms:
    said: dict[str, Any] = {
        "title": "p",
        "budget": budget_tokens * ONE,
        "starts_at": BEGIN,
        "ends_at": BEGIN + timedelta(days=1),
        "criterion": Criterion.COUNT,
        "payout": Payout.FIXED,
        "amount": ONE,
    }
    return ProgramTerms(**{**said, **changes})


def paid(number: int, total: int, *awards: Award) -> AwardsPaid:
    return AwardsPaid(
        number=number,
        awards=awards,
        paid=total,
        transfer_id=f"incentive:p1:{number}",
        at=BEGIN + timedelta(minutes=number),
    )


PROGRAMS: list[list[Happening]] = [
    [("incentive/p1", ProgramOpened(terms=program(), by="tess", at=BEGIN))],
    [
        (
            "incentive/p2",
            ProgramOpened(
                terms=program(
                    7,
                    starts_at=BEGIN + timedelta(hours=2),
                    criterion=Criterion.QUALITY,
                    min_rating=0.5,
                ),
                by="tess",
                at=BEGIN,
            ),
        )
    ],
    [("incentive/p1", paid(1, 3 * ONE, Award("ann", 2, 2 * ONE), Award("bob", 1, ONE)))],
    [("incentive/p1", paid(2, 4 * ONE, Award("ann", 1, ONE)))],
    [("incentive/p1", ProgramCancelled(reason="r", by="tess", at=BEGIN))],
    [
        (
            "incentive/p1",
            ProgramClosed(outcome=Outcome.CANCELLED, returned=96 * ONE, agents=2, at=BEGIN),
        )
    ],
    [("incentive/p3", ProgramOpened(terms=program(payout=Payout.PRO_RATA), by="t", at=BEGIN))],
]


async def test_programs_are_in_postgresql_as_in_memory_and_as_rebuilt(
    database: str, log: PostgresEventLog, pen: Pen
) -> None:
    tables = await folded(log, database, pen, INCENTIVES, PROGRAMS)
    memory, board = MemoryIncentiveBoard(tables, lambda: 0), IncentiveBoard(log.pool)

    for now in (BEGIN, BEGIN + timedelta(hours=3), BEGIN + timedelta(days=2)):
        for name in ("p1", "p2", "p3", "p4"):
            assert (await board.find(name, now)).item == (await memory.find(name, now)).item
        for status in ((), *((each,) for each in ProgramStatus)):
            filters = ProgramFilter(status=status)
            assert (await board.list(now, filters)).items == (await memory.list(now, filters)).items
            assert await board.count(now, filters) == await memory.count(now, filters)
        ids = [each.program_id for each in (await board.list(now, sort="-budget")).items]
        assert ids == ["p3", "p1", "p2"]
    payments = await board.payments("p1")
    assert [(each.agent_id, each.awards, each.amount) for each in payments] == [
        ("ann", 1, "1"),
        ("ann", 2, "2"),
        ("bob", 1, "1"),
    ]
    assert payments == await memory.payments("p1")
    shown = (await board.find("p1", BEGIN)).item
    assert shown is not None
    assert (shown.status, shown.paid, shown.returned, shown.awards) == ("closed", "4", "96", 4)
    before = await contents(database, INCENTIVES)
    await rebuild(INCENTIVES, log, database)
    assert await contents(database, INCENTIVES) == before


@pytest.mark.parametrize(
    "last",
    [
        paid(1, 101 * ONE, Award("ann", 1, 101 * ONE)),
        ProgramClosed(outcome=Outcome.ENDED, returned=99 * ONE, at=BEGIN),
    ],
)
async def test_a_program_over_its_budget_stops_the_read_model(
    database: str, log: PostgresEventLog, pen: Pen, last: Any
) -> None:
    await pen.write_all([PROGRAMS[0], [("incentive/p1", last)]])

    with pytest.raises(Exception, match="check constraint"):
        await rebuild(INCENTIVES, log, database)
