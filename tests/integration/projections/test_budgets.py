"""Budgets and incentive programs in PostgreSQL: as in memory, as rebuilt, and as promised."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from aia.testing.budgets import MemoryBudgetBoard
from aia.testing.incentives import MemoryIncentiveBoard
from aia.testing.tables import Tables
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.application.registry import EVENTS
from aia_mas.domain.economy.budgets import budget
from aia_mas.domain.economy.budgets.budget import budget_stream
from aia_mas.domain.economy.budgets.counting import Budgets
from aia_mas.domain.economy.budgets.errors import BudgetExhausted
from aia_mas.domain.economy.budgets.events import BudgetHeld, BudgetRemoved, BudgetSet
from aia_mas.domain.economy.budgets.periods import Period, period_at
from aia_mas.domain.economy.budgets.telling import told
from aia_mas.domain.economy.budgets.terms import BudgetTerms, Scope
from aia_mas.domain.economy.incentives.events import (
    Award,
    AwardsPaid,
    Outcome,
    ProgramCancelled,
    ProgramClosed,
    ProgramOpened,
)
from aia_mas.domain.economy.incentives.terms import Criterion, Payout, ProgramTerms
from aia_mas.domain.kernel import Context, Event, Principal
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.cost_hold import CostHold
from aia_mas.interfaces.realtime.budget_facts import BUDGETS as TOPIC
from aia_mas.interfaces.realtime.selection import EVERYTHING, Selection
from aia_mas.projections.economy.budget_items import BUDGET_ITEMS
from aia_mas.projections.economy.budgets import BudgetBoard, BudgetFilter
from aia_mas.projections.economy.budgets_fold import BUDGETS
from aia_mas.projections.economy.incentive_view import ProgramStatus
from aia_mas.projections.economy.incentives import IncentiveBoard, ProgramFilter
from aia_mas.projections.economy.incentives_fold import INCENTIVES
from aia_mas.projections.rebuilding import rebuild
from aia_mas.projections.snapshot_reading import Reading, reading
from aia_mas.projections.table import Projection

from .conftest import PATIENCE, Pen, contents, runner, running
from .histories import Happening

BEGIN = datetime(2026, 2, 20, 12, tzinfo=UTC)
NAMES = [f"b{number}" for number in range(8)]


@pytest.fixture
async def log(database: str) -> AsyncIterator[PostgresEventLog]:
    async with PostgresEventLog(database, EventMapper(EVENTS)).running() as running_log:
        yield running_log


@pytest.fixture
def pen(log: PostgresEventLog) -> Pen:
    return Pen(log)


class Spending:
    """What happens to budgets when tasks are submitted, paid and called off, for some weeks."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = BEGIN
        self.states: dict[str, Any] = {budget_stream(name): None for name in NAMES}
        self.open: list[tuple[str, CostHold]] = []
        self.count = 0

    def step(self) -> list[Happening]:
        self.now += timedelta(hours=self.random.randint(0, 30), seconds=1)
        act = self.random.choice([self.set, self.submit, self.submit, self.end, self.end])
        happenings = act()
        for stream, event in happenings:
            self.states[stream] = budget.evolve(self.states[stream], event)
        return happenings

    def set(self) -> list[Happening]:
        name = self.random.choice(NAMES)
        state = self.states[budget_stream(name)]
        if state is not None and not state.removed and self.random.random() < 0.3:
            return [(budget_stream(name), BudgetRemoved(by="t", at=self.now))]
        revision = 1 if state is None else state.revision + 1
        kinds = list(Period)
        terms = BudgetTerms(
            scope=Scope.TAG if state is None else state.terms.scope,
            match=f"m{len(name) % 3}" if state is None else state.terms.match,
            amount=self.random.randint(1, 900) * ONE // 7,
            period=self.random.choice(kinds) if state is None else state.terms.period,
            warn_ppm=self.random.choice([500_000, 800_000]),
            hard=self.random.random() < 0.5,
        )
        changed = BudgetSet(terms=terms, revision=revision, by="t", at=self.now)
        events: list[Event] = [changed]
        if state is not None:
            ctx = Context(self.now, 0, Principal("t"))
            period = period_at(terms.period, self.now)
            events += told(terms, period, state.use_of(period).used, ctx)
        return [(budget_stream(name), event) for event in events]

    def submit(self) -> list[Happening]:
        budgets = Budgets(self.states, Context(self.now, 0, Principal("alice")))
        self.count += 1
        some = tuple(sorted(self.random.sample(NAMES, 3)))
        hold = CostHold(
            transfer_id=f"task:t{self.count}",
            payer="alice",
            amount=self.random.randint(1, 60) * ONE // 3,
            budgets=budgets.shares(some),
        )
        try:
            budgets.hold(f"t{self.count}", hold)
        except BudgetExhausted:
            return []
        self.open.append((f"t{self.count}", hold))
        return budgets.events

    def end(self) -> list[Happening]:
        if not self.open:
            return []
        task_id, hold = self.open.pop(self.random.randrange(len(self.open)))
        budgets = Budgets(self.states, Context(self.now, 0, Principal("settlement")))
        if self.random.random() < 0.3:
            budgets.release(task_id, hold)
        else:
            budgets.spend(task_id, hold, self.random.randint(1, hold.amount))
        return budgets.events


async def folded(
    log: PostgresEventLog,
    database: str,
    pen: Pen,
    projection: Projection,
    steps: Sequence[Sequence[Happening]],
) -> Tables:
    """Fold steps into PostgreSQL, and what stands in the log then into memory."""
    live = runner(log, database, projection)
    async with running(live.run):
        head = await pen.write_all([step for step in steps if step])
        assert await live.progress.reached(head, PATIENCE)
    tables = Tables(projection)
    for recorded in await log.read(0, 100_000):
        tables.apply(recorded)
    return tables


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
