"""Nobody is starved, whatever else is dispatched meanwhile (docs/adr/0008)."""

import pytest

from aia_mas.domain.orchestration.agent_events import AgentUpdated
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.pauses import DispatchPaused, DispatchResumed
from aia_mas.domain.orchestration.task_events import TaskCancelled, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
)

from .dispatching_world import World

CROWD = 40


class Owners(World):
    """One agent for rare work, which a crowd of tasks waits for, and others for common work."""

    def __init__(self, others: int) -> None:
        super().__init__()
        self.tasks = 0
        self.held = ""
        self.agent("rare", skills={"rare": 1.0})
        for number in range(others):
            self.agent(f"common{number}", skills={"common": 1.0})

    def wants(self, owner: str, skill: str, *, level: float = 0.5, cost: int | None = None) -> str:
        """Submit a task of an owner; returns its id."""
        self.tasks += 1
        task_id = f"{owner}{self.tasks}"
        needs = Requirements(skills={skill: level})
        spec = TaskSpecification(task_type="t", requirements=needs, max_cost=cost)
        event = TaskSubmitted(spec=spec, submitted_at=self.now, owner=owner)
        self.fold.apply(f"task/{task_id}", event)
        return task_id

    def next_rare(self) -> str:
        """Let the agent for rare work finish; returns what it gets then."""
        if self.held:
            self.completed(self.held)
        self.held = next(task_id for task_id, agent_id in self.run() if agent_id == "rare")
        return self.held


@pytest.fixture
def owners() -> Owners:
    """The crowd has the agent, and waits for it."""
    world = Owners(others=100)
    for _ in range(CROWD):
        world.wants("crowd", "rare")
    world.next_rare()
    return world


def test_what_a_third_owner_has_done_elsewhere_takes_no_turn_away(owners):
    one = owners.wants("one", "rare")

    def next_rare() -> str:
        for _ in range(3):
            owners.wants("third", "common")
            owners.run()
        return owners.next_rare()

    assert one in [next_rare() for _ in range(2)]


@pytest.mark.parametrize("elsewhere", [1, 50])
def test_what_an_owner_has_done_elsewhere_costs_it_no_turn(owners, elsewhere):
    one = owners.wants("one", "rare")
    owners.agent("more", places=1000, skills={"common": 1.0})

    def next_rare() -> str:
        for _ in range(elsewhere):
            owners.wants("one", "common")
            owners.run()
        return owners.next_rare()

    assert one in [next_rare() for _ in range(2)]


def test_many_different_demands_are_still_one_owner(owners):
    for number in range(CROWD):
        owners.wants("crowd", "rare", level=number / CROWD, cost=number)
    one = owners.wants("one", "rare", level=0.9)

    assert one in [owners.next_rare() for _ in range(2)]


def test_each_of_a_few_tasks_waits_for_one_of_the_crowd(owners):
    few = [owners.wants("one", "rare") for _ in range(3)]

    got = [owners.next_rare() for _ in range(7)]
    assert [got.index(task_id) for task_id in few] in ([0, 2, 4], [1, 3, 5])


def test_a_paused_fleet_gives_the_dispatcher_nothing_to_do():
    """Although somebody declares something while a demand waits that nobody meets."""
    world = World()
    world.agent("a", skills={"known": 1.0})
    world.submit("1", **world.needing("unknown"))
    assert world.run() == []
    world.fold.apply("dispatch/pauses", DispatchPaused(by="ops", at=world.now))
    able = Capabilities(skills={"unknown": 1.0})
    world.fold.apply("agent/a", AgentUpdated(capabilities=able, revision=2))

    assert world.run() == []
    assert not world.fold.more_to_plan
    world.fold.apply("dispatch/pauses", DispatchResumed(by="ops", at=world.now))
    assert world.fold.more_to_plan
    assert world.run() == [("1", "a")]


def test_who_became_free_while_a_key_was_full_is_found_when_it_is_not():
    """What was tried in vain is tried again when it comes back from a full key."""
    world = World()
    for agent_id, skill in (("a", "x"), ("c", "y"), ("d", "z")):
        world.agent(agent_id, skills={skill: 1.0})
    key = {"concurrency_key": "k", "concurrency_limit": 1}
    world.submit("other", **world.needing("y"), **key)
    world.submit("first", **world.needing("x"))
    assert sorted(world.run()) == [("first", "a"), ("other", "c")]
    world.submit("keyed", **world.needing("x"), **key)
    world.submit("plain", **world.needing("x"), priority=Priority.LOW)
    assert world.run() == []
    world.fold.apply("task/plain", TaskCancelled(by="o", at=world.now))

    world.completed("first")
    assert world.run() == []
    world.completed("other")
    assert world.run() == [("keyed", "a")]
