"""The dispatcher's fold: tasks placed while they are submitted, and takeovers."""

import msgspec
import pytest

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import (
    AgentUnregistered,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.dispatching_snapshot import decode_snapshot, encode_snapshot
from aia_mas.domain.orchestration.scoring.seeds import seed_of
from aia_mas.domain.orchestration.task_specification import (
    TaskSpecification,
)
from aia_mas.domain.orchestration.task_status import TaskStatus

from .dispatching_world import NOW, PLAIN, World, after
from .fleets import held_by


@pytest.fixture
def world() -> World:
    return World()


# ---------------------------------------------------------------------------------------- place


def test_a_task_is_placed_while_it_is_submitted(world):
    world.agent("a", places=2)
    placed = world.fold.place("1", PLAIN, NOW)
    assert placed is not None
    assert placed[:7] == ("1", 1, "a", 60.0, 0, 0.0, 1)
    assert placed.grounds.seed == seed_of("1", 1)
    assert world.fold.place("1", PLAIN, NOW) is None

    world.submit("1")
    assert world.planned() == []
    world.assigned("1", "a")
    assert held_by(world.fold.fleet)["a"] == {"1"}
    assert world.fold.place("1", PLAIN, NOW) is None


def test_a_placed_task_that_got_in_alone_waits_once_it_is_dropped(world):
    world.agent("a")
    world.fold.place("1", PLAIN, NOW)
    world.submit("1")
    assert world.planned() == []
    world.fold.drop("1")

    assert world.planned() == [("1", "a")]


def test_a_placed_task_that_did_not_get_in_leaves_nothing(world):
    world.agent("a")
    world.fold.place("1", PLAIN, NOW)
    world.fold.drop("1")

    assert world.fold.fleet.active_tasks("a") == 0
    assert len(world.fold) == 0


def test_nobody_jumps_the_queue(world):
    world.submit("1")
    world.submit("other", **world.needing("x"))
    assert world.fold.place("2", PLAIN, NOW) is None
    world.agent("a", places=3)
    assert world.fold.place("2", PLAIN, NOW) is None, "others were not tried yet"
    other = TaskSpecification(task_type="else")
    assert world.fold.place("3", other, NOW) is None, "others were not tried yet"

    world.run()
    assert world.fold.place("2", PLAIN, NOW) is not None
    assert (
        world.fold.place("4", TaskSpecification(task_type="t", **world.needing("x")), NOW) is None
    )


def test_a_retry_that_is_due_goes_before_a_new_task(world):
    world.agent("a")
    world.submit("1")
    world.run()
    world.failed("1", TaskStatus.QUEUED, retry_in=10)

    assert world.fold.place("2", PLAIN, after(10)) is None


@pytest.mark.parametrize("spec", [{"not_before": after(1)}, {"max_cost": 0}])
def test_what_is_not_due_or_suits_nobody_is_not_placed(world, spec):
    world.agent("a", cost_per_task=1)

    assert world.fold.place("1", TaskSpecification(task_type="t", **spec), NOW) is None


# ------------------------------------------------------------------------------------- takeover


def test_a_restored_fold_goes_on_as_the_original(world):
    world.agent("a", places=2, skills={"x": 1.0}, cost_per_task=10**30)
    world.agent("b")
    world.agent("gone")
    for n in range(1200):
        spec = world.needing("x") if n % 2 else {"max_cost": 10**30 + 1}
        world.submit(f"t{n}", at=n, deadline=after(10_000), **spec)
    world.submit("held", not_before=after(5))
    world.run()
    world.failed("t0", TaskStatus.QUEUED, retry_in=3)
    world.fold.apply("agent/gone", AgentUnregistered(at=NOW))
    world.fold.apply("agent/b", AgentWentOffline(at=NOW))

    data = list(encode_snapshot(at_once(world.fold.snapshot())))
    restored = World()
    restored.fold = at_once(Dispatching.restore(at_once(decode_snapshot(data))))
    assert list(encode_snapshot(at_once(restored.fold.snapshot()))) == data
    assert len(restored.fold) == len(world.fold)
    for each in (world, restored):
        each.now = after(5)
        each.agent("new", places=5)
    assert restored.plan() == world.plan()


def test_what_was_only_reserved_waits_in_a_snapshot(world):
    world.agent("a")
    world.submit("1")
    world.plan()
    world.fold.place("2", PLAIN, NOW)

    restored = at_once(Dispatching.restore(at_once(world.fold.snapshot())))
    assert [each.task_id for each in restored.plan(NOW)] == ["1"]


@pytest.mark.parametrize("pieces", [[], [b""], [b"{}"], [b'{"end":[1]}'], [b'{"other":[]}']])
def test_a_damaged_snapshot_is_told_so(pieces):
    with pytest.raises(msgspec.MsgspecError):
        at_once(decode_snapshot(pieces))
