"""A simulated day of 1,000 agents: promises watched at every event, policies compared."""

from functools import cache

import pytest

from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.projections.system_metrics import SystemMetrics

from .day import Day
from .policies import POLICIES
from .report import figures, jain, table
from .scenario import Size

SEED = 20260105
SMALL, HALF, WHOLE = Size(agents=60, tasks=900), Size(agents=500, tasks=8_000), Size()

# A whole day takes longer than all the others of the fast tests: one is enough to see that nothing
# goes wrong in it, and half as many agents to tell these policies from each other.
COMPARED = ("random", "least_loaded", "scored")
SIZES = {"random": HALF, "least_loaded": HALF, "scored": WHOLE}


@cache
def day_of(policy: str, size: Size | None = None) -> Day:
    """A day under a policy; what is promised of each event was checked on the way.

    Args:
        policy: The name of the policy.
        size: How many there are; as many as are wanted of this policy when left out.
    """
    if size is None:
        return day_of(policy, SIZES.get(policy, SMALL))
    return Day(SEED, size, POLICIES[policy]).run()


@pytest.mark.parametrize(("policy", "size"), SIZES.items())
def test_the_day_had_everything_in_it(policy: str, size: Size) -> None:
    day = day_of(policy, size)
    topics = {recorded.topic.removesuffix(".v1") for recorded in day.world.log}
    assert {
        "agent.went_offline",
        "agent.came_online",
        "agent.drained",
        "agent.suspended",
        "agent.unregistered",
        "task.released",
        "task.failed",
        "task.expired",
        "task.result_refused",
    } <= topics
    assert day.refused["stale_lease"] > 0
    assert len(day.world.tasks) == size.tasks


@pytest.mark.parametrize("policy", POLICIES)
def test_every_task_ends_is_worked_on_or_waits_with_a_reason(policy: str) -> None:
    world = day_of(policy).world
    world.check_that_nothing_is_forgotten()
    open_ = [state for state in world.tasks.values() if state.unfinished]
    assert len(open_) < 0.15 * len(world.tasks)
    completed = sum(state.status is TaskStatus.COMPLETED for state in world.tasks.values())
    assert completed > 0.7 * len(world.tasks)


@pytest.mark.parametrize("policy", POLICIES)
def test_the_metrics_of_a_day_equal_those_rebuilt_and_those_counted(policy: str) -> None:
    world = day_of(policy).world
    rebuilt = SystemMetrics()
    for recorded in world.log:
        rebuilt.apply(recorded)
    current = world.metrics.current()
    assert rebuilt.current() == current
    assert rebuilt.history() == world.metrics.history()
    statuses = [state.status for state in world.tasks.values()]
    assert current.tasks.by_status == {each.value: statuses.count(each) for each in TaskStatus}
    assert current.agents.in_use <= current.agents.places


def test_the_score_does_better_than_chance_and_than_the_least_load() -> None:
    rows = {policy: figures(policy, day_of(policy, HALF)) for policy in COMPARED}
    print(f"\n{table(rows.values())}")
    scored = rows["scored"]
    for other in (rows["random"], rows["least_loaded"]):
        assert scored.success > other.success
        assert scored.p95_wait < other.p95_wait
        assert scored.cost < other.cost


def test_policies_are_compared_in_a_table() -> None:
    rows = [figures(policy, day_of(policy, SMALL)) for policy in POLICIES]
    print(f"\n{table(rows)}")
    assert [row.policy for row in rows] == list(POLICIES)
    for row in rows:
        assert 0.5 < row.success <= 1
        assert 0 <= row.p95_wait < 86_400
        assert row.cost > 0
        assert 1 / 12 < row.fairness <= 1


@pytest.mark.parametrize("policy", POLICIES)
def test_the_same_seed_gives_the_same_log(policy: str) -> None:
    again = Day(SEED, SMALL, POLICIES[policy]).run()
    assert again.world.digest == day_of(policy, SMALL).world.digest


def test_another_seed_gives_another_log() -> None:
    """Of a policy that draws nothing: the day itself is another one."""
    other = Day(SEED + 1, SMALL, POLICIES["least_loaded"]).run()
    assert other.world.digest != day_of("least_loaded", SMALL).world.digest


def test_fairness_is_one_for_equals_and_least_when_one_has_everything() -> None:
    assert jain([0.5, 0.5, 0.5]) == 1.0
    assert jain([1.0, 0.0, 0.0, 0.0]) == 0.25
