"""How many dispatches a task can be behind, and that nobody is starved (docs/adr/0008)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskCompleted, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
IMPOSSIBLE = Requirements(skills={"nobody has it": 1.0})


class Submitted(NamedTuple):
    """A task that can be placed: where it stands, and how many were dispatched before it came."""

    owner: str
    priority: Priority
    key: tuple[float, int]
    dispatched_before: int


class Line:
    """One agent with one place that finishes at once: every dispatch is one step."""

    def __init__(self) -> None:
        self.fold = Dispatching()
        self.now = NOW
        self.tasks: dict[str, Submitted] = {}
        self.order: list[str] = []
        for agent_id in ("worker", "idle"):
            skills = {"work": 1.0} if agent_id == "worker" else {}
            capabilities = Capabilities(skills=skills)
            registered = AgentRegistered(capabilities=capabilities, owner="o", registered_at=NOW)
            self.fold.apply(f"agent/{agent_id}", registered)

    def submit(self, owner: str, priority: Priority, kind: str, possible: bool = True) -> str:
        task_id = f"t{self.fold._sequence + 1}"
        wanted = Requirements(skills={"work": 0.5}) if possible else IMPOSSIBLE
        spec = TaskSpecification(task_type=kind, priority=priority, requirements=wanted)
        event = TaskSubmitted(spec=spec, submitted_at=self.now, owner=owner)
        self.fold.apply(f"task/{task_id}", event)
        if possible:
            key = (self.now.timestamp() + priority.offset_seconds, self.fold._sequence)
            self.tasks[task_id] = Submitted(owner, priority, key, len(self.order))
        return task_id

    def serve(self) -> str | None:
        """Dispatch one task, which is done at once; the agent has room again."""
        planned = self.fold.plan(self.now)
        while not planned and self.fold.more_to_plan:
            planned = self.fold.plan(self.now)
        for each in planned:
            assigned = TaskAssigned(
                agent_id=each.agent_id,
                attempt=1,
                lease="L",
                lease_seconds=60.0,
                assigned_at=self.now,
            )
            self.fold.apply(f"task/{each.task_id}", assigned)
            done = TaskCompleted(agent_id="worker", attempt=1, lease="L", completed_at=self.now)
            self.fold.apply(f"task/{each.task_id}", done)
            self.order.append(each.task_id)
        assert len(planned) <= 1
        return planned[0].task_id if planned else None

    def bound(self, task_id: str) -> int:
        """Return the most dispatches between the submission of a task and its own.

        Of its class: before it, and before each of its owner's tasks ahead of it, every other owner
        once. Of another class: while that holds tasks with smaller keys, and so long as one owner
        holds the most of them, each owner once before each of these.
        """
        task = self.tasks[task_id]
        end = self.order.index(task_id)
        known = {
            each: at
            for each, at in self.tasks.items()
            if each not in self.order[: task.dispatched_before] and at.dispatched_before <= end
        }
        total = 0
        for priority in Priority:
            mine = priority is task.priority
            there = [at for at in known.values() if at.priority is priority]
            before = Counter(at.owner for at in there if at.key < task.key)
            owners = {at.owner for at in there}
            if mine:
                ahead = before[task.owner]
                total += ahead + len(owners - {task.owner}) * (ahead + 1)
            elif before:
                total += len(owners) * (max(before.values()) + 1)
        return total


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("submit"),
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from([Priority.CRITICAL, Priority.NORMAL, Priority.LOW]),
            st.sampled_from(["x", "y"]),
            st.sampled_from([True, True, True, False]),
            st.integers(1, 6),
        ),
        st.tuples(st.just("serve"), st.integers(1, 4)),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 20.0, 300.0])),
    ),
    max_size=40,
)


@given(STEPS)
def test_no_task_waits_for_more_dispatches_than_the_bound(steps):
    line = Line()
    for what, *how in steps:
        if what == "submit":
            owner, priority, kind, possible, times = how
            for _ in range(times):
                line.submit(owner, priority, kind, possible)
        elif what == "serve":
            for _ in range(how[0]):
                line.serve()
        else:
            line.now += timedelta(seconds=how[0])
    while line.serve() is not None:
        pass

    assert sorted(line.order) == sorted(line.tasks), "what can be placed was placed"
    for position, task_id in enumerate(line.order):
        behind = position - line.tasks[task_id].dispatched_before
        assert behind <= line.bound(task_id)


@given(STEPS)
def test_tasks_of_one_owner_and_class_go_in_their_order(steps):
    line = Line()
    for what, *how in steps:
        if what == "submit":
            for _ in range(how[4]):
                line.submit(*how[:3])
        elif what == "wait":
            line.now += timedelta(seconds=how[0])
    while line.serve() is not None:
        pass

    last: dict[tuple[str, Priority], tuple[float, int]] = {}
    for task_id in line.order:
        owner, priority, key, _ = line.tasks[task_id]
        assert last.get((owner, priority), (0.0, 0)) < key
        last[owner, priority] = key


@pytest.mark.parametrize("owners", [1, 10])
def test_a_hundred_thousand_tasks_of_others_do_not_starve_one(owners):
    line = Line()
    for n in range(100_000):
        line.submit(f"crowd{n % owners}", Priority.NORMAL, "x")
    for _ in range(3 * owners):
        line.serve()
    one = line.submit("somebody", Priority.NORMAL, "x")

    served = [line.serve() for _ in range(owners + 1)]
    assert one in served


def test_a_class_ages_as_a_whole():
    line = Line()
    for n in range(3):
        line.submit("old", Priority.LOW, "x")
        line.submit(f"other{n}", Priority.LOW, "x")
    line.now += timedelta(seconds=599)
    urgent = line.submit("boss", Priority.CRITICAL, "x")
    line.now += timedelta(seconds=2)
    late = line.submit("boss", Priority.CRITICAL, "x")
    while line.serve() is not None:
        pass

    assert line.order[0] == urgent, "a low task ages for ten minutes"
    assert line.order[-1] == late, "then those submitted later wait for it"


def test_what_nobody_can_do_costs_its_owner_nothing():
    line = Line()
    for _ in range(1_000):
        line.submit("unlucky", Priority.NORMAL, "x", possible=False)
    for _ in range(5):
        line.submit("other", Priority.NORMAL, "x")
    one = line.submit("unlucky", Priority.NORMAL, "x")

    assert one in [line.serve() for _ in range(2)]
