"""Waits inside a node for what a program asks about: a task's agent, a read model's position."""

from __future__ import annotations

import anyio
import structlog

from aia_mas.interfaces.bootstrap import System
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY

log = structlog.stdlib.get_logger("aia.agents.orchestration")

_DIRECTORY_SECONDS = 5.0
_UNDECIDED = {"not_waiting", "next", "not_leader"}  # no dispatcher has looked at the task yet


async def assigned_agent(system: System, task_id: str, timeout: float) -> str | None:
    """Wait until a task has had an agent, or the dispatcher tells that there is none for it."""
    with anyio.move_on_after(timeout):
        while True:
            position = system.log.feed.position
            state = await system.workload.task(task_id)
            if state is None or not state.unfinished or state.agent_id is not None:
                return None if state is None else state.agent_id
            # Whichever node leads decides on the same fold as this one has.
            reasons = system.dispatcher.why_not(task_id)
            if reasons and _UNDECIDED.isdisjoint(reason.code for reason in reasons):
                log.info("task_waits", task_id=task_id, reasons=[r.detail for r in reasons])
                return None
            await system.log.feed.wait(position, timeout=0.05)
    return None


async def caught_up(system: System) -> None:
    """Wait until the directory shows what this program has done; briefly, as it may be behind."""
    position = system.log.feed.position
    await system.projections.wait_for(AGENT_DIRECTORY.name, position, _DIRECTORY_SECONDS)
