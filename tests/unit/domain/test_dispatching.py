"""The dispatcher's fold: what is planned, in what order, and what waits."""

import pytest

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentUpdated,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.planning import PlannedAssignment
from aia_mas.domain.orchestration.scoring.seeds import seed_of
from aia_mas.domain.orchestration.task_events import (
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskReleased,
    TaskRequeued,
    TaskStarted,
)
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    terms_of,
)
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

from .dispatching_world import NOW, PLAIN, World, after


@pytest.fixture
def world() -> World:
    return World()


def test_a_plan_says_everything_an_assignment_needs(world):
    world.agent("a", places=2, cost_per_task=10**20)
    world.submit("1", lease_seconds=7.0)

    (plan,) = world.plan()
    assert plan == PlannedAssignment(
        "1",
        1,
        "a",
        7.0,
        10**20,
        0.0,
        considered=1,
        grounds=plan.grounds,
        declared=plan.declared,
        unfunded="pool_empty",
    )
    assert plan.declared == Capabilities(max_concurrent_tasks=2, cost_per_task=10**20)
    policy, revision, seed, candidates, failure, *fleet = plan.grounds
    assert (policy, revision, seed, failure) == ("scored", 0, seed_of("1", 1), None)
    assert fleet == [1, 1]
    assert [candidate.agent_id for candidate in candidates] == ["a"]


def test_what_is_planned_is_not_planned_again(world):
    world.agent("a", places=9)
    world.submit("1")

    assert world.planned() == [("1", "a")]
    assert world.planned() == []
    world.assigned("1", "a")
    assert world.planned() == []
    assert world.fold.fleet.active_tasks("a") == 1


def test_first_come_first_served_but_classes_have_a_start(world):
    world.submit("normal", at=0)
    world.submit("late", at=1)
    world.submit("high", at=40, priority=Priority.HIGH)
    world.submit("critical", at=55, priority=Priority.CRITICAL)
    world.submit("too late", at=61, priority=Priority.CRITICAL)
    world.submit("low", at=-700, priority=Priority.LOW)
    world.agent("a", places=9)

    assert [task for task, _ in world.planned()] == [
        "low",
        "high",
        "critical",
        "normal",
        "late",
        "too late",
    ]


def test_the_order_holds_between_different_demands(world):
    for n in range(6):
        world.submit(str(n), at=n, task_type="even" if n % 2 else "odd")
    world.agent("a", places=4)

    assert [task for task, _ in world.planned()] == ["0", "1", "2", "3"]


def test_what_cannot_be_placed_blocks_nobody(world):
    world.agent("a", places=2)
    world.submit("first", **world.needing("nothing anyone has"))
    world.submit("second")

    assert world.planned() == [("second", "a")]
    assert world.codes("first") == ["no_agent_with_skill"]
    assert not world.fold.more_to_plan


def test_a_freed_agent_gets_the_first_task_that_it_suits(world):
    world.agent("x", skills={"x": 1.0})
    world.agent("y", skills={"y": 1.0})
    world.agent("idle")
    world.submit("x0", **world.needing("x"))
    world.submit("y0", **world.needing("y"))
    assert sorted(world.run()) == [("x0", "x"), ("y0", "y")]
    world.submit("z1", at=1, **world.needing("z"))
    world.submit("y1", at=2, **world.needing("y"))
    world.submit("x1", at=3, **world.needing("x"))
    world.submit("x2", at=2.5, **world.needing("x"))
    assert world.run() == []
    assert not world.fold.more_to_plan

    world.completed("x0")
    assert world.fold.more_to_plan
    assert world.run() == [("x2", "x")]
    world.completed("y0")
    assert world.run() == [("y1", "y")]
    world.completed("x2")
    assert world.run() == [("x1", "x")]


def test_freed_and_new_demands_take_turns_by_their_places(world):
    world.agent("x", places=3, skills={"x": 1.0})
    world.agent("idle")
    for n in range(3):
        world.submit(f"held{n}", **world.needing("x"))
    world.run()
    world.submit("stuck a", at=1, task_type="a", **world.needing("x"))
    world.submit("stuck b", at=3, task_type="b", **world.needing("x"))
    world.submit("stuck c", at=5, task_type="a", **world.needing("x"))
    assert world.run() == []
    for n in range(3):
        world.completed(f"held{n}")
    world.submit("new", at=2, task_type="n", **world.needing("x"))

    assert [task for task, _ in world.run()] == ["stuck a", "new", "stuck b"]


def test_a_line_that_moved_on_does_not_hide_those_behind_it(world):
    world.agent("x", places=2, skills={"x": 1.0})
    world.agent("idle")
    world.submit("held1", **world.needing("x"))
    world.submit("held2", **world.needing("x"))
    world.run()
    world.submit("b", at=50, task_type="b", **world.needing("x"))
    assert world.run() == []
    world.submit("a1", at=1, task_type="a", **world.needing("x"))
    world.submit("a2", at=100, task_type="a", **world.needing("x"))
    world.submit("c", at=70, task_type="c", **world.needing("x"))
    world.completed("held1")
    world.completed("held2")

    assert [task for task, _ in world.run()] == ["a1", "b"]


def test_many_agents_freed_at_once_find_their_tasks(world):
    for n in range(20):
        world.submit(f"t{n}", at=n, **world.needing(f"s{n}"))
    world.agent("idle")
    assert world.run() == []
    for n in range(20):
        world.agent(f"a{n}", skills={f"s{n}": 1.0})

    assert world.run() == [(f"t{n}", f"a{n}") for n in range(20)]


def test_an_update_makes_an_agent_suit(world):
    world.agent("a")
    world.submit("1", **world.needing("x"))
    assert world.run() == []

    changed = Capabilities(skills={"x": 1.0})
    world.fold.apply("agent/a", AgentUpdated(capabilities=changed, revision=2))
    assert world.run() == [("1", "a")]


def test_a_limit_leaves_the_rest_for_the_next_plan(world):
    world.agent("a", places=9)
    for n in range(5):
        world.submit(f"t{n}", at=n, task_type=f"k{n % 2}")

    assert [task for task, _ in world.planned(2)] == ["t0", "t1"]
    assert world.fold.more_to_plan
    assert [task for task, _ in world.planned(2)] == ["t2", "t3"]
    assert [task for task, _ in world.planned(2)] == ["t4"]
    assert not world.fold.more_to_plan


def test_the_cap_stops_the_plan_and_goes_on_when_a_task_ends():
    world = World(cap=2)
    world.agent("a", places=2)
    world.agent("b", places=2)
    for n in range(4):
        world.submit(f"t{n}", at=n)

    assert len(world.run()) == 2
    assert world.codes("t3") == ["max_concurrent_tasks"]
    assert not world.fold.more_to_plan
    world.completed("t0")
    assert [task for task, _ in world.run()] == ["t2"]


def test_a_refused_assignment_returns_to_its_place(world):
    world.agent("a")
    world.submit("1", at=0)
    world.submit("2", at=1)
    assert world.planned() == [("1", "a")]

    world.fold.drop("1")
    assert world.fold.fleet.active_tasks("a") == 0
    assert world.planned() == [("1", "a")]
    world.fold.drop("unknown")


def test_a_task_called_off_on_its_way_keeps_its_place_until_dropped(world):
    world.agent("a")
    world.submit("1")
    world.planned()
    world.fold.apply("task/1", TaskCancelled(by="o", at=NOW))
    world.submit("2")
    assert world.planned() == []

    world.fold.drop("1")
    assert world.planned() == [("2", "a")]
    assert world.codes("1") == ["not_waiting"]


def test_tasks_wait_for_their_time(world):
    world.agent("a", places=2)
    world.submit("1", not_before=after(30))
    assert world.run() == []
    assert world.codes("1") == ["not_due"]
    assert world.fold.next_due() == after(30)

    world.now = after(30)
    assert world.run() == [("1", "a")]
    world.failed("1", TaskStatus.QUEUED, retry_in=60)
    assert world.run() == []
    world.now = after(60)
    (again,) = world.plan()
    assert (again.task_id, again.attempt) == ("1", 2)


@pytest.mark.parametrize(
    "event",
    [
        TaskFailed(
            agent_id="a",
            attempt=1,
            error_code="e",
            retryable=True,
            outcome=TaskStatus.QUEUED,
            failed_at=NOW,
        ),
        TaskReleased(
            agent_id="a",
            attempt=1,
            reason=ReleaseReason.AGENT_OFFLINE,
            outcome=TaskStatus.QUEUED,
            released_at=NOW,
        ),
        TaskRequeued(attempt=1, terms=terms_of(PLAIN), by="o", at=NOW),
    ],
)
def test_a_task_that_is_queued_again_gets_its_next_attempt(world, event):
    world.agent("a")
    world.submit("1")
    world.run()
    if isinstance(event, TaskRequeued):
        world.failed("1", TaskStatus.DEAD)
        assert world.run() == []
    world.fold.apply("task/1", event)

    (again,) = world.plan()
    assert (again.task_id, again.attempt) == ("1", 2)


@pytest.mark.parametrize(
    "event",
    [
        TaskCancelled(by="o", at=NOW),
        TaskExpired(at=NOW),
        TaskCompleted(agent_id="a", attempt=1, lease="L", completed_at=NOW),
    ],
)
@pytest.mark.parametrize("held", [True, False])
def test_a_finished_task_is_forgotten(world, event, held):
    world.submit("1")
    if held:
        world.agent("a")
        world.run()
        world.fold.apply("task/1", TaskStarted(agent_id="a", attempt=1, lease="L", started_at=NOW))
    world.fold.apply("task/1", event)

    assert len(world.fold) == 0
    assert world.fold.fleet.active_tasks("a") == 0
    assert at_once(world.fold.snapshot()).tasks == []


def test_what_passed_its_deadline_is_not_placed(world):
    world.agent("a", places=2)
    world.submit("late", deadline=after(10))
    world.submit("fine", at=1)
    world.now = after(10)

    assert world.run() == [("fine", "a")]
    assert len(world.fold) == 0
