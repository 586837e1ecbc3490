"""Which agent holds which task right now, kept in step with the node's window on the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.processes.deadlines import ExpiryFold
from aia_mas.domain.orchestration.agent import AgentState, agent_stream
from aia_mas.domain.orchestration.scoring.rules import RULES, AssignmentRules
from aia_mas.domain.orchestration.task import TaskState, task_stream


class Workload:
    """Answers about agents and tasks from states in memory."""

    def __init__(self, working_set: WorkingSet, open_work: ExpiryFold) -> None:
        """Look into the working set and the fold of open work."""
        self._working_set = working_set
        self._open_work = open_work

    def listen(self, listener: Callable[[RecordedEvent], None]) -> None:
        """Call a function after each event that ``unstarted`` knows of."""
        self._open_work.listen(listener)

    def unstarted(self, agent_id: str) -> list[tuple[str, str]]:
        """Return the tasks that wait to be started by an agent, and their leases, oldest first.

        They stand in the log, whereas the states below may be on their way there.
        """
        return self._open_work.state.unstarted(agent_id)

    def held(self, agent_id: str) -> list[str]:
        """Return the tasks that an agent holds by the log."""
        return self._open_work.state.held(agent_id)

    def leases(self, agent_id: str) -> dict[str, str]:
        """Return the leases of the attempts that an agent holds by the log, and their tasks."""
        return self._open_work.state.leases(agent_id)

    async def task(self, task_id: str) -> TaskState | None:
        """Return the state of a task."""
        state: TaskState | None = await self._state(task_stream(task_id))
        return state

    async def agent(self, agent_id: str) -> AgentState | None:
        """Return the state of an agent."""
        state: AgentState | None = await self._state(agent_stream(agent_id))
        return state

    async def rules(self) -> AssignmentRules | None:
        """Return the rules of assignment; None: nobody has changed any."""
        state: AssignmentRules | None = await self._state(RULES)
        return state

    async def task_anew(self, task_id: str) -> TaskState | None:
        """Return the state of a task as the log has it, whatever this node believed before.

        For those who are about to refuse something: another node may have moved on, and this one
        not heard of it yet.
        """
        state: TaskState | None = await self._anew(task_stream(task_id))
        return state

    async def agent_anew(self, agent_id: str) -> AgentState | None:
        """Return the state of an agent as the log has it; see ``task_anew``."""
        state: AgentState | None = await self._anew(agent_stream(agent_id))
        return state

    async def _anew(self, stream: str) -> Any:
        return (await self._working_set.anew(stream)).state

    async def _state(self, stream: str) -> Any:
        while (entry := self._working_set.known(stream)) is None:
            await self._working_set.load([stream])
        return entry.state
