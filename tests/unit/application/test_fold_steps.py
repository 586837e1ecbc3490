"""Snapshots and restores of the real folds at full size: in many small steps, none of them long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from aia_mas.application.event_log.fold import Fold
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.processes.deadlines import ExpiryFold
from aia_mas.application.processes.dispatch_fold import DispatchFold
from aia_mas.application.processes.webhook_fold import WebhookFold
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.steps import Steps
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.limits import KeyLimits
from aia_mas.domain.orchestration.queueing import KeyState
from aia_mas.domain.orchestration.queueing.rate_window import RateWindow, StoredWindow
from aia_mas.domain.orchestration.task_events import TaskAssigned, TaskSubmitted
from aia_mas.domain.orchestration.task_specification import TaskSpecification
from aia_mas.projections.system_metrics import SystemMetrics

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AGENTS, TASKS = 10_000, 100_000
OWNERS, KEYS = 20_000, 2_000
MOST_COPIED = 5_000
MOST_MADE = 500
"""Rows within one step: references are copied, rows are encoded, decoded or built."""
LONGEST_PIECE = 128 * 1024


class Counted(NamedTuple):
    """Steps that were taken, and what they led to."""

    steps: int
    result: object


def counted(steps: Steps[object]) -> Counted:
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return Counted(count, end.value)
        count += 1


def full(fold: Fold) -> Fold:
    """Fold a full fleet, and as many open tasks, of which every other one is held."""
    position = 0

    def apply(stream: str, event: Event) -> None:
        nonlocal position
        position += 1
        fold.apply(
            RecordedEvent(position, stream, 1, event.topic, event, NOW, "c", "me", None, None)
        )

    able = Capabilities(max_concurrent_tasks=10, skills={"python": 0.5})
    for number in range(AGENTS):
        apply(
            f"agent/{number}",
            AgentRegistered(capabilities=able, owner="o", registered_at=NOW),
        )
    spec = TaskSpecification(task_type="analysis")
    for number in range(TASKS):
        apply(f"task/{number}", TaskSubmitted(spec=spec, submitted_at=NOW, owner="o"))
        if number % 2:
            assigned = TaskAssigned(
                agent_id=f"{number % AGENTS}",
                attempt=1,
                lease="l",
                lease_seconds=60.0,
                assigned_at=NOW,
            )
            apply(f"task/{number}", assigned)
    return fold


@pytest.mark.parametrize(
    ("make", "kept"),
    [
        (lambda: DispatchFold(None, lambda: 0), TASKS),
        (ExpiryFold, TASKS),
        (SystemMetrics, TASKS),
        (WebhookFold, TASKS // 2),  # those that an agent has
    ],
    ids=["dispatching", "expiry", "system_metrics", "webhooks"],
)
def test_a_full_fold_is_copied_encoded_and_restored_in_small_steps(
    make: Callable[[], Fold], kept: int
) -> None:
    fold = full(make())

    copying = counted(fold.snapshot())
    assert copying.steps >= kept / MOST_COPIED
    pieces: list[bytes] = list(copying.result)  # type: ignore[call-overload]
    assert len(pieces) > kept / MOST_MADE
    assert max(map(len, pieces)) < LONGEST_PIECE

    restored = make()
    assert counted(restored.restore(pieces)).steps > kept / MOST_MADE
    again: list[bytes] = list(counted(restored.snapshot()).result)  # type: ignore[call-overload]
    assert again == pieces


def test_turns_and_keys_are_copied_and_encoded_in_small_steps() -> None:
    fold = DispatchFold(None, lambda: 0)
    queue, ended = fold.state.queue, list(range(10**15, 10**15 + 32))
    for number in range(OWNERS):
        queue.classes[0].turns.entered(f"owner {number}")
    for number in range(KEYS):
        limits = KeyLimits(key=f"k{number}", rate=100, per_seconds=60.0)
        window = RateWindow(StoredWindow(10**15, list(range(100)), ended * 3))
        queue.keys.states[f"k{number}"] = KeyState(limits, window, ended)

    copying = counted(fold.snapshot())
    assert copying.steps >= OWNERS / MOST_COPIED + KEYS / MOST_MADE
    pieces: list[bytes] = list(copying.result)  # type: ignore[call-overload]
    assert max(map(len, pieces)) < LONGEST_PIECE
    assert len(pieces) > OWNERS / MOST_MADE + KEYS / MOST_MADE

    restored = DispatchFold(None, lambda: 0)
    assert counted(restored.restore(pieces)).steps > len(pieces)
    again: list[bytes] = list(counted(restored.snapshot()).result)  # type: ignore[call-overload]
    assert again == pieces
