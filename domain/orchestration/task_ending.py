"""How a task ends, or loses its agent, without the agent's doing."""

from __future__ import annotations

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue, PermissionDenied
from aia_mas.domain.orchestration.bounds import check_text
from aia_mas.domain.orchestration.errors import (
    AssignmentObsolete,
    TaskAlreadyFinished,
    TaskNotFinished,
    TaskNotFound,
)
from aia_mas.domain.orchestration.retry import after_release
from aia_mas.domain.orchestration.task import TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import CancelTask, ExpireTask, ReleaseTask
from aia_mas.domain.orchestration.task_events import (
    TaskCancelled,
    TaskExpired,
    TaskReleased,
)
from aia_mas.domain.orchestration.task_status import (
    BEFORE_ITS_START,
    BEGUN,
    BY_THE_CLOCK,
    TaskStatus,
)


def release_task(state: TaskState | None, command: ReleaseTask, ctx: Context) -> Decision:
    """Take the attempt from its agent; the task is queued again or dead.

    Refused with ``assignment_obsolete`` when the attempt is over, when it was to be taken as one
    that is not started and has been, or for its silence while it waits for an answer. The result
    is the outcome.
    """
    if state is None:
        return refuse(TaskNotFound(task_id=command.task_id))
    if (
        not state.live
        or state.agent_id is None
        or state.attempt != command.attempt
        or (command.reason in BEFORE_ITS_START and state.status in BEGUN)
        or (command.reason in BY_THE_CLOCK and state.status is TaskStatus.INPUT_REQUIRED)
    ):
        return refuse(AssignmentObsolete(task_id=command.task_id, attempt=command.attempt))
    outcome = after_release(state, command.reason, jitter=command.jitter, now=ctx.now)
    released = TaskReleased(
        agent_id=state.agent_id,
        attempt=state.attempt,
        reason=command.reason,
        retry_at=outcome.retry_at,
        outcome=outcome.status,
        begun=state.status in BEGUN,
        released_at=ctx.now,
    )
    return accept(task_stream(command.task_id), released, result=outcome.status.value)


def cancel_task(state: TaskState | None, command: CancelTask, ctx: Context) -> Decision:
    """Call it off; nothing happens when it was, ``task_already_finished`` when it ended else.

    Its owner and operators may; others are refused with ``permission_denied``.
    """
    if state is None:
        return refuse(TaskNotFound(task_id=command.task_id))
    if not ctx.principal.may_dispose_of(state.owner):
        return refuse(PermissionDenied("The task belongs to somebody else"))
    stream = task_stream(command.task_id)
    if state.status is TaskStatus.CANCELLED:
        return accept(stream)
    if not state.unfinished:
        return refuse(TaskAlreadyFinished(status=state.status))
    try:
        check_text(command.reason, "reason")
        check_text(command.by, "by", longest=255)
    except InvalidValue as error:
        return refuse(error)
    cancelled = TaskCancelled(
        agent_id=state.agent_id,
        attempt=state.attempt,
        reason=command.reason,
        by=command.by or ctx.principal.subject,
        at=ctx.now,
    )
    return accept(stream, cancelled)


def expire_task(state: TaskState | None, command: ExpireTask, ctx: Context) -> Decision:
    """Record that the deadline has passed; nothing happens when that stands already.

    Refused with ``task_already_finished`` when the task made it, and with ``task_not_finished``
    when there is time left or no deadline at all.
    """
    if state is None:
        return refuse(TaskNotFound(task_id=command.task_id))
    stream = task_stream(command.task_id)
    if state.status is TaskStatus.EXPIRED:
        return accept(stream)
    if not state.unfinished:
        return refuse(TaskAlreadyFinished(status=state.status))
    if state.terms.deadline is None or ctx.now < state.terms.deadline:
        return refuse(TaskNotFinished("The deadline has not passed"))
    return accept(stream, TaskExpired(agent_id=state.agent_id, attempt=state.attempt, at=ctx.now))
