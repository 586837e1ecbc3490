"""What subscribers are told of a task."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration import task
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCompleted,
    TaskInputGiven,
    TaskInputRequested,
    TaskProgressed,
    TaskRated,
    TaskReprioritised,
)
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.interfaces.realtime.task_facts import TASKS

AT = datetime(2026, 1, 2, tzinfo=UTC)
HELD: dict[str, Any] = {"agent_id": "a1", "attempt": 1}
ASSIGNED = {**HELD, "lease": "secret", "lease_seconds": 1.0, "assigned_at": AT}


def told(event: Event) -> dict[str, Any]:
    """Return the members of an update that this kind of event adds, and its status."""
    recorded = RecordedEvent(
        position=1,
        stream="task/t1",
        version=1,
        topic=event.topic,
        event=event,
        recorded_at=AT,
        command_id="c",
        actor="o",
        correlation_id=None,
        causation_id=None,
    )
    update, _ = TASKS.describe("name", "t1", recorded)
    plain: dict[str, Any] = msgspec.to_builtins(update)
    common = {"event", "version", "at", "actor", "task_id", "agent_id", "attempt"}
    return {name: value for name, value in plain.items() if name not in common}


@pytest.mark.parametrize(
    ("event", "update"),
    [
        (
            TaskInputRequested(**HELD, number=2, question="q?", schema={"secret": 1}, at=AT),
            {"status": "input_required", "number": 2, "question": "q?"},
        ),
        (
            TaskInputGiven(**HELD, number=2, answer={"secret": 1}, by="o", at=AT),
            {"status": "running", "number": 2},
        ),
        (
            TaskProgressed(**HELD, percent=5.0, partial="secret", log=("secret",), at=AT),
            {"status": "running", "percent": 5.0, "message": ""},
        ),
        (
            TaskProgressed(**HELD, message="m", waiting=True, at=AT),
            {"status": "input_required", "message": "m"},
        ),
        (
            TaskReprioritised(priority=Priority.LOW, since=AT, by="o", reason="r", at=AT),
            {"priority": "low", "reason": "r"},
        ),
        (TaskRated(**HELD, rating=0.5, comment="secret", by="o", at=AT), {"rating": 0.5}),
        (
            TaskCompleted(**HELD, lease="secret", over_max_cost=True, completed_at=AT),
            {"status": "completed", "over_max_cost": True},
        ),
        (TaskCompleted(**HELD, lease="secret", completed_at=AT), {"status": "completed"}),
        (TaskAssigned(**ASSIGNED), {"status": "assigned"}),
        (
            TaskAssigned(**ASSIGNED, unfunded="pool_empty"),
            {"status": "assigned", "reward": {"status": "unfunded", "reason": "pool_empty"}},
        ),
        (
            TaskAssigned(
                **ASSIGNED,
                reward=RewardTerms(
                    tier="silver", multiplier_ppm=1_200_000, base=10 * ONE, reserved=18 * ONE
                ),
            ),
            {
                "status": "assigned",
                "reward": {
                    "status": "promised",
                    "tier": "silver",
                    "multiplier": "1.2",
                    "base": "10",
                    "reserved": "18",
                    "seconds": 0.0,
                },
            },
        ),
    ],
)
def test_an_update_says_what_happened_and_keeps_what_may_be_large(
    event: Event, update: dict[str, Any]
) -> None:
    assert told(event) == update


def test_every_event_of_a_task_is_told() -> None:
    topics = {event.topic.removesuffix(".v1") for event in task.EVENTS}
    assert set(TASKS.events) == topics
