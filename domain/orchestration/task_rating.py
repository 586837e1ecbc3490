"""What the client thinks of a result."""

from __future__ import annotations

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue, PermissionDenied
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.orchestration.bounds import check_number, check_text
from aia_mas.domain.orchestration.errors import AlreadyRated, TaskNotCompleted, TaskNotFound
from aia_mas.domain.orchestration.task import TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import RateTask
from aia_mas.domain.orchestration.task_events import TaskRated
from aia_mas.domain.orchestration.task_status import TaskStatus


def rate_task(state: TaskState | None, command: RateTask, ctx: Context) -> Decision:
    """Rate the result, once.

    Its owner and operators may, and no agent its own result: ``permission_denied``. Refused with
    ``task_not_completed`` while there is no result, and with ``already_rated`` the second time.
    """
    if state is None:
        return refuse(TaskNotFound(task_id=command.task_id))
    caller = ctx.principal
    if not caller.may_dispose_of(state.owner):
        return refuse(PermissionDenied("The task belongs to somebody else"))
    if state.status is not TaskStatus.COMPLETED or state.agent_id is None:
        return refuse(TaskNotCompleted(status=state.status))
    if caller.agent_id == state.agent_id and not caller.operates:
        return refuse(PermissionDenied("No agent rates its own result"))
    if state.rated:
        return refuse(AlreadyRated(task_id=command.task_id))
    mistakes = Mistakes()
    mistakes.check(check_number, command.rating, "rating", lowest=0.0, highest=1.0)
    mistakes.check(check_text, command.comment, "comment")
    try:
        mistakes.refuse()
    except InvalidValue as error:
        return refuse(error)
    rated = TaskRated(
        agent_id=state.agent_id,
        attempt=state.attempt,
        rating=command.rating,
        comment=command.comment,
        by=caller.subject,
        at=ctx.now,
    )
    return accept(task_stream(command.task_id), rated)
