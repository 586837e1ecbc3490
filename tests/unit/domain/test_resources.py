"""Resources: what tasks take of their agents, and what waits for what is left."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUpdated
from aia_mas.domain.orchestration.amounts import had, taken
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import Requirements, TaskSpecification

NOW = datetime(2026, 1, 2, tzinfo=UTC)


class Desk:
    """A dispatcher's fold, and what is done with what it plans."""

    def __init__(self) -> None:
        self.fold = Dispatching()
        self.count = 0

    def agent(self, agent_id: str, **resources: float) -> None:
        able = Capabilities(max_concurrent_tasks=9, resources=resources)
        event = AgentRegistered(capabilities=able, owner="o", registered_at=NOW)
        self.fold.apply(f"agent/{agent_id}", event)

    def task(self, **resources: float) -> str:
        self.count += 1
        spec = TaskSpecification(task_type="t", requirements=Requirements(resources=resources))
        self.fold.apply(
            f"task/t{self.count}", TaskSubmitted(spec=spec, submitted_at=NOW, owner="o")
        )
        return f"t{self.count}"

    def assign(self) -> dict[str, str]:
        placed = {each.task_id: each.agent_id for each in self.fold.plan(NOW, 100)}
        for task_id, agent_id in placed.items():
            assigned = TaskAssigned(
                agent_id=agent_id, attempt=1, lease="L", lease_seconds=1.0, assigned_at=NOW
            )
            self.fold.apply(f"task/{task_id}", assigned)
        return placed

    def complete(self, task_id: str, agent_id: str) -> None:
        event = TaskCompleted(agent_id=agent_id, attempt=1, lease="L", completed_at=NOW)
        self.fold.apply(f"task/{task_id}", event)

    def restore(self) -> None:
        self.fold = at_once(Dispatching.restore(at_once(self.fold.snapshot())))


@pytest.mark.parametrize("others", [0, 20])
def test_what_is_in_use_is_not_given_away_twice(others):
    desk = Desk()
    desk.agent("a", gpu=1.0, cpu=4.0)
    for number in range(others):
        desk.agent(f"o{number}", cpu=64.0)
    first, second, third = desk.task(gpu=0.6), desk.task(gpu=0.4), desk.task(gpu=0.1)

    assert desk.assign() == {first: "a", second: "a"}
    (reason,) = desk.fold.why_not(third, NOW)
    assert (reason.code, reason.count) == ("resources_in_use", 1)
    assert reason.facts == {"qualified": 1, "demanded": {"gpu": 0.1}, "most_left": {"gpu": 0.0}}

    desk.complete(second, "a")
    assert desk.fold.more_to_plan
    assert desk.assign() == {third: "a"}


def test_three_tenths_fit_into_what_three_times_a_tenth_make():
    desk = Desk()
    desk.agent("a", share=0.3)
    tasks = [desk.task(share=0.1) for _ in range(4)]

    assert desk.assign() == dict.fromkeys(tasks[:3], "a")


def test_tasks_without_demands_go_past_those_that_wait_for_resources():
    desk = Desk()
    desk.agent("a", gpu=1.0)
    first, second, modest = desk.task(gpu=1.0), desk.task(gpu=1.0), desk.task()

    assert desk.assign() == {first: "a", modest: "a"}
    assert [reason.code for reason in desk.fold.why_not(second, NOW)] == ["resources_in_use"]


def test_nobody_has_that_much():
    desk = Desk()
    desk.agent("a", gpu=1.0)
    waiting = desk.task(gpu=1.5)

    assert desk.assign() == {}
    (reason,) = desk.fold.why_not(waiting, NOW)
    assert reason.code == "no_agent_with_resource"
    assert reason.facts == {"resource": "gpu", "amount": 1.5}


def test_who_declares_less_keeps_what_it_has_and_gets_nothing_more():
    desk = Desk()
    desk.agent("a", gpu=2.0)
    first = desk.task(gpu=2.0)
    desk.assign()
    less = Capabilities(max_concurrent_tasks=9, resources={"gpu": 1.0})
    desk.fold.apply("agent/a", AgentUpdated(capabilities=less, revision=2))
    second = desk.task(gpu=0.5)

    assert desk.assign() == {}
    desk.complete(first, "a")
    assert desk.assign() == {second: "a"}


def test_a_reservation_takes_resources_until_it_is_dropped():
    desk = Desk()
    desk.agent("a", gpu=1.0)
    first, second = desk.task(gpu=0.9), desk.task(gpu=0.8)
    (planned,) = desk.fold.plan(NOW, 100)
    assert planned.task_id == first

    desk.fold.apply(f"task/{first}", TaskCancelled(by="o", at=NOW))
    assert desk.fold.plan(NOW, 100) == []
    desk.fold.drop(first)
    assert [each.task_id for each in desk.fold.plan(NOW, 100)] == [second]


def test_a_task_placed_while_it_is_submitted_takes_resources_at_once():
    desk = Desk()
    desk.agent("a", gpu=1.0)
    spec = TaskSpecification(task_type="t", requirements=Requirements(resources={"gpu": 0.6}))

    assert desk.fold.place("x", spec, NOW + timedelta(seconds=1)) is not None
    assert desk.fold.place("y", spec, NOW + timedelta(seconds=1)) is None


def test_what_is_in_use_is_known_after_a_restart():
    desk = Desk()
    desk.agent("a", gpu=1.0)
    first, second = desk.task(gpu=0.6), desk.task(gpu=0.6)
    desk.assign()

    desk.restore()

    assert desk.assign() == {}
    desk.complete(first, "a")
    assert desk.assign() == {second: "a"}


@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_rounding_never_overdraws(has, wants):
    """What a task takes is at least what it asks for, and what an agent has at most its word."""
    counted = dict(taken({"r": wants})).get("r", 0)

    assert counted >= Decimal(repr(wants)) * 10**6
    assert had(has) <= Decimal(repr(has)) * 10**6
    assert abs(counted - had(wants)) <= 1
