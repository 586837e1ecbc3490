"""What an agent is told of its tasks with every heartbeat: those it holds, and those it lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

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
    """A task that the agent named, and does not hold, or not under the lease that it named.

    Attributes:
        task_id: Which.
        status: Where it stands: cancelled, expired, completed, queued again or with somebody else,
            say; or ``unknown``.
        attempt: The number of its last attempt.
    """

    task_id: str
    status: str
    attempt: int


class Standing(msgspec.Struct, frozen=True):
    """The tasks of an agent (``held``: all of them; ``lost``: of those it named)."""

    held: list[HeldTask]
    lost: list[LostTask]


async def standing(
    workload: Workload,
    agent_id: str,
    named: Sequence[str],
    leases: Mapping[str, str] = MappingProxyType({}),
) -> Standing:
    """Return how an agent stands.

    Args:
        workload: Knows who holds what.
        agent_id: The agent.
        named: The tasks that it believes to hold.
        leases: By task, the leases that it believes to hold further ones under. Under another one
            it is another attempt, even if it is given to the same agent.
    """
    named = tuple(dict.fromkeys((*named, *leases)))
    states: dict[str, TaskState | None] = {}
    for task_id in dict.fromkeys((*workload.held(agent_id), *named)):
        state = await workload.task(task_id)
        if task_id in named and not _holds(state, agent_id, leases.get(task_id)):
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
    lost = [
        _lost(task_id, state)
        for task_id in named
        if not _holds(state := states[task_id], agent_id, leases.get(task_id))
    ]
    return Standing(held, lost)


def _lost(task_id: str, state: TaskState | None) -> LostTask:
    if state is None:
        return LostTask(task_id, UNKNOWN, 0)
    return LostTask(task_id, state.status.value, state.attempt)


def _holds(state: TaskState | None, agent_id: str, lease: str | None = None) -> bool:
    if state is None or not state.live or state.agent_id != agent_id:
        return False
    return lease is None or state.lease == lease
