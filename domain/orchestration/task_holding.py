"""Whether an agent holds a task, and what is answered to one that does not."""

from __future__ import annotations

from typing import Protocol

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, refuse
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.orchestration.errors import (
    NotAssignedToAgent,
    StaleLease,
    TaskAlreadyCompleted,
    TaskAlreadyFinished,
    TaskHasBeenCancelled,
    TaskNotFound,
)
from aia_mas.domain.orchestration.task import LIVE, TaskState, task_stream
from aia_mas.domain.orchestration.task_events import TaskResultRefused, TaskStarted
from aia_mas.domain.orchestration.task_status import TaskStatus

MAX_RECORDED_REFUSALS = 10
"""How many refused results one task records; beyond, it refuses silently."""
_LONGEST_LEASE = 128


class Act(Protocol):
    """What an agent does with a task it holds."""

    @property
    def task_id(self) -> str:
        """Which task."""

    @property
    def agent_id(self) -> str:
        """Who."""

    @property
    def lease(self) -> str:
        """The attempt's fencing token."""


def holds(state: TaskState, act: Act) -> bool:
    """Tell whether the attempt in force is the one that an agent shows the lease of."""
    return state.lease == act.lease and state.agent_id == act.agent_id and state.status in LIVE


def taken_up(state: TaskState, act: Act, ctx: Context) -> tuple[TaskStarted, ...]:
    """Return the start of the work if it did not begin yet: whoever does it has evidently begun."""
    if state.status is not TaskStatus.ASSIGNED:
        return ()
    started = TaskStarted(
        agent_id=act.agent_id, attempt=state.attempt, lease=act.lease, started_at=ctx.now
    )
    return (started,)


def not_held(state: TaskState | None, act: Act, action: str, ctx: Context) -> Decision:
    """Return the refusal of an act with a task that its agent does not hold.

    Args:
        state: The task.
        act: What was wanted.
        action: Its name: start, progress, ask, complete or fail.
        ctx: When.
    """
    if state is None:
        return refuse(TaskNotFound(task_id=act.task_id))
    stale = StaleLease(task_id=act.task_id, attempt=state.attempt)
    if act.lease in state.ended_leases:
        return refused_act(state, act, action, stale, ctx)
    if state.agent_id != act.agent_id:
        return refuse(NotAssignedToAgent(task_id=act.task_id))
    if state.lease != act.lease:
        return refused_act(state, act, action, stale, ctx)
    if state.status is TaskStatus.CANCELLED:
        return refused_act(state, act, action, TaskHasBeenCancelled(status=state.status), ctx)
    if action == "complete" and state.status is TaskStatus.COMPLETED:
        return refuse(TaskAlreadyCompleted(task_id=act.task_id))
    finished = TaskAlreadyFinished(status=state.status)
    if state.status is TaskStatus.EXPIRED:
        return refused_act(state, act, action, finished, ctx)
    return refuse(finished)


def refused_act(
    state: TaskState, act: Act, action: str, refusal: DomainError, ctx: Context
) -> Decision:
    """Return a refusal that is worth recording, as long as the task has not recorded too many."""
    if state.refusals >= MAX_RECORDED_REFUSALS or len(act.lease) > _LONGEST_LEASE:
        return refuse(refusal)
    recorded = TaskResultRefused(
        agent_id=act.agent_id, lease=act.lease, action=action, reason=refusal.code, at=ctx.now
    )
    return Decision(events=((task_stream(act.task_id), recorded),), refusal=refusal)
