"""A system without log and clock: commands are decided by the handlers of the product, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from aia_mas.application import registry
from aia_mas.application.economy.paid_tasks import with_payments
from aia_mas.application.engine.handlers import Handlers, category, merged
from aia_mas.application.engine.working_set import Entry
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.domain.economy.accounts import AIA, AIA_GOV, account_stream, treasury, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.budgets.budget import BudgetState, budget_stream
from aia_mas.domain.economy.budgets.commands import CreateBudget
from aia_mas.domain.economy.budgets.due import CostsDue
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.budgets.terms import BudgetTerms, Scope
from aia_mas.domain.economy.incentives.programs import Programs
from aia_mas.domain.economy.ledger import AccountState
from aia_mas.domain.economy.todo import Happened, OpenOrders, TodoList
from aia_mas.domain.kernel import Context, Decision, Event, Principal, Role
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task import TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import (
    AssignTask,
    CompleteTask,
    FailTask,
    RetryTask,
    StartTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_events import Usage
from aia_mas.domain.orchestration.task_specification import TaskSpecification

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ADMIN = Principal("admin", frozenset({Role.ADMIN}))
OPERATOR = Principal("otto", frozenset({Role.OPERATOR}))
PRICE = 5


def client(name: str) -> Principal:
    return Principal(name, frozenset({Role.CLIENT}))


def terms(amount: int = 100, **changes: Any) -> BudgetTerms:
    said = {"scope": Scope.CLIENT, "match": "alice", "period": Period.DAY, **changes}
    return BudgetTerms(amount=amount, **said)


class Town:
    """What stands in the log, what follows from it, and what is left to do."""

    def __init__(self, balances: dict[str, int] | None = None) -> None:
        self.now = NOW
        self.states: dict[str, Any] = {
            account_stream(account): AccountState(balance=amount)
            for account, amount in (balances or {}).items()
        }
        self.events: list[tuple[str, Event]] = []
        self.lists: dict[str, TodoList] = {
            kind.name: kind() for kind in (OpenOrders, CostsDue, Programs)
        }
        self.prices: dict[str, int] = {}
        self.handlers = self._handlers()

    def known(self, stream: str) -> Entry:
        """Stand in for the working set: everything is in memory."""
        return Entry(stream, self.states.get(stream), 0, "")

    def give(self, command: msgspec.Struct, by: Principal = ADMIN) -> Decision:
        """Carry a command out.

        Raises:
            DomainError: It was refused.
        """
        handler = self.handlers[type(command)]
        placement = None if handler.place is None else handler.place(command)
        command = command if placement is None else placement.command
        states = [None if s is None else self.states.get(s) for s in handler.reads(command)]
        decision = handler.decide(*states, command, Context(self.now, len(self.events), by))
        if decision.refusal is not None:
            assert not decision.events
            raise decision.refusal
        self.happen(decision.events)
        return decision

    def happen(self, events: Iterable[tuple[str, Event]]) -> None:
        for stream, event in events:
            evolve = registry.EVOLVERS[category(stream)]
            self.states[stream] = evolve(self.states.get(stream), event)
            self.events.append((stream, event))
            happened = Happened(len(self.events), stream, event, self.now)
            for each in self.lists.values():
                if type(event) in each.events:
                    each.apply(happened)

    def settle(self) -> int:
        """Do what the settlement has to do, and return how much that was."""
        done = 0
        while works := [w for each in self.lists.values() for w in each.due(self.now, 100)]:
            for work in works:
                before = len(self.events)
                self.give(work.command, SETTLEMENT)
                assert len(self.events) > before, f"{work.work_id} stays due for ever"
                done += 1
        return done

    def restart(self) -> None:
        """Go on with to-do lists that were read from their snapshots."""
        for name, each in self.lists.items():
            pieces = list(at_once(each.snapshot()))
            self.lists[name] = at_once(type(each).restore(pieces))

    def pass_time(self, **span: float) -> None:
        self.now += timedelta(**span)

    # Agents and tasks

    def agent(self, agent_id: str, price: int = PRICE) -> None:
        self.prices[agent_id] = price
        able = Capabilities(cost_per_task=price, max_concurrent_tasks=1_000)
        registered = AgentRegistered(
            capabilities=able, initial_stake=0, owner="dev", registered_at=self.now
        )
        self.happen([(f"agent/{agent_id}", registered)])

    def submit(
        self, task_id: str, by: Principal = ADMIN, *, owner: str = "alice", **spec: Any
    ) -> None:
        said = {"task_type": "analysis", "max_attempts": 1, **spec}
        self.give(SubmitTask(task_id=task_id, spec=TaskSpecification(**said), owner=owner), by)

    def assign(self, task_id: str, agent_id: str) -> None:
        attempt = self.task(task_id).attempt + 1
        assignment = AssignTask(
            task_id=task_id,
            attempt=attempt,
            agent_id=agent_id,
            lease=f"{task_id}-{attempt}",
            lease_seconds=60,
            price=self.prices[agent_id],
        )
        self.give(assignment, system("dispatcher"))

    def start(self, task_id: str, agent_id: str) -> str:
        self.assign(task_id, agent_id)
        lease = self.task(task_id).lease
        assert lease is not None
        self.give(StartTask(task_id=task_id, agent_id=agent_id, lease=lease))
        return lease

    def complete(self, task_id: str, agent_id: str, cost: int | None = None) -> None:
        lease = self.start(task_id, agent_id)
        usage = None if cost is None else Usage(cost=cost)
        self.give(CompleteTask(task_id=task_id, agent_id=agent_id, lease=lease, usage=usage))

    def fail(self, task_id: str, agent_id: str) -> None:
        lease = self.start(task_id, agent_id)
        self.give(FailTask(task_id=task_id, agent_id=agent_id, lease=lease))

    def retry(self, task_id: str, by: Principal = ADMIN) -> None:
        self.give(RetryTask(task_id=task_id), by)

    def pay(self, task_id: str) -> int:
        """Have the settlement pay for a completed task, and return how much that was."""
        agent_id = self.task(task_id).agent_id
        assert agent_id is not None
        before = self.purse(agent_id)[0]
        self.settle()
        return self.purse(agent_id)[0] - before

    # What is asked of it

    def task(self, task_id: str) -> TaskState:
        state: TaskState = self.states[task_stream(task_id)]
        return state

    def budget(self, budget_id: str, said: BudgetTerms | None = None) -> BudgetState:
        """Return a budget; make it when it is said what it says."""
        if said is not None:
            self.give(CreateBudget(budget_id=budget_id, terms=said))
        state: BudgetState = self.states[budget_stream(budget_id)]
        return state

    def account(self, account_id: str) -> AccountState:
        state: AccountState | None = self.states.get(account_stream(account_id))
        return state or AccountState()

    def purse(self, owner: str) -> tuple[int, int]:
        """Return what is in a wallet, and what is held of that."""
        account = self.account(wallet(owner))
        return account.balance, account.held

    def told(self, kind: type[Event]) -> list[str]:
        """Return to whom an event of a kind happened, in order."""
        return [entity_of(stream) for stream, event in self.events if type(event) is kind]

    def _handlers(self) -> Handlers:
        # Any: whatever is asked of a working set here, ``known`` answers.
        known: Any = self
        no_elections: Any = None  # nobody votes here
        no_choice: Callable[[Any], None] = lambda _: None  # noqa: E731
        tasks = orchestration.handlers(active_tasks=lambda _: 0, seat=no_choice, place=no_choice)
        others = registry.others(frozenset({AIA, AIA_GOV}), known, no_elections)
        return merged([*others, with_payments(tasks, known)])


__all__ = ["ADMIN", "NOW", "OPERATOR", "PRICE", "Town", "client", "terms", "treasury", "wallet"]
