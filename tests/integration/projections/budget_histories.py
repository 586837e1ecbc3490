"""What happens to budgets, to be folded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from aia_mas.domain.economy.budgets import budget
from aia_mas.domain.economy.budgets.budget import budget_stream
from aia_mas.domain.economy.budgets.counting import Budgets
from aia_mas.domain.economy.budgets.errors import BudgetExhausted
from aia_mas.domain.economy.budgets.events import BudgetRemoved, BudgetSet
from aia_mas.domain.economy.budgets.periods import Period, period_at
from aia_mas.domain.economy.budgets.telling import told
from aia_mas.domain.economy.budgets.terms import BudgetTerms, Scope
from aia_mas.domain.kernel import Context, Event, Principal
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.cost_hold import CostHold

from .histories import Happening

BEGIN = datetime(2026, 2, 20, 12, tzinfo=UTC)
NAMES = [f"b{number}" for number in range(8)]


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
