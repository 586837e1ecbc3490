"""Thousands of different demands that nobody has room for: small steps, and the same order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.dispatching_snapshot import decode_snapshot, encode_snapshot
from aia_mas.domain.orchestration.task_specification import Priority, Requirements

from .counting import calls_of
from .many_demands import World, only_sweeps, steps_of

KINDS = ["tasks", "task", "agent", "agent", "end", "ends", "end", "ends", "offline", "cancel"]
HAPPENED = st.lists(
    st.tuples(
        st.sampled_from([*KINDS, "limit", "pause", "resume", "time"]), st.integers(0, 10_000)
    ),
    min_size=5,
    max_size=60,
)
LOOKS = st.sampled_from([20, 40, 100])
QUITE_LONG = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUITE_LONG
@given(HAPPENED, LOOKS, st.integers(1, 3), st.integers(0, 3))
def test_nobody_who_suits_has_room_in_the_end(happened, looks, tries, steps_between):
    """Whatever happens between the steps of a sweep."""
    world = World()
    for pick in range(5):
        world.happen("agent", 7 * pick + 3)
    for pick in range(150):
        world.happen("task", pick * 17)
    with steps_of(looks):
        for what, pick in happened:
            world.happen(what, pick)
            for _ in range(steps_between):
                world.step(tries)
        world.run(tries)
        assert world.placeable() == []


@QUITE_LONG
@given(HAPPENED, LOOKS, st.integers(1, 3))
def test_small_steps_place_the_same_tasks_in_the_same_order(happened, looks, tries):
    """As if there were one step for everything (but for what else takes several)."""
    small, large = World(), World()
    for pick in range(5):
        for world in (small, large):
            world.happen("agent", 7 * pick + 3)
    for what, pick in happened:
        small.happen(what, pick)
        large.happen(what, pick)
        with only_sweeps(), steps_of(looks):
            small.run(tries)
        with only_sweeps(), steps_of(1_000_000):
            large.run(1_000_000)
        assert small.order == large.order


@QUITE_LONG
@given(st.integers(0, 60), LOOKS)
def test_a_fold_that_is_restored_within_a_sweep_begins_anew(steps, looks):
    world = World()
    for pick in range(5):
        world.happen("agent", 7 * pick + 3)
    for pick in range(150):
        world.happen("task", pick * 17)
    with steps_of(looks):
        world.run()
        for task_id in list(world.held)[:4]:
            world.complete(task_id)
        for _ in range(steps):
            world.step(1)
        data = list(encode_snapshot(at_once(world.fold.snapshot())))
        world.fold = at_once(Dispatching.restore(at_once(decode_snapshot(data))))
        world.run()
    assert world.placeable() == []


def with_room() -> World:
    """A world with room at an agent that nobody asks for, so that whatever waits is tried."""
    world = World()
    world.agent("idle", Capabilities(skills={"else": 1.0}))
    return world


def full(agents: int, skill: str = "base") -> World:
    """A world in which every other agent has its only place taken."""
    world = with_room()
    for number in range(agents):
        skills = {skill: 0.9, f"s{number % 50}": 0.9}
        world.agent(f"a{number}", Capabilities(skills=skills))
        world.submit(requirements=Requirements(skills={f"s{number % 50}": 0.5}))
    world.run()
    assert not world.waiting
    return world


def most_calls(world: World) -> int:
    """Plan until there is no more to plan; returns the most calls that one step took."""
    most = 0
    while True:
        placed: list[int] = []
        most = max(most, calls_of(lambda placed=placed: placed.append(world.step())))
        if not placed[0] and not world.fold.more_to_plan:
            return most


def needing(number: int, demands: int) -> dict[str, object]:
    """A demand that a fiftieth of the agents meets."""
    return {"requirements": Requirements(skills={f"s{number % 49}": 0.1 + 0.7 * number / demands})}


def with_all(number: int, demands: int) -> dict[str, object]:
    """A demand that everybody meets."""
    return {"requirements": Requirements(skills={"base": 0.5}), "max_cost": number}


def with_better(number: int, demands: int) -> dict[str, object]:
    """A demand that one agent meets, though all declare what it asks for."""
    return {"requirements": Requirements(skills={"base": 0.91 + 0.05 * number / demands})}


@pytest.mark.parametrize("asking", [needing, with_all, with_better])
@pytest.mark.parametrize("owners", [1, 2, 300])
def test_a_step_takes_no_longer_with_ten_times_as_many(asking, owners):
    most = []
    for demands in (300, 3_000):
        world = full(60)
        world.agent("best", Capabilities(skills={"base": 1.0}))
        world.submit(requirements=Requirements(skills={"base": 0.99}))
        for number in range(demands):
            world.submit(f"o{number % owners}", **asking(number, demands))
        took = [most_calls(world)]
        for freed in ("a7", "a49", "best", "best"):
            world.end(freed)
            took.append(most_calls(world))
        for number in range(20, 45):
            world.end(f"a{number}")
        took.append(most_calls(world))
        assert world.placeable() == []
        most.append(max(took))
    assert most[1] < 1.5 * most[0] + 1_000, most


def test_agents_that_suit_and_have_too_little_left_are_offered_once():
    """However many demands they suit, planning comes to an end."""
    world = World()
    world.agent("a", Capabilities(resources={"gpu": 8.0}, max_concurrent_tasks=20))
    world.submit(requirements=Requirements(resources={"gpu": 6.0}))
    for number in range(100):
        world.submit(requirements=Requirements(resources={"gpu": 4.0}), max_cost=number)
    small = world.submit(requirements=Requirements(resources={"gpu": 1.0}))
    assert world.run() < 50
    assert [task_id for task_id, _ in world.order] == ["t0", small]
    world.complete(small)
    assert world.run() < 50
    world.complete("t0")
    assert world.run() < 50
    assert len(world.held) == 2


def test_agents_with_room_meanwhile_are_found_though_much_is_open_before_them():
    """Who waits for the next sweep does not wait until all open lines were tried."""
    world = full(60)
    for number in range(3_000):
        world.submit(**needing(number, 3_000))
    for step in range(40):
        world.step()
        world.end(f"a{step % 40}")
    assert len(world.order) > 60 + 20


FEW_STUCK = 60


@QUITE_LONG
@given(
    st.integers(0, FEW_STUCK - 1),
    st.integers(0, 5),
    st.integers(0, FEW_STUCK),
    st.booleans(),
)
def test_what_moves_within_a_sweep_is_not_missed(wanted, steps, cancelled, returns):
    """Neither what comes after those that are called off, nor what comes before all others now."""
    world = with_room()
    rare = {"requirements": Requirements(skills={"rare": 0.5})}
    for agent_id, able in (("some", {"base": 1.0}), ("spare", {"rare": 1.0})):
        world.agent(agent_id, Capabilities(skills=able))
    world.submit(requirements=Requirements(skills={"base": 0.5}))
    old = world.submit(**rare)
    world.run()
    world.agent("other", Capabilities(skills={"rare": 1.0}))
    world.submit(requirements=Requirements(skills={"rare": 0.6}))
    world.run()
    base = Requirements(skills={"base": 0.5})
    tasks = [
        world.submit(**rare)
        if number == wanted
        else world.submit(requirements=base, max_cost=number)
        for number in range(FEW_STUCK)
    ]
    world.run()
    with steps_of(20):
        world.end("other")
        for _ in range(steps):
            world.step()
        for task_id in tasks[:cancelled]:
            if task_id != tasks[wanted]:
                world.cancel(task_id)
        if returns:
            world.release(old)
        world.run()
    assert tasks[wanted] in world.held
    assert old in world.held


def test_who_was_offered_first_is_not_forgotten_for_others():
    """A sweep that others wait for is brought to its end, not broken off."""
    world = with_room()
    for agent_id in ("first", "second", "busy"):
        world.agent(agent_id, Capabilities(skills={agent_id: 1.0}))
        world.submit(requirements=Requirements(skills={agent_id: 0.5}))
    world.run()
    stuck = world.submit(requirements=Requirements(skills={"first": 0.5}))
    world.run()
    for number in range(20):
        needs = Requirements(skills={"busy": 0.5})
        world.submit(priority=Priority.CRITICAL, requirements=needs, max_cost=number)
    world.end("first")
    world.step(1)
    world.end("second")
    world.step(1)
    world.run()
    assert world.held[stuck] == "first"
