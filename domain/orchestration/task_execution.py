"""What an agent does with a task it holds: start, progress, complete, fail."""

from __future__ import annotations

from datetime import timedelta

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import (
    check_json,
    check_lines,
    check_name,
    check_number,
    check_small_json,
    check_text,
    check_units,
)
from aia_mas.domain.orchestration.errors import CostExceeded
from aia_mas.domain.orchestration.retry import after_failure
from aia_mas.domain.orchestration.task import TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import (
    CompleteTask,
    FailTask,
    RecordProgress,
    StartTask,
)
from aia_mas.domain.orchestration.task_cost import actual_cost, exceeds
from aia_mas.domain.orchestration.task_events import (
    TaskCompleted,
    TaskFailed,
    TaskProgressed,
)
from aia_mas.domain.orchestration.task_holding import holds, not_held, refused_act, taken_up
from aia_mas.domain.orchestration.task_specification import CostPolicy
from aia_mas.domain.orchestration.task_status import TaskStatus

MAX_PARTIAL_BYTES = 64 * 1024
"""Largest partial result of one report, as JSON."""
MAX_LOG_LINES = 100
"""Most log lines of one report."""
MAX_LOG_LINE = 1_000
"""Longest log line, in characters."""
SMALL_STEP = 1.0
"""Percentage points that are worth an event of their own."""
SHORT_WHILE = timedelta(seconds=1)
"""After which a smaller step is as well."""


def start_task(state: TaskState | None, command: StartTask, ctx: Context) -> Decision:
    """Take up the work; a start repeated with the lease in force changes nothing."""
    if state is None or not holds(state, command):
        return not_held(state, command, "start", ctx)
    return accept(task_stream(command.task_id), *taken_up(state, command, ctx))


def record_progress(state: TaskState | None, command: RecordProgress, ctx: Context) -> Decision:
    """Tell how far it is; an agent that never said so has evidently started.

    A report that tells nothing new is accepted and leaves no event, and so does a step of less than
    a percentage point within a second of the report before.
    """
    if state is None or not holds(state, command):
        return not_held(state, command, "progress", ctx)
    try:
        _check_report(command)
    except InvalidValue as error:
        return refuse(error)
    stream = task_stream(command.task_id)
    begun = taken_up(state, command, ctx)
    if not _tells_something(state, command, ctx):
        return accept(stream, *begun)
    progressed = TaskProgressed(
        agent_id=command.agent_id,
        attempt=state.attempt,
        percent=command.percent,
        message=command.message,
        partial=command.partial,
        log=command.log,
        waiting=state.status is TaskStatus.INPUT_REQUIRED,
        at=ctx.now,
    )
    return accept(stream, *begun, progressed)


def complete_task(state: TaskState | None, command: CompleteTask, ctx: Context) -> Decision:
    """Deliver the result of the attempt in force, started or not.

    Where the task's ``cost_policy`` says so, a result that cost more than its ``max_cost`` is
    refused with ``cost_exceeded``; that is recorded, and the attempt goes on.
    """
    if state is None or not holds(state, command):
        return not_held(state, command, "complete", ctx)
    try:
        _check_completion(command)
    except InvalidValue as error:
        return refuse(error)
    too_much = exceeds(actual_cost(command.usage, state.price), state.terms.max_cost)
    if too_much and state.terms.cost_policy is CostPolicy.REFUSE:
        exceeded = CostExceeded(task_id=command.task_id)
        return refused_act(state, command, "complete", exceeded, ctx)
    completed = TaskCompleted(
        agent_id=command.agent_id,
        attempt=state.attempt,
        lease=command.lease,
        result=command.result,
        quality=command.quality,
        usage=command.usage,
        over_max_cost=too_much,
        completed_at=ctx.now,
    )
    return accept(task_stream(command.task_id), completed)


def fail_task(state: TaskState | None, command: FailTask, ctx: Context) -> Decision:
    """Give up the attempt in force; the task is queued again, failed or dead.

    The result is that outcome.
    """
    if state is None or not holds(state, command):
        return not_held(state, command, "fail", ctx)
    try:
        check_name(command.error_code, "error_code")
        check_text(command.message, "message")
    except InvalidValue as error:
        return refuse(error)
    outcome = after_failure(
        state,
        command.error_code,
        retryable=command.retryable,
        jitter=command.jitter,
        now=ctx.now,
    )
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


def _tells_something(state: TaskState, command: RecordProgress, ctx: Context) -> bool:
    if command.partial is not None or command.log:
        return True
    last = state.report
    if last is None:
        return True
    if command.message and command.message != last.message:
        return True
    if command.percent is None or command.percent == last.percent:
        return False
    if last.percent is None or abs(command.percent - last.percent) >= SMALL_STEP:
        return True
    # Also after the clock was set back: what was told then may be from long ago.
    return not last.at <= ctx.now < last.at + SHORT_WHILE


def _check_report(command: RecordProgress) -> None:
    mistakes = Mistakes()
    check = mistakes.check
    if command.percent is not None:
        check(check_number, command.percent, "percent", lowest=0.0, highest=100.0)
    check(check_text, command.message, "message")
    check(check_small_json, command.partial, "partial", MAX_PARTIAL_BYTES)
    check(check_lines, command.log, "log", most=MAX_LOG_LINES, longest=MAX_LOG_LINE)
    mistakes.refuse()


def _check_completion(command: CompleteTask) -> None:
    mistakes = Mistakes()
    check, usage = mistakes.check, command.usage
    check(check_json, command.result, "result")
    if command.quality is not None:
        check(check_number, command.quality, "quality", lowest=0.0, highest=1.0)
    if usage is not None:
        if usage.model is not None:
            check(check_text, usage.model, "usage.model", longest=128)
        check(check_number, usage.tokens_in, "usage.tokens_in", lowest=0, highest=2**53)
        check(check_number, usage.tokens_out, "usage.tokens_out", lowest=0, highest=2**53)
        check(check_units, usage.cost, "usage.cost")
    mistakes.refuse()
