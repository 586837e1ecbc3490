"""How a task is moved by hand: to another class, or away from its agent."""

from __future__ import annotations

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import DomainError, InvalidValue, PermissionDenied
from aia_mas.domain.orchestration.bounds import check_text
from aia_mas.domain.orchestration.errors import TaskAlreadyFinished, TaskNotFound, TaskNotHeld
from aia_mas.domain.orchestration.retry import after_release
from aia_mas.domain.orchestration.task import TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import ReassignTask, ReprioritiseTask
from aia_mas.domain.orchestration.task_events import TaskReleased, TaskReprioritised
from aia_mas.domain.orchestration.task_status import BEGUN, ReleaseReason


def reprioritise_task(state: TaskState | None, command: ReprioritiseTask, ctx: Context) -> Decision:
    """Move an unfinished task to another class; one that is of that class already stays.

    While an agent holds it this counts for its next attempt. Its owner and operators may; refused
    with ``task_already_finished`` when it has ended.
    """
    refusal = _not_to_be_moved(state, command, ctx)
    if state is None or refusal is not None:
        return refuse(refusal or TaskNotFound(task_id=command.task_id))
    if not state.unfinished:
        return refuse(TaskAlreadyFinished(status=state.status))
    stream = task_stream(command.task_id)
    if state.terms.priority is command.priority:
        return accept(stream)
    moved = TaskReprioritised(
        priority=command.priority,
        since=state.since,
        by=ctx.principal.subject,
        reason=command.reason,
        at=ctx.now,
    )
    return accept(stream, moved)


def reassign_task(state: TaskState | None, command: ReassignTask, ctx: Context) -> Decision:
    """Take a task from its agent, for another one; it costs the task no attempt.

    Its owner and operators may; refused with ``task_not_held`` when no agent holds it.
    """
    refusal = _not_to_be_moved(state, command, ctx)
    if state is None or refusal is not None:
        return refuse(refusal or TaskNotFound(task_id=command.task_id))
    if not state.live or state.agent_id is None:
        return refuse(TaskNotHeld(status=state.status))
    outcome = after_release(state, ReleaseReason.REASSIGNED, jitter=0.0, now=ctx.now)
    released = TaskReleased(
        agent_id=state.agent_id,
        attempt=state.attempt,
        reason=ReleaseReason.REASSIGNED,
        retry_at=outcome.retry_at,
        outcome=outcome.status,
        begun=state.status in BEGUN,
        excluded=command.exclude_current,
        by=ctx.principal.subject,
        note=command.reason,
        released_at=ctx.now,
    )
    return accept(task_stream(command.task_id), released, result=outcome.status.value)


def _not_to_be_moved(
    state: TaskState | None, command: ReprioritiseTask | ReassignTask, ctx: Context
) -> DomainError | None:
    if state is None:
        return TaskNotFound(task_id=command.task_id)
    if not ctx.principal.may_dispose_of(state.owner):
        return PermissionDenied("The task belongs to somebody else")
    try:
        check_text(command.reason, "reason")
    except InvalidValue as error:
        return error
    return None
