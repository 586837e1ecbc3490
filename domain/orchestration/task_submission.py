"""How a task enters the queue, is given to an agent, and enters the queue once more."""

from __future__ import annotations

from msgspec.structs import replace

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue, PermissionDenied
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.orchestration.agent import AgentState
from aia_mas.domain.orchestration.bounds import check_text
from aia_mas.domain.orchestration.errors import (
    AssignmentObsolete,
    TaskAlreadyFinished,
    TaskAlreadySubmitted,
    TaskNotFinished,
    TaskNotFound,
)
from aia_mas.domain.orchestration.specification_checks import check_deadline, check_specification
from aia_mas.domain.orchestration.task import TaskState, task_stream
from aia_mas.domain.orchestration.task_commands import (
    Assignment,
    AssignTask,
    RetryTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskRequeued,
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification, TaskTerms
from aia_mas.domain.orchestration.task_status import TaskStatus
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers


def submit_task(
    state: TaskState | None,
    agent: AgentState | None,
    command: SubmitTask,
    ctx: Context,
    tiers: Tiers = DEFAULT_TIERS,
) -> Decision:
    """Submit, and assign the first attempt when the command names an agent that is still there.

    Args:
        state: The task; anything but None refuses with ``task_already_submitted``.
        agent: The agent of ``command.assignment``, if there is one.
        command: What to submit.
        ctx: When and by whom.
        tiers: Those that a task may ask for.

    Returns:
        The result is the status: ``"assigned"`` or ``"queued"``.
    """
    if state is not None:
        return refuse(TaskAlreadySubmitted(task_id=command.task_id))
    try:
        check_id(command.task_id, "task_id")
        check_text(command.owner, "owner", longest=255)
        check_specification(command.spec, ctx.now, tiers)
    except InvalidValue as error:
        return refuse(error)
    submitted = TaskSubmitted(
        spec=command.spec,
        submitted_at=ctx.now,
        owner=command.owner or ctx.principal.subject,
        hold=command.hold,
    )
    stream = task_stream(command.task_id)
    if command.assignment is None or not _may_have(agent, command.assignment):
        full = None if command.queue is None else command.queue.refusal()
        if full is not None:
            return refuse(full)
        return accept(stream, submitted, result="queued")
    assigned = _assigned(command.assignment, 1, command.spec, ctx)
    return accept(stream, submitted, assigned, result="assigned")


def assign_task(
    state: TaskState | None, agent: AgentState | None, command: AssignTask, ctx: Context
) -> Decision:
    """Give the next attempt to an agent.

    Refused with ``assignment_obsolete`` when the task does not wait for this attempt, its
    deadline has passed, the agent is not active and online, or it declares something else by now
    than when it was chosen.
    """
    if (
        state is None
        or state.status is not TaskStatus.QUEUED
        or command.attempt != state.attempt + 1
        or not _may_have(agent, command)
        or (state.terms.deadline is not None and state.terms.deadline <= ctx.now)
    ):
        return refuse(AssignmentObsolete(task_id=command.task_id, agent_id=command.agent_id))
    return accept(
        task_stream(command.task_id), _assigned(command, command.attempt, state.terms, ctx)
    )


def retry_task(state: TaskState | None, command: RetryTask, ctx: Context) -> Decision:
    """Queue a failed, dead, expired or cancelled task again; a completed one stays completed.

    Refused with ``task_already_finished`` when it is completed and with ``task_not_finished``
    while an agent holds it. A task that waits already is left as it is. Its owner and operators
    may; others are refused with ``permission_denied``. A deadline that has passed is refused with
    ``invalid_value``, wherever the task stands.
    """
    if state is None:
        return refuse(TaskNotFound(task_id=command.task_id))
    if not ctx.principal.may_dispose_of(state.owner):
        return refuse(PermissionDenied("The task belongs to somebody else"))
    try:
        check_deadline(command.deadline, ctx.now)
        check_text(command.by, "by", longest=255)
    except InvalidValue as error:
        return refuse(error)
    stream = task_stream(command.task_id)
    if state.status is TaskStatus.QUEUED:
        return accept(stream)
    if state.live:
        return refuse(TaskNotFinished(status=state.status))
    if state.status is TaskStatus.COMPLETED:
        return refuse(TaskAlreadyFinished(status=state.status))
    old = state.terms.deadline
    kept = old if old is not None and old > ctx.now else None
    requeued = TaskRequeued(
        attempt=state.attempt,
        terms=replace(state.terms, deadline=command.deadline or kept),
        by=command.by or ctx.principal.subject,
        at=ctx.now,
        owner=state.owner,
        hold=command.hold,
    )
    return accept(stream, requeued)


def _may_have(agent: AgentState | None, assignment: Assignment | AssignTask) -> bool:
    """Tell whether an agent may get work, and is still what it was when it was chosen."""
    if agent is None or not agent.assignable:
        return False
    declared = assignment.declared
    return declared is None or agent.capabilities.places_like(declared)


def _assigned(
    assignment: Assignment | AssignTask,
    attempt: int,
    terms: TaskSpecification | TaskTerms,
    ctx: Context,
) -> TaskAssigned:
    reward = assignment.reward
    return TaskAssigned(
        agent_id=assignment.agent_id,
        attempt=attempt,
        lease=assignment.lease,
        lease_seconds=assignment.lease_seconds,
        assigned_at=ctx.now,
        price=assignment.price,
        policy=assignment.policy,
        considered=assignment.considered,
        load=assignment.load,
        revision=assignment.revision,
        seed=assignment.seed,
        candidates=assignment.candidates,
        failure=assignment.failure,
        agents=assignment.agents,
        with_room=assignment.with_room,
        reward=None if reward is None else replace(reward, seconds=_time_for(terms, ctx)),
        unfunded=assignment.unfunded,
    )


def _time_for(terms: TaskSpecification | TaskTerms, ctx: Context) -> float:
    """Return within which time an attempt that begins now is in time, seconds."""
    if terms.deadline is None:
        return terms.timeout_seconds
    return min(terms.timeout_seconds, (terms.deadline - ctx.now).total_seconds())
