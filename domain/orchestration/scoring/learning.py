"""What an event teaches about the agent that it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aia_mas.domain.kernel.event import Event
from aia_mas.domain.orchestration.scoring.records import Records
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskRated,
    TaskReleased,
    TaskStarted,
)


def learn(
    records: Records, task_id: str, event: Event, agent_id: str | None, task_type: str
) -> None:
    """Fold one event of a task into the records.

    Args:
        records: They learn.
        task_id: Which task.
        event: What happened; events that teach nothing change nothing.
        agent_id: Who held the task before, by the log; None: nobody did.
        task_type: The type of the task.
    """
    fold = _FOLDS.get(type(event))
    if fold is not None:
        fold(records, task_id, event, agent_id, task_type)


def learn_assignment(
    records: Records, task_id: str, event: TaskAssigned, task_type: str, sticky_key: str | None
) -> None:
    """Fold the assignment of a task with a type and a sticky key; without a type, nothing."""
    if task_type:
        records.assigned(task_id, event.agent_id, sticky_key, milliseconds(event.assigned_at))


def _started(records: Records, task_id: str, event: TaskStarted, *_: Any) -> None:
    records.started(task_id, milliseconds(event.started_at))


def _asked(records: Records, task_id: str, event: TaskInputRequested, *_: Any) -> None:
    records.asked(task_id, milliseconds(event.at))


def _answered(records: Records, task_id: str, event: TaskInputGiven, *_: Any) -> None:
    records.answered(task_id, milliseconds(event.at))


def _completed(
    records: Records, task_id: str, event: TaskCompleted, agent_id: str | None, task_type: str
) -> None:
    if agent_id is not None:
        records.completed(task_id, agent_id, task_type, milliseconds(event.completed_at))


def _failed(
    records: Records, task_id: str, _event: Event, agent_id: str | None, task_type: str
) -> None:
    if agent_id is not None:
        records.failed(task_id, agent_id, task_type)


def _released(
    records: Records, task_id: str, event: TaskReleased, agent_id: str | None, task_type: str
) -> None:
    if event.lost and agent_id is not None:
        records.lost(task_id, agent_id, task_type)
    else:
        records.ended(task_id)


def _ended(records: Records, task_id: str, *_: Any) -> None:
    records.ended(task_id)


def _rated(records: Records, task_id: str, event: TaskRated, *_: Any) -> None:
    records.rated(task_id, event.agent_id, event.rating)


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[Records, str, Any, str | None, str], None]] = {
    TaskStarted: _started,
    TaskInputRequested: _asked,
    TaskInputGiven: _answered,
    TaskCompleted: _completed,
    TaskFailed: _failed,
    TaskReleased: _released,
    TaskCancelled: _ended,
    TaskExpired: _ended,
    TaskRated: _rated,
}
TEACHING: Final = frozenset(_FOLDS)
"""The events that teach something."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(at: datetime) -> int:
    """Return a time as milliseconds since the epoch."""
    # Not by a float: a sum of those may come out otherwise when it is made again.
    return (at - _EPOCH) // _MILLISECOND
