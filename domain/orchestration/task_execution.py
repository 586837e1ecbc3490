"""What an agent does with a task it holds: start, progress, complete, fail."""

from __future__ import annotations

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.orchestration.bounds import (
    check_json,
    check_name,
    check_number,
    check_text,
    check_units,
)
from aia_mas.domain.orchestration.errors import (
    NotAssignedToAgent,
    StaleLease,
    TaskAlreadyCompleted,
    TaskAlreadyFinished,
    TaskNotFound,
)
from aia_mas.domain.orchestration.retry import after_failure
from aia_mas.domain.orchestration.task import LIVE, TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import (
    CompleteTask,
    FailTask,
    RecordProgress,
    StartTask,
)
from aia_mas.domain.orchestration.task_events import (
    TaskCompleted,
    TaskFailed,
    TaskProgressed,
    TaskResultRefused,
    TaskStarted,
    Usage,
)
from aia_mas.domain.orchestration.task_status import TaskStatus

MAX_RECORDED_REFUSALS = 10
"""How many refused results one task records; beyond, it refuses silently."""


def start_task(state: TaskState | None, command: StartTask, ctx: Context) -> Decision:
    """Take up the work; a start repeated with the lease in force changes nothing."""
    if state is None or not _holds(state, command):
        return _refused(state, command, "start", ctx)
    stream = task_stream(command.task_id)
    if state.status is TaskStatus.RUNNING:
        return accept(stream)
    return accept(stream, _started(state, command, ctx))


def record_progress(state: TaskState | None, command: RecordProgress, ctx: Context) -> Decision:
    """Tell how far it is; an agent that never said so has evidently started."""
    if state is None or not _holds(state, command):
        return _refused(state, command, "progress", ctx)
    try:
        if command.percent is not None:
            check_number(command.percent, "percent", lowest=0.0, highest=100.0)
        check_text(command.message, "message")
    except InvalidValue as error:
        return refuse(error)
    progressed = TaskProgressed(
        agent_id=command.agent_id,
        attempt=state.attempt,
        percent=command.percent,
        message=command.message,
        at=ctx.now,
    )
    stream = task_stream(command.task_id)
    if state.status is TaskStatus.RUNNING:
        return accept(stream, progressed)
    return accept(stream, _started(state, command, ctx), progressed)


def complete_task(state: TaskState | None, command: CompleteTask, ctx: Context) -> Decision:
    """Deliver the result of the attempt in force, started or not."""
    if state is None or not _holds(state, command):
        return _refused(state, command, "complete", ctx)
    try:
        check_json(command.result, "result")
        if command.quality is not None:
            check_number(command.quality, "quality", lowest=0.0, highest=1.0)
        if command.usage is not None:
            _check_usage(command.usage)
    except InvalidValue as error:
        return refuse(error)
    completed = TaskCompleted(
        agent_id=command.agent_id,
        attempt=state.attempt,
        lease=command.lease,
        result=command.result,
        quality=command.quality,
        usage=command.usage,
        completed_at=ctx.now,
    )
    return accept(task_stream(command.task_id), completed)


def fail_task(state: TaskState | None, command: FailTask, ctx: Context) -> Decision:
    """Give up the attempt in force; the task is queued again, failed or dead.

    The result is that outcome.
    """
    if state is None or not _holds(state, command):
        return _refused(state, command, "fail", ctx)
    try:
        check_name(command.error_code, "error_code")
        check_text(command.message, "message")
    except InvalidValue as error:
        return refuse(error)
    outcome = after_failure(state, retryable=command.retryable, jitter=command.jitter, now=ctx.now)
    failed = TaskFailed(
        agent_id=command.agent_id,
        attempt=state.attempt,
        error_code=command.error_code,
        message=command.message,
        retryable=command.retryable,
        retry_at=outcome.retry_at,
        outcome=outcome.status,
        failed_at=ctx.now,
    )
    return accept(task_stream(command.task_id), failed, result=outcome.status.value)


_Act = StartTask | RecordProgress | CompleteTask | FailTask


def _holds(state: TaskState, command: _Act) -> bool:
    return (
        state.lease == command.lease and state.agent_id == command.agent_id and state.status in LIVE
    )


def _started(state: TaskState, command: _Act, ctx: Context) -> TaskStarted:
    return TaskStarted(
        agent_id=command.agent_id,
        attempt=state.attempt,
        lease=command.lease,
        started_at=ctx.now,
    )


def _refused(state: TaskState | None, command: _Act, action: str, ctx: Context) -> Decision:
    if state is None:
        return refuse(TaskNotFound(task_id=command.task_id))
    if command.lease in state.ended_leases:
        return _stale(state, command, action, ctx)
    if state.agent_id != command.agent_id:
        return refuse(NotAssignedToAgent(task_id=command.task_id))
    if state.lease != command.lease:
        return _stale(state, command, action, ctx)
    if action == "complete" and state.status is TaskStatus.COMPLETED:
        return refuse(TaskAlreadyCompleted(task_id=command.task_id))
    return refuse(TaskAlreadyFinished(status=state.status))


def _stale(state: TaskState, command: _Act, action: str, ctx: Context) -> Decision:
    refusal = StaleLease(task_id=command.task_id, attempt=state.attempt)
    if state.refusals >= MAX_RECORDED_REFUSALS or len(command.lease) > 128:
        return refuse(refusal)
    recorded: Event = TaskResultRefused(
        agent_id=command.agent_id,
        lease=command.lease,
        action=action,
        reason=refusal.code,
        at=ctx.now,
    )
    return Decision(events=((task_stream(command.task_id), recorded),), refusal=refusal)


def _check_usage(usage: Usage) -> None:
    if usage.model is not None:
        check_text(usage.model, "usage.model", longest=128)
    check_number(usage.tokens_in, "usage.tokens_in", lowest=0, highest=2**53)
    check_number(usage.tokens_out, "usage.tokens_out", lowest=0, highest=2**53)
    check_units(usage.cost, "usage.cost")
