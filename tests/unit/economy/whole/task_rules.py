"""Tasks are paid for out of budgets, worked on, lost, rated and retried."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition

from aia_mas.domain.economy.budgets.commands import RemoveBudget, SetBudget
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.budgets.terms import BudgetTerms, Scope
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.task_commands import (
    CancelTask,
    CompleteTask,
    ExpireTask,
    FailTask,
    RateTask,
    ReleaseTask,
    RetryTask,
    StartTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_events import Usage
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

from .basis import CLIENTS, DEADLINES, WAYS, Basis, costs, rule


class TaskRules(Basis):
    """Whatever happens to tasks and budgets."""

    @rule(
        which=st.sampled_from(["b0", "b1", "b2", "b3"]),
        amount=st.sampled_from([20 * ONE, 100 * ONE, 1_000 * ONE]),
        hard=st.booleans(),
        remove=st.booleans(),
    )
    def budget(self, which: str, amount: int, hard: bool, remove: bool) -> None:
        if remove and which in self.plain.budgets:
            assert self.give(RemoveBudget(budget_id=which))
            return
        scope, match, period = {
            "b0": (Scope.CLIENT, "pat", Period.DAY),
            "b1": (Scope.OWNER, "pat", Period.ONCE),
            "b2": (Scope.TAG, "red", Period.DAY),
            "b3": (Scope.OWNER, "ann", Period.DAY),
        }[which]
        terms = BudgetTerms(scope=scope, match=match, amount=amount, period=period, hard=hard)
        assert self.give(SetBudget(budget_id=which, terms=terms))

    @rule(
        owner=st.sampled_from(CLIENTS),
        payer=st.sampled_from([None, None, "pat", "pat", "quin", "ann"]),
        most=costs,
        tags=st.sampled_from([(), (), ("red",)]),
        attempts=st.integers(1, 2),
        seconds=st.none() | st.sampled_from([30, 3_600]),
        draw=st.randoms(use_true_random=False),
        cost=st.none() | costs,
        took=st.sampled_from([0, 0, 200, 400]),
        done=st.booleans(),
    )
    def submit(
        self, draw: random.Random, cost: int | None, took: int, done: bool, **terms: Any
    ) -> None:
        """Submit some tasks, and perhaps have them worked on at once."""
        for _ in range(draw.randint(1, 3)):
            self.submit_one(**terms)
        if done:
            self.work_some(draw, 5, cost, took)

    def submit_one(
        self,
        owner: str,
        payer: str | None,
        most: int,
        tags: tuple[str, ...],
        attempts: int,
        seconds: int | None,
    ) -> None:
        task_id = f"k{len(self.tasks)}"
        deadline = None if seconds is None else self.market.now + timedelta(seconds=seconds)
        spec = TaskSpecification(
            task_type="t",
            payer=payer,
            max_cost=most if payer else None,
            cost_tags=tags,
            max_attempts=attempts,
            backoff_base_seconds=0.0,
            backoff_jitter=0.0,
            deadline=deadline,
        )
        wanted = payer is None or self.plain.affordable(owner, payer, tags, most)
        assert wanted == self.give(SubmitTask(task_id=task_id, spec=spec, owner=owner))
        if wanted:
            self.tasks.append(task_id)
            self.specs[task_id] = spec

    @rule()
    def assign(self) -> None:
        self.market.assign()

    @precondition(lambda self: self.tasks)
    @rule(
        draw=st.randoms(use_true_random=False),
        most=st.integers(1, 5),
        cost=st.none() | costs,
        seconds=st.sampled_from([0, 0, 200, 400]),
    )
    def work(self, draw: random.Random, most: int, cost: int | None, seconds: int) -> None:
        self.work_some(draw, most, cost, seconds)

    def work_some(self, draw: random.Random, most: int, cost: int | None, seconds: int) -> None:
        self.market.assign()
        self.later(seconds)
        live = [each for each in self.tasks if self.task(each).live]
        for task_id in draw.sample(live, min(most, len(live))):
            self.work_on(task_id, draw.choice(WAYS), cost)
            if self.task(task_id).status is TaskStatus.COMPLETED and draw.random() < 0.3:
                assert self.give(RateTask(task_id=task_id, rating=draw.random()))

    def work_on(self, task_id: str, how: str, cost: int | None) -> None:
        state = self.task(task_id)
        agent_id, lease = state.agent_id, state.lease
        assert agent_id is not None and lease is not None
        mine = {"task_id": task_id, "agent_id": agent_id, "lease": lease}
        if how == "lose":
            reason = ReleaseReason.LEASE_EXPIRED
            lost = ReleaseTask(task_id=task_id, attempt=state.attempt, reason=reason)
            assert self.give(lost, DEADLINES)
            assert not self.give(CompleteTask(**mine)), "lost and done"
            return
        assert self.give(StartTask(**mine))
        if how == "complete":
            usage = None if cost is None else Usage(cost=cost)
            assert self.give(CompleteTask(**mine, usage=usage))
        elif how == "fail":
            assert self.give(FailTask(**mine))

    @precondition(lambda self: self.tasks)
    @rule(
        data=st.data(),
        how=st.sampled_from(["cancel", "retry", "retry", "rate", "rate", "expire"]),
        rating=st.floats(0, 1),
    )
    def dispose(self, data: st.DataObject, how: str, rating: float) -> None:
        fits = {
            "cancel": lambda s: s.unfinished,
            "retry": lambda s: not s.unfinished,
            "rate": lambda s: s.status is TaskStatus.COMPLETED,
            "expire": lambda s: s.unfinished,
        }[how]
        found = [each for each in self.tasks if fits(self.task(each))]
        if not found:
            return
        task_id = data.draw(st.sampled_from(found))
        command: Any = {
            "cancel": CancelTask(task_id=task_id),
            "retry": RetryTask(task_id=task_id),
            "rate": RateTask(task_id=task_id, rating=rating),
            "expire": ExpireTask(task_id=task_id),
        }[how]
        accepted = self.give(command, DEADLINES if how == "expire" else None)
        assert accepted or how != "cancel"
