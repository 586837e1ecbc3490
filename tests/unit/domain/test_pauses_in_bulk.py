"""A pause and its end take no longer with more tasks, and keep the order of all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.pauses import PAUSES, DispatchPaused, DispatchResumed
from aia_mas.domain.orchestration.task_events import TaskSubmitted
from aia_mas.domain.orchestration.task_specification import TaskSpecification

from .counting import calls_of

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def waiting(tasks: int) -> Dispatching:
    """Tasks of two types by turns, no two of which ask for the same agents."""
    fold = Dispatching()
    for number in range(tasks):
        spec = TaskSpecification(task_type="xy"[number % 2], max_cost=1_000 + number)
        at = NOW + timedelta(seconds=number)
        fold.apply(f"task/{number}", TaskSubmitted(spec=spec, submitted_at=at, owner="o"))
    return fold


@pytest.mark.parametrize("task_type", ["x", None])
def test_a_pause_takes_as_long_with_a_hundred_times_as_many_tasks(task_type: str | None) -> None:
    events: list[Event] = [
        DispatchPaused(task_type=task_type, by="ops", at=NOW),
        DispatchResumed(task_type=task_type, by="ops", at=NOW),
    ]
    few, many = waiting(50), waiting(5_000)
    for event in events:
        needed = calls_of(lambda event=event: few.apply(PAUSES, event))  # type: ignore[misc]
        assert calls_of(lambda event=event: many.apply(PAUSES, event)) < needed + 100  # type: ignore[misc]


def test_after_a_pause_all_go_by_their_order() -> None:
    fold = waiting(40)
    fold.apply(PAUSES, DispatchPaused(task_type="x", by="ops", at=NOW))
    agent = Capabilities(max_concurrent_tasks=100)
    fold.apply("agent/a", AgentRegistered(capabilities=agent, owner="o", registered_at=NOW))
    first = [each.task_id for each in fold.plan(NOW, 5)]
    assert first == ["1", "3", "5", "7", "9"]

    fold.apply(PAUSES, DispatchResumed(task_type="x", by="ops", at=NOW))
    then = [each.task_id for each in fold.plan(NOW, 8)]
    assert then == ["0", "2", "4", "6", "8", "10", "11", "12"]
