"""What an agent is told of its tasks with every heartbeat: those it holds, and those it lost."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from aia_mas.application.orchestration.workload import Workload
from aia_mas.domain.orchestration.task import TaskState

UNKNOWN = "unknown"


class HeldTask(msgspec.Struct, frozen=True):
    """A task that the agent holds.

    Attributes:
        task_id: Which.
        status: assigned, running or input_required.
        attempt: The number of the attempt.
        lease: Its fencing token.
        asked: The number of the last question about the task, 0 before the first.
        answered: The number of the last one that was answered; the answers stand in its ``inputs``.
    """

    task_id: str
    status: str
    attempt: int
    lease: str | None
    asked: int
    answered: int


class LostTask(msgspec.Struct, frozen=True):
    """A task that the agent named, and does not hold.

    Attributes:
        task_id: Which.
        status: Where it stands: cancelled, expired, completed, or with somebody else, say; or
            ``unknown``.
    """

    task_id: str
    status: str


class Standing(msgspec.Struct, frozen=True):
    """The tasks of an agent (``held``: all of them; ``lost``: of those it named)."""

    held: list[HeldTask]
    lost: list[LostTask]


async def standing(workload: Workload, agent_id: str, named: Sequence[str]) -> Standing:
    """Return how an agent stands (``named``: the tasks that it believes to hold)."""
    states: dict[str, TaskState | None] = {}
    for task_id in dict.fromkeys((*workload.held(agent_id), *named)):
        state = await workload.task(task_id)
        if task_id in named and not _holds(state, agent_id):
            # Nobody stops working on hearsay: another node may have given it the task just now.
            state = await workload.task_anew(task_id)
        states[task_id] = state
    held = [
        HeldTask(
            task_id=task_id,
            status=state.status.value,
            attempt=state.attempt,
            lease=state.lease,
            asked=state.asked,
            answered=state.answered,
        )
        for task_id, state in states.items()
        if state is not None and _holds(state, agent_id)
    ]
    known = {task.task_id for task in held}
    lost = []
    for task_id in dict.fromkeys(named):
        if task_id not in known:
            state = states[task_id]
            lost.append(LostTask(task_id, UNKNOWN if state is None else state.status.value))
    return Standing(held, lost)


def _holds(state: TaskState | None, agent_id: str) -> bool:
    return state is not None and state.live and state.agent_id == agent_id
