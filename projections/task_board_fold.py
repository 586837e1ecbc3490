"""How events of tasks become rows of the task board (migrations 0005, 0013)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.task_cost import actual_cost
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskProgressed,
    TaskRated,
    TaskReleased,
    TaskReprioritised,
    TaskRequeued,
    TaskResultRefused,
    TaskStarted,
    TaskStatus,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.projections.table import MissingRow, Projection, Table
from aia_mas.projections.task_details import (
    INPUTS_KEPT,
    LINES_KEPT,
    Cost,
    Input,
    Progress,
    Promise,
    StoredInput,
    StoredProgress,
    TaskRating,
    read,
)
from aia_mas.projections.task_rows import TaskRow, TaskSpecRow
from aia_mas.projections.task_spec_fold import specified

_URGENCY = {priority: rank for rank, priority in enumerate(Priority)}


class _Error(msgspec.Struct, gc=False):
    code: str
    message: str
    retryable: bool
    agent_id: str
    attempt: int


class _Usage(msgspec.Struct, gc=False):
    model: str | None
    tokens_in: int
    tokens_out: int
    cost: str


def _submitted(_row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    event: TaskSubmitted = recorded.event
    spec = event.spec
    return TaskRow(
        task_id=entity_of(recorded.stream),
        status=TaskStatus.QUEUED,
        priority=spec.priority,
        urgency=_URGENCY[spec.priority],
        agent_id=None,
        attempt=0,
        lease=None,
        lease_seconds=spec.lease_seconds,
        price="0",
        progress=None,
        inputs=None,
        result=None,
        quality=None,
        usage=None,
        cost=None,
        rating=None,
        error=None,
        reason=None,
        excluded=[],
        refused=0,
        deadline=spec.deadline,
        retry_at=spec.not_before,
        assigned_at=None,
        started_at=None,
        finished_at=None,
        updated_at=recorded.recorded_at,
        submitted_position=recorded.position,
        version=recorded.version,
        position=recorded.position,
        reward=None,
    )


def _assigned(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskAssigned = recorded.event
    row.status = TaskStatus.ASSIGNED
    row.agent_id = event.agent_id
    row.attempt = event.attempt
    row.lease = event.lease
    row.lease_seconds = event.lease_seconds
    row.price = str(event.price)
    row.progress = row.reason = row.retry_at = row.started_at = None
    row.assigned_at = event.assigned_at
    row.reward = _promised(event)
    return row


def _started(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    row.status = TaskStatus.RUNNING
    row.started_at = recorded.event.started_at
    return row


def _progressed(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskProgressed = recorded.event
    last = read(row.progress, StoredProgress) or Progress(None, "", None, [], event.at)
    row.progress = Progress(
        percent=last.percent if event.percent is None else event.percent,
        message=event.message or last.message,
        partial=last.partial if event.partial is None else event.partial,
        log=[*last.log, *event.log][-LINES_KEPT:],
        at=event.at,
    )
    return row


def _input_requested(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskInputRequested = recorded.event
    row.status = TaskStatus.INPUT_REQUIRED
    asked = Input(
        event.number, event.attempt, event.question, event.choices, event.schema, event.at
    )
    row.inputs = [*(read(row.inputs, list[StoredInput]) or ()), asked][-INPUTS_KEPT:]
    return row


def _input_given(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskInputGiven = recorded.event
    row.status = TaskStatus.RUNNING
    inputs = read(row.inputs, list[StoredInput]) or []
    asked = inputs[-1]
    answered = Input(
        asked.number,
        asked.attempt,
        asked.question,
        asked.choices,
        asked.schema,
        asked.asked_at,
        event.answer,
        event.by,
        event.at,
    )
    row.inputs = [*inputs[:-1], answered]
    return row


def _rated(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskRated = recorded.event
    row.rating = TaskRating(event.rating, event.comment, event.by, event.at)
    return row


def _reprioritised(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskReprioritised = recorded.event
    row.priority, row.urgency = event.priority, _URGENCY[event.priority]
    return row


def _completed(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskCompleted = recorded.event
    row.status = TaskStatus.COMPLETED
    row.result = event.result
    row.quality = event.quality
    if event.usage is not None:
        usage = event.usage
        row.usage = _Usage(usage.model, usage.tokens_in, usage.tokens_out, str(usage.cost))
    estimated = int(row.price)
    actual = actual_cost(event.usage, estimated)
    excess = max(actual - estimated, 0)
    row.cost = Cost(str(estimated), str(actual), str(excess), event.over_max_cost)
    row.finished_at = event.completed_at
    return row


def _failed(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    event: TaskFailed = recorded.event
    row = _attempt_over(row, recorded, event.failed_at)
    row.error = _Error(
        event.error_code, event.message, event.retryable, event.agent_id, event.attempt
    )
    return row


def _released(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    event: TaskReleased = recorded.event
    row = _attempt_over(row, recorded, event.released_at)
    row.reason = event.reason
    if event.excluded:
        row.excluded = [*row.excluded, event.agent_id]
    return row


def _cancelled(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskCancelled = recorded.event
    row.status = TaskStatus.CANCELLED
    row.reason = event.reason
    row.retry_at = row.reward = None
    row.finished_at = event.at
    return row


def _expired(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskExpired = recorded.event
    row.status = TaskStatus.EXPIRED
    row.retry_at = row.reward = None
    row.finished_at = event.at
    return row


def _requeued(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskRequeued = recorded.event
    row.status = TaskStatus.QUEUED
    row.priority = event.terms.priority
    row.urgency = _URGENCY[event.terms.priority]
    row.deadline = event.terms.deadline
    row.agent_id = row.lease = row.progress = row.reason = row.finished_at = row.reward = None
    row.price = "0"
    return row


def _result_refused(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    row = _touched(row, recorded)
    row.refused += 1
    return row


def _attempt_over(row: TaskRow | None, recorded: RecordedEvent, at: datetime) -> TaskRow:
    row = _touched(row, recorded)
    event: TaskFailed | TaskReleased = recorded.event
    row.status = event.outcome
    row.retry_at = event.retry_at
    row.agent_id = row.lease = row.reward = None
    row.price = "0"
    if event.outcome is not TaskStatus.QUEUED:
        row.finished_at = at
    return row


def _touched(row: TaskRow | None, recorded: RecordedEvent) -> TaskRow:
    if row is None:
        raise MissingRow(recorded.stream)
    row.version = recorded.version
    row.position = recorded.position
    row.updated_at = recorded.recorded_at
    return row


def _promised(event: TaskAssigned) -> Promise | None:
    terms = event.reward
    if terms is None:
        return Promise(unfunded=event.unfunded) if event.unfunded else None
    base, reserved = str(terms.base), str(terms.reserved)
    return Promise(terms.tier, terms.multiplier_ppm, base, reserved, terms.seconds)


def _task_of_stream(recorded: RecordedEvent) -> str:
    return entity_of(recorded.stream)


TASK_BOARD = Projection(
    "task_board",
    3,
    (
        Table(
            "",
            TaskRow,
            _task_of_stream,
            {
                TaskSubmitted: _submitted,
                TaskAssigned: _assigned,
                TaskStarted: _started,
                TaskProgressed: _progressed,
                TaskInputRequested: _input_requested,
                TaskInputGiven: _input_given,
                TaskReprioritised: _reprioritised,
                TaskRated: _rated,
                TaskCompleted: _completed,
                TaskFailed: _failed,
                TaskReleased: _released,
                TaskCancelled: _cancelled,
                TaskExpired: _expired,
                TaskRequeued: _requeued,
                TaskResultRefused: _result_refused,
            },
            makes={TaskSubmitted},
        ),
        Table(
            "_specs",
            TaskSpecRow,
            _task_of_stream,
            {TaskSubmitted: specified},
            makes={TaskSubmitted},
        ),
    ),
    frozenset({"task"}),
)
