"""How events of tasks become the performance of their agents (migration 0007): integers only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel import Event
from aia_mas.domain.kernel.ids import entity_of
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
    TaskSubmitted,
)
from aia_mas.projections.durations import bucket_of
from aia_mas.projections.performance_rows import PerformanceRow, StreakRow, WorkRow
from aia_mas.projections.table import Derived, MissingRow, Projection, RowFold, Table

HOUR = 3_600_000
"""Milliseconds."""
DAYS_KEPT = 30
"""For so long there are figures by the hour; those of all time are kept for ever."""
_HOURS_KEPT = DAYS_KEPT * 24 + 1  # a window of so many days begins with a full hour
_MILLION = 1_000_000

Change = Callable[[PerformanceRow], None]


def _submitted(_row: WorkRow | None, recorded: RecordedEvent) -> WorkRow:
    return WorkRow(entity_of(recorded.stream), recorded.event.spec.task_type)


def _assigned(row: WorkRow | None, recorded: RecordedEvent) -> WorkRow:
    row = _known(row, recorded)
    row.price = str(recorded.event.price)
    row.begun, row.asked = _at(recorded), 0
    return row


def _started(row: WorkRow | None, recorded: RecordedEvent) -> WorkRow:
    row = _known(row, recorded)
    row.begun = _at(recorded)
    return row


def _asked(row: WorkRow | None, recorded: RecordedEvent) -> WorkRow:
    row = _known(row, recorded)
    row.asked = _at(recorded)
    return row


def _answered(row: WorkRow | None, recorded: RecordedEvent) -> WorkRow:
    row = _known(row, recorded)
    at = _at(recorded)
    row.begun, row.asked = at - row.worked(at), 0
    return row


def _known(row: WorkRow | None, recorded: RecordedEvent) -> WorkRow:
    if row is None:
        raise MissingRow(recorded.stream)
    return row


def _at(recorded: RecordedEvent) -> int:
    return round(recorded.recorded_at.timestamp() * 1000)


def _went_well(row: StreakRow | None, recorded: RecordedEvent) -> StreakRow:
    row = row or StreakRow(recorded.event.agent_id)
    row.streak = max(row.streak, 0) + 1
    row.best = max(row.best, row.streak)
    return row


def _went_wrong(row: StreakRow | None, recorded: RecordedEvent) -> StreakRow:
    row = row or StreakRow(recorded.event.agent_id)
    row.streak = min(row.streak, 0) - 1
    return row


def _taken(row: StreakRow | None, recorded: RecordedEvent) -> StreakRow:
    if recorded.event.lost:
        return _went_wrong(row, recorded)
    return row or StreakRow(recorded.event.agent_id)


def _changes(work: WorkRow, recorded: RecordedEvent) -> Iterator[tuple[str, RowFold[Any]]]:
    """Yield what an event changes in the sums of its agent: of the hour, and of all time."""
    agent_id = recorded.event.agent_id
    if agent_id is None:  # nobody had it
        return
    task_type, at = work.task_type, _at(recorded)
    change = _SUMS[type(recorded.event)](work, recorded)
    # An hour takes the row of the one that is too old, so there are never more rows than hours
    # kept, and nothing needs to be deleted at a time that a rebuild would not know.
    hour = at // HOUR
    for span, begun, slot in (("hour", hour * HOUR, hour % _HOURS_KEPT), ("all", 0, 0)):
        # What a client calls its work comes last: it may hold anything.
        key = f"{span}/{slot}/{agent_id}/{task_type}"
        yield key, partial(_changed, change, (key, agent_id, task_type, span, begun))


def _changed(
    change: Change,
    named: tuple[str, str, str, str, int],
    row: PerformanceRow | None,
    _recorded: RecordedEvent,
) -> PerformanceRow:
    if row is None or row.begun != named[-1]:
        row = PerformanceRow(*named)
    change(row)
    return row


def _counting(name: str) -> Callable[[WorkRow, RecordedEvent], Change]:
    def change(row: PerformanceRow) -> None:
        setattr(row, name, getattr(row, name) + 1)

    return lambda _work, _recorded: change


def _completed(work: WorkRow, recorded: RecordedEvent) -> Change:
    event: TaskCompleted = recorded.event
    worked, price = work.worked(_at(recorded)), int(work.price)
    bucket = str(bucket_of(worked))

    def change(row: PerformanceRow) -> None:
        row.completed += 1
        row.worked += worked
        row.longest = max(row.longest, worked)
        row.lasted(bucket)
        if event.quality is not None:
            row.estimated += 1
            row.estimate += round(event.quality * _MILLION)
        if event.usage is not None and event.usage.cost:  # without one its price is what it cost
            cost = event.usage.cost
            row.costed += 1
            row.cost = str(int(row.cost) + cost)
            row.price = str(int(row.price) + price)
            row.above_price += cost > price

    return change


def _released(_work: WorkRow, recorded: RecordedEvent) -> Change:
    lost = recorded.event.lost

    def change(row: PerformanceRow) -> None:
        row.released += 1
        row.lost += lost

    return change


def _rated(_work: WorkRow, recorded: RecordedEvent) -> Change:
    rating = round(recorded.event.rating * _MILLION)

    def change(row: PerformanceRow) -> None:
        row.rated += 1
        row.rating += rating

    return change


_SUMS: dict[type[Event], Callable[[WorkRow, RecordedEvent], Change]] = {
    TaskAssigned: _counting("assigned"),
    TaskCompleted: _completed,
    TaskFailed: _counting("failed"),
    TaskReleased: _released,
    TaskCancelled: _counting("cancelled"),
    TaskExpired: _counting("expired"),
    TaskRated: _rated,
}


def _task_of_stream(recorded: RecordedEvent) -> str:
    return entity_of(recorded.stream)


def _agent_of_task(recorded: RecordedEvent) -> str | None:
    agent_id: str | None = recorded.event.agent_id
    return agent_id


AGENT_PERFORMANCE = Projection(
    "agent_performance",
    3,
    (
        Table("", PerformanceRow, _task_of_stream, {}),
        Table(
            "_streaks",
            StreakRow,
            _agent_of_task,
            {TaskCompleted: _went_well, TaskFailed: _went_wrong, TaskReleased: _taken},
        ),
        Table(
            "_tasks",
            WorkRow,
            _task_of_stream,
            {
                TaskSubmitted: _submitted,
                TaskAssigned: _assigned,
                TaskStarted: _started,
                TaskInputRequested: _asked,
                TaskInputGiven: _answered,
                **dict.fromkeys(_SUMS.keys() - {TaskAssigned}, _known),
            },
            makes={TaskSubmitted},
        ),
    ),
    frozenset({"task"}),
    derived=(Derived(2, 0, _SUMS.keys(), _changes),),
)
