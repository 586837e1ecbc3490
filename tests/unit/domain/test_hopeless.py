"""What no registered agent can do costs nothing, and is found again once somebody can."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.orchestration.agent_events import (
    AgentRegistered,
    AgentUnregistered,
    AgentUpdated,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.queueing.hopeless import CHECKS
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskCompleted, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import Requirements, TaskSpecification

from .counting import calls_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class World:
    """A dispatcher's fold."""

    def __init__(self) -> None:
        self.fold = Dispatching()
        self.count = 0

    def agent(self, agent_id: str, *skills: str, places: int = 1) -> None:
        able = Capabilities(skills=dict.fromkeys(skills, 1.0), max_concurrent_tasks=places)
        event = AgentRegistered(capabilities=able, owner="o", registered_at=NOW)
        self.fold.apply(f"agent/{agent_id}", event)

    def submit(self, skill: str, owner: str = "o") -> str:
        self.count += 1
        task_id = f"{skill}{self.count}"
        spec = TaskSpecification(task_type="t", requirements=Requirements(skills={skill: 0.5}))
        event = TaskSubmitted(spec=spec, submitted_at=NOW, owner=owner)
        self.fold.apply(f"task/{task_id}", event)
        return task_id

    def run(self, done: bool = True) -> list[str]:
        placed = []
        while (planned := self.fold.plan(NOW)) or self.fold.more_to_plan:
            for each in planned:
                lease = {"agent_id": each.agent_id, "attempt": 1, "lease": "L"}
                assigned = TaskAssigned(**lease, lease_seconds=9.0, assigned_at=NOW)
                self.fold.apply(f"task/{each.task_id}", assigned)
                if done:
                    over = TaskCompleted(**lease, completed_at=NOW)
                    self.fold.apply(f"task/{each.task_id}", over)
                placed.append(each.task_id)
        return placed


def test_a_plan_takes_as_long_with_a_thousand_tasks_that_nobody_can_do() -> None:
    needed = []
    for hopeless in (10, 1_000):
        world = World()
        world.agent("a", "work")
        for number in range(hopeless):
            world.submit(f"unknown{number}")
        assert world.run() == []
        world.submit("work")
        needed.append(calls_of(lambda world=world: world.fold.plan(NOW)))
    assert needed[1] < needed[0] + 200


def test_they_are_found_when_somebody_can() -> None:
    world = World()
    world.agent("a", "work", places=5)
    tasks = [world.submit(f"unknown{number}") for number in range(3 * CHECKS)]
    assert world.run() == []
    last = tasks[-1]
    (reason,) = world.fold.why_not(last, NOW)
    assert reason.code == "no_agent_with_skill"

    world.agent("b", f"unknown{3 * CHECKS - 1}")
    assert world.run() == [last]
    able = Capabilities(skills={"work": 1.0, "unknown7": 1.0}, max_concurrent_tasks=5)
    world.fold.apply("agent/a", AgentUpdated(capabilities=able, revision=2))
    assert world.run() == [tasks[7]]
    world.submit("unknown8")
    for number in range(20):
        world.agent(f"c{number}", "unknown8")
    assert len(world.run()) == 2


AGENTS = st.tuples(st.just("agent"), st.sampled_from("abcd"), st.sampled_from("xyz"))
GONE = st.tuples(st.just("gone"), st.sampled_from("abcd"))
TASKS = st.tuples(st.just("task"), st.sampled_from("xyzw"))
RUN = st.tuples(st.just("run"))


@given(st.lists(st.one_of(AGENTS, GONE, TASKS, RUN), max_size=40))
def test_whoever_comes_and_goes_all_that_can_be_done_is_done(steps: list[tuple[str, ...]]) -> None:
    world, there, waiting = World(), dict[str, str](), list[str]()
    for what, *how in steps:
        if what == "agent":
            if how[0] in there:
                able = Capabilities(skills={how[1]: 1.0})
                world.fold.apply(f"agent/{how[0]}", AgentUpdated(capabilities=able, revision=2))
            else:
                world.agent(*how)
            there[how[0]] = how[1]
        elif what == "gone" and there.pop(how[0], None):
            world.fold.apply(f"agent/{how[0]}", AgentUnregistered(at=NOW))
        elif what == "task":
            waiting.append(world.submit(how[0]))
        elif what == "run":
            placed = world.run()
            possible = [task for task in waiting if task[0] in there.values()]
            assert sorted(placed) == sorted(possible)
            waiting = [task for task in waiting if task not in placed]
