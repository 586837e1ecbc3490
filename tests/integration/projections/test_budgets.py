"""Budgets in PostgreSQL: as in memory, as rebuilt, and as promised."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import msgspec
import pytest

from aia.testing.budgets import MemoryBudgetBoard
from aia.testing.tables import Tables
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.registry import event_mapper
from aia_mas.domain.economy.budgets.budget import budget_stream
from aia_mas.domain.economy.budgets.events import BudgetHeld, BudgetSet
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.budgets.terms import BudgetTerms, Scope
from aia_mas.interfaces.realtime.budget_facts import BUDGETS as TOPIC
from aia_mas.interfaces.realtime.selection import EVERYTHING, Selection
from aia_mas.projections.economy.budget_items import BUDGET_ITEMS
from aia_mas.projections.economy.budgets import BudgetBoard, BudgetFilter
from aia_mas.projections.economy.budgets_fold import BUDGETS
from aia_mas.projections.rebuilding import rebuild
from aia_mas.projections.snapshot_reading import Reading, reading

from .budget_histories import BEGIN, NAMES, Spending
from .conftest import Pen, contents, folded


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresEventLog]:
    async with PostgresEventLog(database, event_mapper()).running() as running_log:
        yield running_log


@pytest.mark.parametrize("seed", [1, 2])
async def test_budgets_are_in_postgresql_as_in_memory_and_as_rebuilt(
    database: str, log: PostgresEventLog, pen: Pen, seed: int
) -> None:
    spending = Spending(seed)
    steps = [spending.step() for _ in range(400)]
    tables = await folded(log, database, pen, BUDGETS, steps)
    memory, board = MemoryBudgetBoard(tables, lambda: 0), BudgetBoard(log.pool)
    now = spending.now

    for name in NAMES:
        stored, remembered = await board.find(name, now), await memory.find(name, now)
        assert stored.item == remembered.item
    for sort in ("budget_id", "-amount", "created_at"):
        for filters in (BudgetFilter(), BudgetFilter(scope="tag", match="m2")):
            stored_page = await board.list(now, filters, sort, limit=3)
            kept_page = await memory.list(now, filters, sort, limit=3)
            assert stored_page.items == kept_page.items
            if stored_page.next_cursor is not None:
                more = await board.list(now, filters, sort, stored_page.next_cursor, 3)
                rest = await memory.list(now, filters, sort, kept_page.next_cursor, 3)
                assert more.items == rest.items
    assert await board.count() == await memory.count() > 0
    figures, kept = await board.figures(now), await memory.figures(now)
    assert msgspec.structs.replace(figures, position=0) == kept

    before = await contents(database, BUDGETS)
    await rebuild(BUDGETS, log, database)
    assert await contents(database, BUDGETS) == before
    assert len(before["budgets_v1_uses"]) > 10


class Watcher:
    """Somebody who was told of a snapshot, and then of facts alone."""

    def __init__(self, items: Sequence[dict[str, Any]]) -> None:
        self.known = {item["budget_id"]: dict(item) for item in items}

    def hear(self, fact: dict[str, Any]) -> None:
        known = self.known.setdefault(fact["budget_id"], {"period": None, **NOTHING_USED})
        if "period" in fact and fact["period"] != known["period"]:
            if known["period"] is not None and fact["period"] < known["period"]:
                return  # the end of what was submitted in a period that is over
            known |= {"status": "active", **NOTHING_USED}
        known |= {name: value for name, value in fact.items() if name in WATCHED}


NOTHING_USED = {"held": "0", "spent": "0", "used": "0"}
WATCHED = {
    "budget_id", "status", "scope", "match", "amount", "hard_stop", "period", *NOTHING_USED,
}  # fmt: skip
STATUSES = frozenset({"active", "warned", "exceeded", "removed"})


async def listed(opened: AbstractAsyncContextManager[Reading]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    async with opened as reading_:
        while page := await reading_.next():
            items += [msgspec.json.decode(item) for item in page]
    return items


@pytest.mark.parametrize("seed", [3, 4])
async def test_a_snapshot_and_the_facts_behind_it_tell_how_budgets_stand(
    database: str, log: PostgresEventLog, pen: Pen, seed: int
) -> None:
    spending = Spending(seed)
    steps = [spending.step() for _ in range(300)]
    stored = await folded(log, database, pen, BUDGETS, steps)
    tables = Tables(BUDGETS)
    memory = MemoryBudgetBoard(tables, lambda: 0)
    everything = Selection(statuses=STATUSES)
    watchers: list[Watcher] = []
    seen: set[str] = set()
    for recorded in await log.read(0, 100_000):
        tables.apply(recorded)
        name, budget_id = recorded.topic.rpartition(".")[0], recorded.stream.partition("/")[2]
        fact = msgspec.to_builtins(TOPIC.describe(name, budget_id, recorded)[0])
        items = await listed(memory.snapshot(everything, 100))
        for watcher in watchers:
            watcher.hear(fact)
            for item in items:
                said = {field: item[field] for field in WATCHED}
                assert {
                    field: watcher.known[item["budget_id"]].get(field) for field in WATCHED
                } == said
        seen |= {item["status"] for item in items}
        if recorded.position % 40 == 0:
            watchers.append(Watcher(items))
    assert seen == STATUSES

    board = MemoryBudgetBoard(stored, lambda: 0)
    for wanted in (
        EVERYTHING,
        everything,
        *(Selection(statuses=frozenset({status})) for status in sorted(STATUSES)),
        Selection(statuses=STATUSES, agent_ids=frozenset({"b1"})),
        Selection(task_ids=frozenset({"t1"})),
        Selection(proposal_ids=frozenset({"b1"})),
    ):
        items = await listed(reading(database, BUDGET_ITEMS, wanted, 100))
        assert items == await listed(board.snapshot(wanted, 100))
    assert await listed(reading(database, BUDGET_ITEMS, EVERYTHING, 2)) == await listed(
        board.snapshot(EVERYTHING, 2)
    )


@pytest.mark.parametrize(
    "event",
    [
        BudgetHeld(
            task_id="t", transfer_id="x", period="once", amount=1, held=-1, spent=0, at=BEGIN
        ),
        BudgetSet(
            terms=BudgetTerms(scope=Scope.TAG, match="m", amount=0, period=Period.DAY, warn_ppm=1),
            revision=1,
            by="t",
            at=BEGIN,
        ),
    ],
)
async def test_what_cannot_be_stops_the_read_model(
    database: str, log: PostgresEventLog, pen: Pen, event: Any
) -> None:
    await pen.write((budget_stream("b1"), event))

    with pytest.raises(Exception, match="check constraint"):
        await rebuild(BUDGETS, log, database)
