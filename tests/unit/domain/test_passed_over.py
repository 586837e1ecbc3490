"""Who needs much of an agent is not starved by those who need little (docs/adr/0008)."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.orchestration.agent_events import (
    AgentRegistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.limits import LimitSet
from aia_mas.domain.orchestration.passed_over import PATIENCE
from aia_mas.domain.orchestration.pauses import PAUSES, DispatchPaused
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
GPUS = 8


def able(gpus: float = GPUS, places: int = 20) -> Capabilities:
    return Capabilities(max_concurrent_tasks=places, resources={"gpu": gpus})


class World:
    """Agents with eight GPUs each, of which each ends its oldest task when it is told to."""

    def __init__(self, agents: int = 1) -> None:
        self.fold = Dispatching()
        self.now = NOW
        self.running: dict[str, deque[str]] = {}
        self.order: list[str] = []
        self.submitted = 0
        for number in range(agents):
            self.register(f"a{number}", able())

    def register(self, agent_id: str, capabilities: Capabilities) -> None:
        self.running[agent_id] = deque()
        event = AgentRegistered(capabilities=capabilities, owner="o", registered_at=NOW)
        self.fold.apply(f"agent/{agent_id}", event)

    def submit(
        self,
        gpus: float = 0,
        owner: str = "o",
        *,
        key: str | None = None,
        kind: str = "t",
        priority: Priority = Priority.NORMAL,
    ) -> str:
        self.submitted += 1
        task_id = f"{'big' if gpus == GPUS else 'small'}{self.submitted}"
        spec = TaskSpecification(
            task_type=kind,
            priority=priority,
            requirements=Requirements(resources={"gpu": gpus} if gpus else {}),
            concurrency_key=key,
            concurrency_limit=None if key is None else 1,
        )
        event = TaskSubmitted(spec=spec, submitted_at=self.now, owner=owner)
        self.fold.apply(f"task/{task_id}", event)
        return task_id

    def run(self) -> list[str]:
        placed = []
        while (planned := self.fold.plan(self.now)) or self.fold.more_to_plan:
            for each in planned:
                assigned = TaskAssigned(
                    agent_id=each.agent_id,
                    attempt=1,
                    lease="L",
                    lease_seconds=9.0,
                    assigned_at=self.now,
                )
                self.fold.apply(f"task/{each.task_id}", assigned)
                self.running[each.agent_id].append(each.task_id)
                placed.append(each.task_id)
        self.order += placed
        return placed

    def end(self, agent_id: str) -> None:
        """Let an agent end its oldest task."""
        if self.running[agent_id]:
            done = TaskCompleted(agent_id=agent_id, attempt=1, lease="L", completed_at=self.now)
            self.fold.apply(f"task/{self.running[agent_id].popleft()}", done)

    def crowd(self, rounds: int, **small: object) -> list[str]:
        """Every agent ends its oldest task and somebody submits a small one, again and again."""
        placed = []
        for _ in range(rounds):
            for agent_id in self.running:
                self.submit(1, **small)  # type: ignore[arg-type]
                self.end(agent_id)
            placed += self.run()
        return placed

    def codes(self, task_id: str) -> list[str]:
        return [each.code for each in self.fold.why_not(task_id, self.now)]

    def starving(self) -> str:
        """A big task that has been passed over long enough."""
        agents = len(self.running)
        for _ in range(agents * GPUS):
            self.submit(1)
        self.run()
        big = self.submit(GPUS)
        self.run()
        assert self.codes(big) == ["resources_in_use"]
        self.crowd(PATIENCE // agents)
        assert self.codes(big) == ["reserved", "resources_in_use"]
        return big


def test_a_big_task_gets_an_agent_when_it_was_passed_over_so_often():
    world = World()
    big = world.starving()
    (reserved, _) = world.fold.why_not(big, world.now)
    assert reserved.agents == ("a0",)
    assert reserved.facts == {"agent_id": "a0", "in_hand": GPUS}
    small = world.submit(1)
    assert world.crowd(GPUS - 1) == [], "it takes no later task"
    assert world.codes(small) == ["reserved_for_others"]
    assert world.crowd(1) == [big]
    assert world.codes(small) == ["resources_in_use"]
    assert small in world.crowd(1), "then all others again"


def test_a_more_urgent_class_may_still_come_before():
    world = World()
    world.starving()
    world.end("a0")
    late = world.submit(1, priority=Priority.LOW)
    assert world.run() == []
    assert world.codes(late) == ["reserved_for_others"]
    urgent = world.submit(1, priority=Priority.CRITICAL)
    assert world.run() == [urgent]


def test_an_agent_that_comes_meanwhile_takes_it():
    world = World()
    big = world.starving()
    world.register("new", able())
    assert big in world.run()
    world.submit(1)
    world.end("a0")
    assert len(world.run()) == 1, "nothing is reserved any more"


@pytest.mark.parametrize(
    ("stream", "event"),
    [
        ("task/{big}", TaskCancelled(by="o", at=NOW)),
        ("agent/a0", AgentUpdated(capabilities=able(GPUS - 1), revision=2)),
        (PAUSES, DispatchPaused(task_type="heavy", by="ops", at=NOW)),
        ("limit/k", LimitSet(key="k", max_concurrent=0, by="ops", at=NOW)),
        ("limit/k", LimitSet(key="k", rate=1, per_seconds=3600.0, by="ops", at=NOW)),
    ],
)
def test_the_reservation_falls_with_its_reason(stream, event):
    world = World()
    world.fold.apply("limit/k", LimitSet(key="k", rate=9, per_seconds=1.0, by="ops", at=NOW))
    world.submit(1, key="k")
    for _ in range(GPUS - 1):
        world.submit(1)
    world.run()
    big = world.submit(GPUS, kind="heavy", key="k")
    world.crowd(PATIENCE + 1)
    assert "reserved" in world.codes(big)

    world.fold.apply(stream.format(big=big), event)
    world.end("a0")
    world.end("a0")
    world.submit(1)
    assert len(world.run()) >= 1
    assert "reserved" not in world.codes(big)


def test_the_reservation_falls_when_its_agent_goes():
    world = World(2)
    big = world.starving()
    kept = next(each for each in world.fold.why_not(big, NOW) if each.code == "reserved").agents[0]
    world.fold.apply(f"agent/{kept}", AgentWentOffline(at=NOW))
    world.run()
    assert "reserved" not in world.codes(big)
    del world.running[kept]
    assert big in world.crowd(2 * PATIENCE + GPUS)


def test_a_leader_that_stands_down_keeps_nothing():
    world = World()
    big = world.starving()
    world.fold.passed_over.give_up()
    assert world.codes(big) == ["resources_in_use"]


def test_who_needs_an_agent_and_a_key_at_the_same_time_gets_both():
    """The agent is taken by tasks without the key, the key by tasks of another agent."""
    world = World()
    world.register("other", Capabilities(max_concurrent_tasks=3, skills={"else": 1.0}))

    def elsewhere() -> str:
        world.submitted += 1
        spec = TaskSpecification(
            task_type="e",
            requirements=Requirements(skills={"else": 0.5}),
            concurrency_key="k",
            concurrency_limit=1,
        )
        task_id = f"else{world.submitted}"
        event = TaskSubmitted(spec=spec, submitted_at=world.now, owner="o")
        world.fold.apply(f"task/{task_id}", event)
        return task_id

    elsewhere()
    for _ in range(GPUS):
        world.submit(1)
    world.run()
    big = world.submit(GPUS, key="k")
    for _ in range(4 * (PATIENCE + GPUS)):
        # The key and the agent never become free at once.
        elsewhere()
        world.end("other")
        world.run()
        world.submit(1)
        world.end("a0")
        world.run()
        if big in world.order:
            return
    raise AssertionError(world.codes(big))


STEP = st.tuples(st.sampled_from(["a", "b", "c"]), st.integers(1, 3), st.booleans())


@given(st.integers(1, 3), st.lists(STEP, min_size=1, max_size=6), st.integers(0, 3))
def test_a_big_task_waits_for_no_more_dispatches_than_the_bound(agents, stream, others):
    """Every agent ends its oldest task in each round; small ones are submitted all the time."""
    world = World(agents)
    for _ in range(agents * GPUS):
        world.submit(1, "a")
    world.run()
    for number in range(others):
        world.submit(GPUS, f"other{number}")
    big = world.submit(GPUS, "somebody")
    before, rounds = len(world.order), 0
    while big not in world.order:
        owner, gpus, keyed = stream[rounds % len(stream)]
        for _ in range(agents * GPUS):
            world.submit(gpus, owner, key=f"k{world.submitted}" if keyed else None)
        for agent_id in world.running:
            world.end(agent_id)
        world.run()
        rounds += 1
        assert rounds < 2_000
    waited = world.order.index(big) - before

    # Its turn, by the bound of the ADR; then each of the big ones has to be passed over, and its
    # agent to become free, while the other agents go on with at most a task per GPU and round.
    owners = len({owner for owner, *_ in stream}) + others + 1
    elsewhere = (agents - 1) * GPUS * GPUS
    assert waited <= 2 * owners + 2 + (others + 1) * (2 * PATIENCE + GPUS + elsewhere)


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.booleans()), max_size=60))
def test_others_keep_their_turns_while_big_ones_are_served(arrivals):
    """However many wait for whole agents, who asks for little is dispatched in its turn or soon."""
    world = World()
    for owner, is_big in arrivals:
        world.submit(GPUS if is_big else 1, owner)
    world.run()
    one = world.submit(1, "somebody")
    before = len(world.order)
    for _ in range(10 * len(arrivals) + 10):
        world.run()
        world.now += timedelta(seconds=1)
        world.end("a0")
    waited = world.order.index(one) - before

    owners = len({owner for owner, _ in arrivals})
    assert waited <= 2 * owners + 2 + (2 * owners + 2) // PATIENCE + 1
    assert len(world.order) == len(arrivals) + 1, "all were placed"
