"""Registers agents and gives them tasks, in the terms of the platform's programs."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec
import structlog

from aia.agents.agent import AgentCapabilities, AgentInstance
from aia.agents.on_a_node import HOST
from aia.agents.policies import put_in_force
from aia.agents.running import Node, current
from aia.agents.shapes import read_as
from aia.agents.task import TaskSpecification
from aia.agents.waiting import assigned_agent, caught_up
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.orchestration.answers import TaskAnswer
from aia_mas.application.orchestration.claims import ClaimedTask
from aia_mas.application.orchestration.heartbeats import HeartbeatAnswer
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.agent_commands import UnregisterAgent
from aia_mas.domain.orchestration.errors import AgentNotFound, TaskAlreadySubmitted
from aia_mas.domain.orchestration.task_commands import (
    CancelTask,
    CompleteTask,
    FailTask,
    RecordProgress,
    StartTask,
)
from aia_mas.interfaces.bootstrap import System
from aia_mas.interfaces.http.schemas.task_reports import ReportedUsage
from aia_mas.projections.agent_directory import Agent

log = structlog.stdlib.get_logger("aia.agents.orchestration")

_Result = TypeVar("_Result")

_random = random.SystemRandom().random

_task_answer = msgspec.json.Decoder(TaskAnswer).decode


class AgentOrchestrationEngine:
    """Manages agents and assigns tasks on a running system."""

    def __init__(self, node: Node | None = None) -> None:
        """Work on a node; without one, on that of the ``MultiAgentSystem`` started last."""
        self._node = node

    async def register_agent(self, agent_id: str, capabilities: AgentCapabilities) -> bool:
        """Make an agent be registered with these capabilities; safe to repeat at every start.

        It counts as a heartbeat: the agent is online.

        Returns:
            True when it is registered now, and its initial stake staked; False when the system
            refuses it, for example because there are as many agents as configured, or outside of
            development has not as much in its wallet as it wants to stake (the log tells why).

        Raises:
            InvalidValue: A capability has an impossible value, or they are another agent's.
        """
        if capabilities.agent_id != agent_id:
            raise InvalidValue(
                f"the capabilities are those of {capabilities.agent_id!r}, not of {agent_id!r}",
                field="agent_id",
            )
        command = capabilities.registration()

        async def register(system: System) -> None:
            await system.engine.execute(command, HOST)
            await system.heartbeats.agent(agent_id, HOST)
            await system.economy.initial_stakes.staked(agent_id)

        try:
            await self._call(register)
        except InvalidValue:
            raise
        except DomainError as error:
            log.warning("agent_refused", agent_id=agent_id, code=error.code, detail=error.detail)
            return False
        log.debug("agent_registered", agent_id=agent_id)
        return True

    async def unregister_agent(self, agent_id: str, reason: str = "") -> bool:
        """Take an agent out; its tasks are queued again.

        Returns:
            False when it is not registered.
        """
        command = UnregisterAgent(agent_id=agent_id, reason=reason)
        try:
            await self._call(lambda system: system.engine.execute(command, HOST))
        except AgentNotFound:
            return False
        return True

    async def heartbeat(
        self, agent_id: str, tasks: Iterable[ClaimedTask] = ()
    ) -> HeartbeatAnswer | None:
        """Tell that an agent is there, and which tasks it is working on: their leases are renewed.

        Args:
            agent_id: The agent.
            tasks: What it is still working on, as it was claimed.

        Returns:
            What it holds (``tasks``), and which of those given it has ``lost``, to a cancellation
            for example, and should stop working on. None when it is not registered.
        """
        leases = {task.task_id: task.lease for task in tasks}
        try:
            return await self._call(
                lambda system: system.heartbeats.answered(agent_id, HOST, leases=leases)
            )
        except AgentNotFound:
            return None

    async def get_agent(self, agent_id: str) -> AgentInstance | None:
        """Return a registered agent as it is now."""

        async def get(system: System) -> Agent | None:
            await caught_up(system)
            return await system.projections.directory.get(agent_id)

        agent = await self._call(get)
        if agent is None or agent.status == AgentStatus.UNREGISTERED.value:
            return None
        return AgentInstance.of(agent)

    async def list_agents(self) -> list[AgentInstance]:
        """Return all registered agents, by id."""

        async def pages(system: System) -> list[Agent]:
            await caught_up(system)
            found: list[Agent] = []
            cursor: str | None = None
            while True:
                page = await system.projections.directory.list(cursor=cursor, limit=500)
                found += page.items
                cursor = page.next_cursor
                if cursor is None:
                    return found

        return [AgentInstance.of(agent) for agent in await self._call(pages)]

    async def assign_task(self, task: TaskSpecification, *, timeout: float = 10.0) -> str | None:
        """Submit a task and tell who got it.

        Args:
            task: What is to be done; given again it is still the same task.
            timeout: How long to wait for the dispatcher, seconds. It mostly answers at once; after
                the crash of another node it may take until that one's lease has expired.

        Returns:
            The agent's id. None: nobody suits or everybody is busy; the task waits in the queue and
            is assigned as soon as somebody can take it.

        Raises:
            InvalidValue: The specification asks for something impossible.
        """
        task_id = task.task_id
        try:
            answer = await self.submit_task(task)
        except TaskAlreadySubmitted:
            pass
        else:
            if answer.agent_id is not None:
                return answer.agent_id
            task_id = answer.task_id
        return await self._call(lambda system: assigned_agent(system, task_id, timeout))

    async def submit_task(self, task: TaskSpecification) -> TaskAnswer:
        """Submit a task and do not wait for an agent.

        Returns:
            The task; with a ``dedup_key`` it may be one that was submitted before.

        Raises:
            InvalidValue: The specification asks for something impossible.
            TaskAlreadySubmitted: It was submitted before.
        """

        async def submit(system: System) -> CommandResult:
            command = task.submission(system.settings, system.clock.now(), HOST.subject)
            return await system.engine.execute(command, HOST)

        return _task_answer((await self._call(submit)).body)

    async def claim_tasks(
        self, agent_id: str, *, limit: int = 1, wait: float = 0.0
    ) -> Sequence[ClaimedTask]:
        """Return tasks assigned to an agent and not started, oldest first; counts as a heartbeat.

        Args:
            agent_id: The agent.
            limit: How many at most.
            wait: How long to wait for one when there is none, seconds.

        Raises:
            AgentNotFound: It is not registered.
        """

        async def claim(system: System) -> Sequence[ClaimedTask]:
            until = system.clock.monotonic() + wait
            while True:
                alive = await system.heartbeats.agent(agent_id, HOST)
                left = until - system.clock.monotonic()
                # In parts, so that the agent counts as heard of for as long as it waits.
                part = max(0.0, min(left, alive.next_within_seconds))
                found = await system.claims.claim(agent_id, limit, part)
                if found or part >= left:
                    return found

        return await self._call(claim)

    async def start_task(self, task: ClaimedTask) -> TaskAnswer:
        """Take up the work on a claimed task.

        Within each ``lease_seconds`` from here on the agent must be heard of, by a report of its
        progress or by a heartbeat that names the task; else the task goes to another agent.
        """
        return await self._task(StartTask(**_attempt(task)))

    async def report_progress(
        self,
        task: ClaimedTask,
        percent: float | None = None,
        message: str = "",
        *,
        partial: Any = None,
        log: Sequence[str] = (),
    ) -> TaskAnswer:
        """Tell how far the work is; it renews the lease, whatever it says.

        Args:
            task: The task.
            percent: How far, 0..100.
            message: For people.
            partial: What there is of the result, any JSON.
            log: Lines of the log since the last report.

        Raises:
            StaleLease: The task has been taken from the agent in the meantime.
        """
        command = RecordProgress(
            **_attempt(task),
            percent=percent,
            message=message,
            partial=partial,
            log=tuple(log),
        )

        async def report(system: System) -> TaskAnswer:
            result = await system.engine.execute(command, HOST)
            system.presence.beat("agent", task.agent_id)
            system.heartbeats.tasks([task.lease])
            return _task_answer(result.body)

        return await self._call(report)

    async def complete_task(
        self,
        task: ClaimedTask,
        result: Any = None,
        *,
        quality: float | None = None,
        usage: Mapping[str, Any] | None = None,
    ) -> TaskAnswer:
        """Deliver the result.

        Args:
            task: The task.
            result: Any JSON.
            quality: The agent's own estimate, 0..1.
            usage: What the attempt consumed: ``model``, ``tokens_in``, ``tokens_out`` and ``cost``
                (tokens of ours).

        Raises:
            InvalidValue: A figure is of the wrong kind.
            StaleLease: The task has been taken from the agent in the meantime.
        """
        return await self._task(
            CompleteTask(
                **_attempt(task),
                result=result,
                quality=quality,
                usage=None if usage is None else read_as(ReportedUsage, usage).usage(),
            )
        )

    async def fail_task(
        self, task: ClaimedTask, message: str, *, code: str = "failed", retryable: bool = True
    ) -> TaskAnswer:
        """Give up a task; it is tried again while attempts are left and it is retryable."""
        return await self._task(
            FailTask(
                **_attempt(task),
                error_code=code,
                message=message,
                retryable=retryable,
                jitter=_random(),
            )
        )

    async def cancel_task(self, task_id: str, reason: str = "") -> TaskAnswer:
        """Call a task off."""
        return await self._task(CancelTask(task_id=task_id, reason=reason))

    async def set_policy(self, name: str | None, task_type: str | None = None) -> None:
        """Have a policy choose the agents from now on (docs/policies.md).

        Args:
            name: The policy; None: for a type, the one of all types; for all, ``scored``.
            task_type: The type of task; None: all types that have no policy of their own.

        Raises:
            UnknownPolicy: There is none of that name here.
            PreconditionFailed: Somebody else changed the rules at the same moment.
        """
        await self._call(lambda system: put_in_force(system, HOST, name, task_type))

    async def _task(self, command: msgspec.Struct) -> TaskAnswer:
        result = await self._call(lambda system: system.engine.execute(command, HOST))
        return _task_answer(result.body)

    async def _call(self, work: Callable[[System], Awaitable[_Result]]) -> _Result:
        return await self._node_in_use().call(work)

    def _node_in_use(self) -> Node:
        return self._node or current()


def _attempt(task: ClaimedTask) -> dict[str, str]:
    """Return what every report on a task says of the attempt."""
    return {"task_id": task.task_id, "agent_id": task.agent_id, "lease": task.lease}
