"""The bound of docs/adr/0008 holds where a sweep through what is stuck takes many steps."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentRegistered,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskCompleted, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
)

from .many_demands import steps_of
from .test_order_bound import NOW, Line, Submitted

STUCK = 60


class Slow(Line):
    """The same line, of which every task is a demand of its own, among others that stay stuck.

    Its agent ends a task some steps after it has got it, while agents that nobody asks for are
    looked at.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held = ""
        busy = Capabilities(skills={"work": 0.9}, labels={"zone": "z"})
        event = AgentRegistered(capabilities=busy, owner="o", registered_at=NOW)
        self.fold.apply("agent/busy", event)
        for number in range(STUCK):
            labels = {"zone": "z"}
            wanted = Requirements(skills={"work": 0.5 + number / 1_000}, labels=labels)
            spec = TaskSpecification(task_type="stuck", requirements=wanted)
            event = TaskSubmitted(spec=spec, submitted_at=NOW, owner="abc"[number % 3])
            self.fold.apply(f"task/stuck{number}", event)
        self.run()

    def submit(self, owner: str, priority: Priority, kind: str, possible: bool = True) -> str:
        sequence = self.fold._sequence + 1
        task_id = f"t{sequence}"
        # The busy agent is none for it.
        wanted = Requirements(skills={"work": 0.95 + sequence / 100_000})
        spec = TaskSpecification(task_type=kind, priority=priority, requirements=wanted)
        event = TaskSubmitted(spec=spec, submitted_at=self.now, owner=owner)
        self.fold.apply(f"task/{task_id}", event)
        key = (self.now.timestamp() + priority.offset_seconds, sequence)
        self.tasks[task_id] = Submitted(owner, priority, key, len(self.order))
        return task_id

    def step(self) -> int:
        planned = self.fold.plan(self.now)
        for each in planned:
            terms = {"agent_id": each.agent_id, "attempt": 1, "lease": "L"}
            assigned = TaskAssigned(**terms, lease_seconds=60.0, assigned_at=self.now)
            self.fold.apply(f"task/{each.task_id}", assigned)
            if each.agent_id == "worker":
                self.held = each.task_id
                self.order.append(each.task_id)
        return len(planned)

    def run(self) -> None:
        while self.step() or self.fold.more_to_plan:
            pass

    def done(self) -> None:
        if self.held:
            over = TaskCompleted(agent_id="worker", attempt=1, lease="L", completed_at=self.now)
            self.fold.apply(f"task/{self.held}", over)
            self.held = ""

    def stir(self) -> None:
        self.fold.apply("agent/idle", AgentWentOffline(at=self.now))
        self.fold.apply("agent/idle", AgentCameOnline(at=self.now))


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("submit"),
            st.sampled_from(["a", "b", "c", "d"]),
            st.sampled_from([Priority.CRITICAL, Priority.NORMAL, Priority.LOW]),
            st.integers(1, 6),
        ),
        st.tuples(st.just("step"), st.integers(1, 4)),
        st.tuples(st.just("step"), st.integers(1, 4)),
        st.tuples(st.just("done")),
        st.tuples(st.just("stir")),
        st.tuples(st.just("wait"), st.sampled_from([0.0, 20.0, 300.0])),
    ),
    max_size=60,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, st.sampled_from([20, 40]))
def test_no_task_waits_for_more_dispatches_than_the_bound(steps, looks):
    with steps_of(looks):
        line = Slow()
        for what, *how in steps:
            if what == "submit":
                for _ in range(how[2]):
                    line.submit(how[0], how[1], "x")
            elif what == "step":
                for _ in range(how[0]):
                    line.step()
            elif what == "wait":
                line.now += timedelta(seconds=how[0])
            else:
                getattr(line, what)()
        line.run()
        while line.held:
            line.stir()
            line.step()
            line.done()
            line.run()

    assert sorted(line.order) == sorted(line.tasks), "what can be placed was placed"
    for position, task_id in enumerate(line.order):
        behind = position - line.tasks[task_id].dispatched_before
        assert behind <= line.bound(task_id)
