"""Any story of budgets and paid tasks: wallets and budgets are what a plain account of it says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
)

from aia_mas.domain.economy.budgets.commands import RemoveBudget, SetBudget
from aia_mas.domain.economy.budgets.periods import Period, span_of
from aia_mas.domain.economy.budgets.terms import BudgetTerms, Scope
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.orchestration.task_commands import CancelTask

from .town import NOW, Town, wallet

OWNERS = ("alice", "bob")
AGENTS = ("worker", "alice")
TAGS = ("x", "y")
MONEY = 200


class Open(msgspec.Struct):
    """A budget as it was set last."""

    terms: BudgetTerms
    removed: bool = False


class Paid(msgspec.Struct):
    """One round of attempts that somebody pays for (``owed``: once it is settled)."""

    task: str
    payer: str
    amount: int
    at: datetime
    budgets: frozenset[str]
    state: str = "held"
    owed: int = 0
    cost: int = 0


def within(terms: BudgetTerms, at: datetime, now: datetime) -> bool:
    """Tell whether two times are in one period of a budget, by the calendar alone."""
    match terms.period:
        case Period.ONCE:
            return True
        case Period.DAY:
            return at.date() == now.date()
        case Period.WEEK:
            return at.isocalendar()[:2] == now.isocalendar()[:2]
        case _:
            return (at.year, at.month) == (now.year, now.month)


class BudgetMachine(RuleBasedStateMachine):
    """Rounds of attempts, one by one, against the sums that follow from them."""

    tasks: Bundle[str] = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.town = Town({wallet(owner): MONEY for owner in OWNERS})
        for agent in AGENTS:
            self.town.agent(agent)
        self.budgets: dict[str, Open] = {}
        self.rounds: list[Paid] = []
        self.ended: list[Paid] = []
        self.earner: dict[int, str] = {}
        self.count = 0

    def used(self, name: str, at: datetime) -> tuple[int, int]:
        """Return what is held and spent of a budget in the period of a time."""
        terms = self.budgets[name].terms
        mine = [r for r in self.rounds if name in r.budgets and within(terms, r.at, at)]
        held = sum(each.amount for each in mine if each.state == "held")
        return held, sum(each.cost for each in mine)

    def held_by(self, owner: str) -> int:
        return sum(r.amount for r in self.rounds if r.payer == owner and r.state == "held")

    def balance(self, owner: str) -> int:
        paid = sum(r.cost for r in self.rounds if r.payer == owner)
        earned = sum(r.cost for r in self.rounds if self.earner.get(id(r)) == owner)
        return (MONEY if owner in OWNERS else 0) - paid + earned

    @rule(
        name=st.sampled_from(["b1", "b2", "b3"]),
        scope=st.sampled_from(Scope),
        amount=st.integers(1, 150),
        period=st.sampled_from(Period),
        hard=st.booleans(),
        pick=st.integers(0, 1),
    )
    def set_budget(
        self, name: str, scope: Scope, amount: int, period: Period, hard: bool, pick: int
    ) -> None:
        match = (TAGS if scope is Scope.TAG else OWNERS)[pick]
        known = self.budgets.get(name)
        if known is not None and known.removed and known.terms.period != period:
            return  # what was used under other terms is not what this model adds up
        if known is not None and not known.removed:
            scope, match, period = known.terms.scope, known.terms.match, known.terms.period
        said = BudgetTerms(
            scope=scope, match=match, amount=amount, period=period, hard=hard, warn_ppm=800_000
        )
        self.town.give(SetBudget(budget_id=name, terms=said))
        self.budgets[name] = Open(said)

    @rule(name=st.sampled_from(["b1", "b2", "b3"]))
    def remove_budget(self, name: str) -> None:
        known = self.budgets.get(name)
        if known is not None and not known.removed:
            self.town.give(RemoveBudget(budget_id=name))
            known.removed = True

    @rule(
        target=tasks,
        owner=st.sampled_from(OWNERS),
        payer=st.sampled_from(OWNERS),
        amount=st.integers(1, 90),
        tags=st.sets(st.sampled_from(TAGS)).map(lambda chosen: tuple(sorted(chosen))),
        attempts=st.integers(1, 2),
    )
    def submit(
        self, owner: str, payer: str, amount: int, tags: tuple[str, ...], attempts: int
    ) -> Any:
        self.count += 1
        task = f"t{self.count}"
        spec = {"payer": payer, "max_cost": amount, "cost_tags": tags, "max_attempts": attempts}
        accepted = self.round(
            task, owner, payer, amount, tags, lambda: self.town.submit(task, owner=owner, **spec)
        )
        return task if accepted else multiple()

    @rule(task=tasks)
    def retry(self, task: str) -> None:
        state = self.town.task(task)
        if state.status not in {"dead", "cancelled"}:
            return
        last = self.last(task)
        was = last.state
        last.state = "over"  # it is let go in the same commit
        accepted = self.round(
            task,
            state.owner,
            last.payer,
            last.amount,
            state.terms.cost_tags,
            lambda: self.town.retry(task),
        )
        if not accepted:
            last.state = was

    def round(
        self, task: str, owner: str, payer: str, amount: int, tags: tuple[str, ...], act: Any
    ) -> bool:
        """Do what holds money, and tell whether it came through, as it should."""
        keys = {(Scope.CLIENT, owner), (Scope.OWNER, payer), *((Scope.TAG, tag) for tag in tags)}
        counts = frozenset(
            name
            for name, known in self.budgets.items()
            if not known.removed and known.terms.key in keys
        )
        exhausted = any(
            self.budgets[name].terms.hard
            and sum(self.used(name, self.town.now)) + amount > self.budgets[name].terms.amount
            for name in counts
        )
        poor = self.balance(payer) - self.held_by(payer) < amount
        expected = None
        if poor:
            expected = "insufficient_funds"
        elif exhausted:
            expected = "budget_exhausted"
        code = None
        try:
            act()
        except DomainError as error:
            code = error.code
        assert code == expected
        if code is not None:
            return False
        self.rounds.append(Paid(task, payer, amount, self.town.now, counts))
        return True

    def last(self, task: str) -> Paid:
        return next(each for each in reversed(self.rounds) if each.task == task)

    @rule(task=tasks, agent=st.sampled_from(AGENTS), cost=st.none() | st.integers(1, 120))
    def complete(self, task: str, agent: str, cost: int | None) -> None:
        if self.town.task(task).status != "queued":
            return
        self.town.complete(task, agent, cost)
        last = self.last(task)
        price = self.town.prices[agent] if cost is None else cost
        last.owed = 0 if agent == last.payer else min(price, last.amount)
        self.earner[id(last)] = agent
        self.ended.append(last)

    @rule(task=tasks)
    def fail(self, task: str) -> None:
        state = self.town.task(task)
        if state.status == "queued":
            self.town.fail(task, "worker")
            if self.town.task(task).status == "dead":
                self.ended.append(self.last(task))

    @rule(task=tasks)
    def cancel(self, task: str) -> None:
        if self.town.task(task).status == "queued":
            self.town.give(CancelTask(task_id=task))
            self.ended.append(self.last(task))

    @rule()
    def settle(self) -> None:
        self.town.settle()
        for each in self.ended:
            if each.state == "held":
                each.state, each.cost = "over", each.owed
        self.ended.clear()

    @rule(hours=st.sampled_from([1, 13, 24, 24 * 8, 24 * 32]))
    def pass_time(self, hours: int) -> None:
        self.town.pass_time(hours=hours)

    @precondition(lambda self: self.rounds)
    @rule()
    def restart(self) -> None:
        self.town.restart()

    @invariant()
    def wallets_are_what_was_held_and_paid(self) -> None:
        for owner in {*OWNERS, *AGENTS}:
            assert self.town.purse(owner) == (self.balance(owner), self.held_by(owner))
        assert sum(self.town.purse(owner)[0] for owner in {*OWNERS, *AGENTS}) == 2 * MONEY

    @invariant()
    def budgets_are_what_was_held_and_spent(self) -> None:
        for name in self.budgets:
            for use in self.town.budget(name).uses:
                span = span_of(use.period)
                at = NOW if span is None else span.begin
                assert (use.held, use.spent) == self.used(name, at)

    def teardown(self) -> None:
        for each in self.rounds:
            if self.town.task(each.task).status == "queued":
                self.town.give(CancelTask(task_id=each.task))
        self.town.settle()
        assert all(self.town.purse(owner)[1] == 0 for owner in OWNERS)
        assert all(use.held == 0 for name in self.budgets for use in self.town.budget(name).uses)


TestBudgets = BudgetMachine.TestCase
