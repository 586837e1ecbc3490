"""Agents, tasks and what is on its way to them, as the aggregates tell it: what a fold must say."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from aia_mas.domain.kernel import Context, Decision, Event, Principal
from aia_mas.domain.orchestration import agent, task
from aia_mas.domain.orchestration.amounts import had, taken
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.limits import LimitRemoved, LimitSet
from aia_mas.domain.orchestration.pauses import DispatchPaused, DispatchResumed
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.task_events import TaskSubmitted
from aia_mas.domain.orchestration.task_specification import (
    TaskSpecification,
)
from aia_mas.domain.orchestration.task_status import TaskStatus

from .dispatching_drawn import NOW


class UnderWay(NamedTuple):
    """An assignment on its way into the log; with a specification it is a submission as well."""

    planned: PlannedAssignment
    spec: TaskSpecification | None


class Ledger(RuleBasedStateMachine):
    """The real aggregates and their log, and a fold that leads."""

    @initialize(cap=st.sampled_from([None, None, 3]))
    def start(self, cap: int | None) -> None:
        self.cap = cap
        self.now = NOW
        self.fold = Dispatching(cap)
        self.log: list[tuple[str, Event]] = []
        self.agents: dict[str, agent.AgentState] = {}
        self.tasks: dict[str, task.TaskState] = {}
        self.due: dict[str, datetime] = {}
        self.since: dict[str, tuple[datetime, int]] = {}
        self.under_way: dict[str, UnderWay] = {}
        # The log tells all that the fold knows of turns.
        self.as_planned = True
        self.count = 0
        self.limits: dict[str, int | None] = {}
        self.rates: dict[str, bool] = {}
        self.paused: set[str | None] = set()

    def happen(self, stream: str, event: Event) -> None:
        self.log.append((stream, event))
        self.fold.apply(stream, event)
        if isinstance(event, LimitSet):
            self.limits[event.key] = event.max_concurrent
            self.rates[event.key] = event.rate is not None
        elif isinstance(event, LimitRemoved):
            self.limits.pop(event.key, None)
            self.rates.pop(event.key, None)
        elif isinstance(event, DispatchPaused):
            self.paused.add(event.task_type)
        elif isinstance(event, DispatchResumed):
            self.paused.discard(event.task_type)

    def is_paused(self, task_type: str) -> bool:
        return None in self.paused or task_type in self.paused

    def most(self, terms: Any) -> int | None:
        set_ = self.limits.get(terms.concurrency_key)
        return terms.concurrency_limit if set_ is None else set_

    def held_of(self, key: str | None) -> int:
        under_way = [way.spec for way in self.under_way.values() if way.spec is not None]
        live = [
            each
            for task_id, each in self.tasks.items()
            if each.live or (task_id in self.under_way and self.under_way[task_id].spec is None)
        ]
        return count_of(live, key) + sum(spec.concurrency_key == key for spec in under_way)

    def open_key(self, terms: Any) -> bool:
        """Whether a task's key surely has a place (a rate may be any time of the period)."""
        key, most = terms.concurrency_key, self.most(terms)
        if key is None:
            return True
        return not self.rates.get(key) and (most is None or self.held_of(key) < most)

    def line(self, task_id: str) -> Any:
        state = self.tasks[task_id]
        terms = state.terms
        key = (terms.concurrency_key, terms.concurrency_limit)
        return self.signature(task_id), terms.priority, state.owner, key

    def take(self, decision: Decision) -> None:
        for stream, event in decision.events:
            kind, _, entity = stream.partition("/")
            self.log.append((stream, event))
            if kind == "agent":
                self.agents[entity] = agent.evolve(self.agents.get(entity), event)
            else:
                self.tasks[entity] = task.evolve(self.tasks.get(entity), event)
                self.remember(entity, event)
            self.fold.apply(stream, event)

    def remember(self, task_id: str, event: Event) -> None:
        if isinstance(event, TaskSubmitted):
            self.since[task_id] = (self.now, len(self.log))
            self.due[task_id] = event.spec.not_before or self.now
        elif type(event).__name__ == "TaskRequeued":
            self.since[task_id] = (self.now, len(self.log))
            self.due[task_id] = self.now
        elif type(event).__name__ != "TaskReprioritised":
            self.due[task_id] = getattr(event, "retry_at", None) or self.now

    def ctx(self) -> Context:
        return Context(now=self.now, head=len(self.log), principal=Principal(subject="p"))

    def new_task(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def some_under_way(self, pick: int) -> tuple[str, UnderWay]:
        items = list(self.under_way.items())
        return items[pick % len(items)]

    def waiting(self) -> list[str]:
        return [
            task_id
            for task_id, state in self.tasks.items()
            if state.status is TaskStatus.QUEUED
            and task_id not in self.under_way
            and (state.terms.deadline is None or state.terms.deadline > self.now)
        ]

    def is_due(self, task_id: str) -> bool:
        deadline = self.tasks[task_id].terms.deadline
        return self.due[task_id] <= self.now and (deadline is None or deadline > self.now)

    def signature(self, task_id: str) -> Any:
        terms = self.tasks[task_id].terms
        return signature_of(terms.task_type, terms.requirements, terms.max_cost)

    def key(self, task_id: str) -> tuple[float, int]:
        since, sequence = self.since[task_id]
        offset = self.tasks[task_id].terms.priority.offset_seconds
        return (since.timestamp() + offset, sequence)

    def load(self, agent_id: str) -> int:
        return self.loads()[agent_id]

    def left(self, agent_id: str, name: str) -> int:
        """Return what an agent has left of a resource, by the states and what is under way."""
        holding = [
            state.terms.requirements
            for state in self.tasks.values()
            if state.live and state.agent_id == agent_id
        ]
        holding += [
            way.spec.requirements if way.spec else self.tasks[task_id].terms.requirements
            for task_id, way in self.under_way.items()
            if way.planned.agent_id == agent_id
        ]
        used = sum(dict(taken(each.resources)).get(name, 0) for each in holding)
        return had(self.agents[agent_id].capabilities.resources.get(name, 0.0)) - used

    def held(self) -> int:
        return self.loads().total()

    def loads(self) -> Counter[str]:
        held = Counter(
            state.agent_id
            for state in self.tasks.values()
            if state.live and state.agent_id is not None
        )
        held.update(way.planned.agent_id for way in self.under_way.values())
        return held


def count_of(states: list[task.TaskState], key: str | None) -> int:
    return sum(state.terms.concurrency_key == key for state in states)
