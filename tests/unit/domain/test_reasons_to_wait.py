"""Whoever waits has a reason: an agent that has room is never left to nobody (docs/adr/0008)."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.orchestration.agent_events import (
    AgentCameOnline,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.limits import LimitRemoved, LimitSet
from aia_mas.domain.orchestration.passed_over import PATIENCE
from aia_mas.domain.orchestration.pauses import PAUSES, DispatchPaused, DispatchResumed
from aia_mas.domain.orchestration.task_events import TaskCancelled, TaskReprioritised, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
)

from .test_passed_over import GPUS, NOW, World


def crowded() -> World:
    """An agent that is full."""
    world = World()
    for _ in range(GPUS):
        world.submit(1)
    world.run()
    return world


def moved(world: World, task_id: str, priority: Priority) -> None:
    event = TaskReprioritised(priority=priority, since=NOW, by="o", at=world.now)
    world.fold.apply(f"task/{task_id}", event)


def test_an_agent_that_became_free_in_a_pause_is_not_forgotten_when_it_ends():
    world = crowded()
    task = world.submit(1, kind="other")
    assert world.run() == []
    world.fold.apply(PAUSES, DispatchPaused(task_type="other", by="ops", at=NOW))
    world.end("a0")
    assert world.run() == []

    world.fold.apply(PAUSES, DispatchResumed(task_type="other", by="ops", at=NOW))
    assert world.run() == [task]


def test_who_stood_behind_a_reservation_is_looked_at_when_another_agent_ends_it():
    """The small one is older, so that it was passed by before the reservation fell."""
    world = crowded()
    demands = Requirements(resources={"gpu": 1.0}, data_sources=("y",))
    spec = TaskSpecification(task_type="t", priority=Priority.LOW, requirements=demands)
    world.fold.apply("task/old", TaskSubmitted(spec=spec, submitted_at=NOW, owner="o"))
    world.now += timedelta(seconds=1)
    big = world.submit(GPUS)
    world.crowd(PATIENCE)
    moved(world, "old", Priority.NORMAL)
    world.end("a0")
    assert world.run() == []
    assert world.codes("old") == ["reserved_for_others"]

    # Only the big one suits it.
    elsewhere = Capabilities(max_concurrent_tasks=1, resources={"gpu": GPUS}, data_sources=("z",))
    world.register("new", elsewhere)
    assert world.run() == [big, "old"]


def test_who_comes_to_stand_before_a_reservation_goes_at_once():
    world = crowded()
    old = world.submit(1, kind="other", priority=Priority.LOW)
    world.now += timedelta(seconds=1)
    big = world.submit(GPUS)
    world.run()
    world.crowd(PATIENCE)
    world.now += timedelta(seconds=55)
    later = world.submit(1, kind="other", priority=Priority.HIGH)
    world.end("a0")
    assert world.run() == []
    assert world.codes(later) == ["reserved_for_others"]

    moved(world, old, Priority.HIGH)
    assert world.run() == [old]
    assert "reserved" in world.codes(big)


def test_who_stands_before_the_next_of_a_line_goes_when_its_first_is_called_off():
    world = crowded()
    first = world.submit(GPUS)
    world.run()
    world.crowd(PATIENCE)
    world.now += timedelta(seconds=55)
    second = world.submit(GPUS)
    between = world.submit(1, kind="other", priority=Priority.HIGH)
    world.end("a0")
    assert world.run() == []

    world.fold.apply(f"task/{first}", TaskCancelled(by="o", at=world.now))
    assert world.run() == [between]
    assert "reserved" in world.codes(second)


AGENTS = ("a0", "a1", "narrow")
KINDS = ("t", "u")
SIZE = st.sampled_from([0, 1, 1, 1, 4, GPUS])
STEP = st.one_of(
    st.tuples(
        st.just("submit"),
        SIZE,
        st.sampled_from("ab"),
        st.sampled_from(KINDS),
        st.sampled_from(list(Priority)),
        st.sampled_from([None, None, "k"]),
    ),
    st.tuples(st.just("end"), st.sampled_from(AGENTS)),
    st.tuples(st.just("crowd"), st.integers(1, 2 * PATIENCE)),
    st.tuples(st.just("move"), st.integers(0, 99), st.sampled_from(list(Priority))),
    st.tuples(st.just("cancel"), st.integers(0, 99)),
    st.tuples(st.sampled_from(["pause", "resume"]), st.sampled_from([None, *KINDS])),
    st.tuples(st.sampled_from(["away", "back"]), st.sampled_from(AGENTS)),
    st.tuples(
        st.just("limit"),
        st.sampled_from([None, 0, 1, 3]),
        st.sampled_from([None, (1, 1.0), (1, 3_600.0), (3, 5.0)]),
    ),
    st.tuples(st.just("later"), st.sampled_from([0.5, 1.0, 7.0, 60.0])),
)


class Eventful(World):
    """A world in which anything may happen."""

    def __init__(self) -> None:
        super().__init__(2)
        self.waiting: set[str] = set()
        self.register("narrow", Capabilities(max_concurrent_tasks=1))

    def step(self, what: str, *values: object) -> None:
        getattr(self, f"_{what}")(*values)
        self.waiting -= set(self.run())
        for task_id in self.waiting:
            assert self.codes(task_id), f"{task_id} waits for nothing"

    def _submit(self, gpus, owner, kind, priority, key) -> None:
        self.waiting.add(self.submit(gpus, owner, key=key, kind=kind, priority=priority))

    def _end(self, agent_id: str) -> None:
        self.end(agent_id)

    def _crowd(self, rounds: int) -> None:
        for _ in range(rounds):
            self._submit(1, "c", "t", Priority.NORMAL, None)
            self.end("a0")
            self.waiting -= set(self.run())

    def _one(self, number: int) -> str | None:
        ordered = sorted(self.waiting)
        return ordered[number % len(ordered)] if ordered else None

    def _move(self, number: int, priority: Priority) -> None:
        if task_id := self._one(number):
            moved(self, task_id, priority)

    def _cancel(self, number: int) -> None:
        if task_id := self._one(number):
            self.waiting.discard(task_id)
            self.fold.apply(f"task/{task_id}", TaskCancelled(by="o", at=self.now))

    def _pause(self, kind: str | None) -> None:
        self.fold.apply(PAUSES, DispatchPaused(task_type=kind, by="ops", at=self.now))

    def _resume(self, kind: str | None) -> None:
        self.fold.apply(PAUSES, DispatchResumed(task_type=kind, by="ops", at=self.now))

    def _away(self, agent_id: str) -> None:
        self.fold.apply(f"agent/{agent_id}", AgentWentOffline(at=self.now))

    def _back(self, agent_id: str) -> None:
        self.fold.apply(f"agent/{agent_id}", AgentCameOnline(at=self.now))

    def _limit(self, held: int | None, pace: tuple[int, float] | None) -> None:
        if held is None and pace is None:
            event: object = LimitRemoved(key="k", by="ops", at=self.now)
        else:
            rate, period = pace or (None, None)
            event = LimitSet(
                key="k", max_concurrent=held, rate=rate, per_seconds=period, by="ops", at=self.now
            )
        self.fold.apply("limit/k", event)

    def _later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@given(st.lists(STEP, max_size=60))
def test_who_waits_has_a_reason_whatever_happens(steps):
    world = Eventful()
    for step in steps:
        world.step(*step)
