"""The dispatcher's fold when tasks are moved by hand."""

from __future__ import annotations

import pytest

from aia_mas.domain.orchestration.task_events import TaskReleased, TaskReprioritised
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

from .dispatching_world import NOW, World, after


@pytest.fixture
def world() -> World:
    return World()


def move(world: World, task_id: str, priority: Priority, since: float = 0.0) -> None:
    event = TaskReprioritised(priority=priority, since=after(since), by="o", at=NOW)
    world.fold.apply(f"task/{task_id}", event)


def reassigned(world: World, task_id: str, *, excluded: bool) -> None:
    event = TaskReleased(
        agent_id="a",
        attempt=1,
        reason=ReleaseReason.REASSIGNED,
        outcome=TaskStatus.QUEUED,
        excluded=excluded,
        by="o",
        released_at=NOW,
    )
    world.fold.apply(f"task/{task_id}", event)


def test_a_task_moves_to_where_its_class_would_have_put_it(world: World) -> None:
    for number, priority in enumerate((Priority.NORMAL, Priority.NORMAL, Priority.CRITICAL)):
        world.submit(f"t{number}", at=number, priority=priority)
    move(world, "t1", Priority.CRITICAL, since=1)
    world.agent("a", places=3)
    assert [task_id for task_id, _ in world.run()] == ["t1", "t2", "t0"]


def test_a_task_that_stands_aside_goes_on_doing_so(world: World) -> None:
    world.agent("a")
    world.submit("t", not_before=after(30))
    move(world, "t", Priority.CRITICAL)
    assert world.run() == []
    assert world.codes("t") == ["not_due"]
    world.now = after(30)
    assert world.run() == [("t", "a")]


def test_the_move_of_a_held_task_counts_when_it_waits_again(world: World) -> None:
    world.agent("a")
    world.submit("t0", priority=Priority.CRITICAL)
    assert world.run() == [("t0", "a")]
    move(world, "t0", Priority.MAINTENANCE)
    world.submit("t1", at=1)
    reassigned(world, "t0", excluded=False)
    assert world.run() == [("t1", "a")]


def test_a_move_of_what_is_over_changes_nothing(world: World) -> None:
    move(world, "unknown", Priority.LOW)
    assert len(world.fold) == 0


@pytest.mark.parametrize(("excluded", "then"), [(True, "b"), (False, "a")])
def test_the_agent_that_a_task_was_taken_from_is_passed_over(
    world: World, excluded: bool, then: str
) -> None:
    world.agent("a", specializations=("t",))
    world.agent("b")
    world.submit("t")
    assert world.run() == [("t", "a")]
    reassigned(world, "t", excluded=excluded)
    assert world.run() == [("t", then)]
