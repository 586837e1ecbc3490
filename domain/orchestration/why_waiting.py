"""Why a task waits: for its time, for its key, for a pause to end, or for an agent."""

from __future__ import annotations

from datetime import UTC, datetime

from aia_mas.domain.orchestration.fleet import Fleet, Reason
from aia_mas.domain.orchestration.known_task import KnownTask
from aia_mas.domain.orchestration.passed_over import PassedOver
from aia_mas.domain.orchestration.queueing import TaskQueue
from aia_mas.domain.orchestration.queueing.controls import Controls


def why_waiting(
    fleet: Fleet,
    queue: TaskQueue,
    controls: Controls,
    passed_over: PassedOver,
    task: KnownTask | None,
    now: datetime,
) -> tuple[Reason, ...]:
    """Return what keeps a task waiting; empty when it will be placed by the next plan.

    Args:
        fleet: The agents.
        queue: The tasks that wait.
        controls: Pauses, and limits of concurrency keys.
        passed_over: Tasks for which agents are kept free.
        task: The task; None: there is no unfinished one.
        now: When this is asked, UTC.
    """
    if task is None or task.task_id not in queue:
        detail = "The task does not wait for an agent"
        if task is not None and fleet.is_reserved(task.task_id):
            detail = "An agent was chosen; the assignment is on its way into the log"
        return (Reason(code="not_waiting", detail=detail),)
    held_until = queue.held_until(task.task_id)
    if held_until is not None and held_until <= now.timestamp():
        held_until = None  # its time has come, though nobody has brought it in yet
    limit = task.limit if held_until is None else None
    reasons = controls.reasons(task.signature.task_type, limit, now)
    if held_until is not None:
        at = datetime.fromtimestamp(held_until, UTC)
        detail = f"Not before {at.isoformat().replace('+00:00', 'Z')}"
        reasons.append(Reason(code="not_due", detail=detail, facts={"due": at}))
        return tuple(reasons)
    line = queue.line_of(task.task_id)
    if line is None:
        return (*reasons, *fleet.why_not(task.signature))
    if line.first == task.task_id and (kept := passed_over.kept_for(line)) is not None:
        reasons.append(kept)
    return (*reasons, *fleet.why_not(task.signature, passed_over.kept_from(line)))
