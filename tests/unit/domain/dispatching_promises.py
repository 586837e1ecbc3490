"""What is promised of the dispatcher's fold, whatever happens."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis.stateful import invariant

from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.requirement import signature_of, suitability
from aia_mas.domain.orchestration.task_specification import (
    TaskSpecification,
)
from aia_mas.domain.orchestration.task_status import TaskStatus

from .dispatching_ledger import Ledger, count_of
from .fleets import held_by


class Promises(Ledger):
    """Compares the fold with the ledger."""

    def check_choice(self, planned: PlannedAssignment, spec: TaskSpecification | None) -> None:
        state = self.agents[planned.agent_id]
        terms = spec if spec is not None else self.tasks[planned.task_id].terms
        signature = signature_of(terms.task_type, terms.requirements, terms.max_cost)
        assert state.assignable
        assert suitability(signature, planned.agent_id, state.capabilities)
        assert planned.price == state.capabilities.cost_per_task
        assert self.load(planned.agent_id) <= state.capabilities.max_concurrent_tasks
        for name, _ in signature.resources:
            assert self.left(planned.agent_id, name) >= 0
        assert planned.lease_seconds == terms.lease_seconds
        assert 0.0 <= planned.load < 1.0
        assert 1 <= planned.considered <= len(self.agents)
        assert not self.is_paused(terms.task_type)
        most = self.most(terms)
        assert most is None or self.held_of(terms.concurrency_key) <= most

    def check_order(self, placed: list[PlannedAssignment]) -> None:
        last: dict[Any, tuple[float, int]] = {}
        for planned in placed:
            line, key = self.line(planned.task_id), self.key(planned.task_id)
            assert line not in last or last[line] < key
            last[line] = key
        for task_id in self.waiting():
            if self.is_due(task_id) and self.line(task_id) in last:
                assert self.key(task_id) > last[self.line(task_id)]

    def check_nothing_placeable_waits(self) -> None:
        if self.cap is not None and self.held() >= self.cap:
            return
        for task_id in self.waiting():
            terms = self.tasks[task_id].terms
            if not self.is_due(task_id) or self.is_paused(terms.task_type):
                continue
            if not self.open_key(terms):
                continue
            assert not any(
                state.assignable
                and self.load(agent_id) < state.capabilities.max_concurrent_tasks
                and suitability(self.signature(task_id), agent_id, state.capabilities)
                and all(
                    self.left(agent_id, name) >= amount
                    for name, amount in self.signature(task_id).resources
                )
                for agent_id, state in self.agents.items()
            )

    @invariant()
    def loads_are_right(self) -> None:
        held_by_the_log = held_by(self.fold.fleet) if hasattr(self, "fold") else {}
        for agent_id in getattr(self, "agents", {}):
            assert self.fold.fleet.active_tasks(agent_id) == self.load(agent_id)
            held = {
                task_id
                for task_id, state in self.tasks.items()
                if state.live and state.agent_id == agent_id
            }
            assert held_by_the_log[agent_id] == held

    @invariant()
    def the_cap_holds(self) -> None:
        if getattr(self, "cap", None) is not None:
            assert self.held() <= self.cap

    @invariant()
    def no_task_is_lost_or_doubled(self) -> None:
        for task_id, state in getattr(self, "tasks", {}).items():
            waits = task_id in self.fold.queue
            if state.status is not TaskStatus.QUEUED or task_id in self.under_way:
                assert not waits
            elif state.terms.deadline is None or state.terms.deadline > self.now:
                assert waits

    @invariant()
    def what_waits_is_explained(self) -> None:
        for task_id, state in getattr(self, "tasks", {}).items():
            reasons = self.fold.why_not(task_id, self.now)
            codes = {reason.code for reason in reasons}
            waits = task_id in self.fold.queue
            assert ("not_waiting" in codes) == (not waits)
            assert state is not None
            if waits and not codes:
                assert self.fold.fleet.pick(self.signature(task_id)) is not None

    @invariant()
    def figures_are_right(self) -> None:
        if not hasattr(self, "fold"):
            return
        queued = [each for each in self.tasks.values() if each.status is TaskStatus.QUEUED]
        figures, keys = self.fold.figures, self.fold.queue.keys.states
        assert figures.total == len(queued)
        assert figures.by_owner == Counter(each.owner for each in queued)
        assert figures.by_type == Counter(each.terms.task_type for each in queued)
        live = [each for each in self.tasks.values() if each.live]
        for key in ("k", "l"):
            state = keys.get(key)
            assert (state.queued if state else 0) == count_of(queued, key)
            assert (state.held if state else 0) == count_of(live, key)
