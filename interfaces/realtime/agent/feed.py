"""Tells an agent what it is given and what is taken from it, for as long as its socket is open.

What is sent is the difference between what the log says the agent has and what this socket has told
it. So there is no place to resume from: who connects again is told anew what it has not begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from aia_mas.application.orchestration.agent_watches import AgentWatches, Watch
from aia_mas.application.orchestration.standing import HeldTask, standing
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.interfaces.realtime.acting import told

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System

_AT_ONCE = 100
"""Tasks told before what the agent has is looked at again."""


class Welcome(msgspec.Struct, frozen=True):
    """The first frame.

    Attributes:
        agent_id: The agent.
        status: active, draining or suspended.
        heartbeat_seconds: How often a sign of life is expected; answered pings and messages count.
        tasks: What it holds and has begun; what it has not begun follows as ``task_assigned``.
    """

    agent_id: str
    status: str
    heartbeat_seconds: float
    tasks: list[HeldTask]


class TakenTask(msgspec.Struct, frozen=True):
    """A task that the agent does not hold any more, by no doing of its own.

    Attributes:
        task_id: The task.
        lease: The attempt that is over.
        status: Where the task is now.
    """

    task_id: str
    lease: str
    status: str


class GivenInput(msgspec.Struct, frozen=True):
    """The answer to a question.

    Attributes:
        task_id: The task about which the agent asked.
        number: Which question.
        answer: Any JSON.
        by: Who answered.
    """

    task_id: str
    number: int
    answer: Any
    by: str


class AgentStanding(msgspec.Struct, frozen=True):
    """How the agent stands.

    Attributes:
        agent_id: The agent.
        status: active, draining or suspended.
    """

    agent_id: str
    status: str


class AgentFeed:
    """What one socket has told its agent.

    Attributes:
        welcomed: Set behind the first frame.
    """

    def __init__(
        self, system: System, watches: AgentWatches, agent_id: str, push: Callable[[bytes], None]
    ) -> None:
        """Begin with nothing told.

        Args:
            system: The system.
            watches: Tell when there may be something new.
            agent_id: The agent.
            push: Sends a frame.
        """
        self._system = system
        self._watches = watches
        self._agent_id = agent_id
        self._push = push
        self._told: dict[str, str] = {}
        self._ending: set[str] = set()
        self._ended: set[str] = set()
        self.welcomed = asyncio.Event()
        self._watch: Watch | None = None
        self._status: AgentStatus | None = None

    async def run(self) -> None:
        """Welcome the agent, then tell it what changes, until cancelled."""
        with self._watches.of(self._agent_id) as watch:
            self._watch = watch
            await self._welcome()
            while True:
                await watch.next()
                await self._tell(watch)

    def ending(self, lease: str) -> None:
        """Note that the agent is about to end an attempt: losing it is no news to it."""
        if lease in self._told:
            self._ending.add(lease)

    def ended(self, lease: str) -> None:
        """Note that it has: nobody needs to look how it was lost."""
        if lease in self._ending:
            self._ending.discard(lease)
            self._ended.add(lease)

    def not_ended(self, lease: str) -> None:
        """Take that back, and look whether it was lost otherwise."""
        self._ending.discard(lease)
        if self._watch is not None:
            self._watch.changed.set()

    async def _welcome(self) -> None:
        system = self._system
        stands = await standing(system.workload, self._agent_id, ())
        begun = [task for task in stands.held if task.status != "assigned"]
        self._told = {task.lease: task.task_id for task in begun if task.lease}
        state = await system.workload.agent(self._agent_id)
        self._status = None if state is None else state.status
        interval = system.settings.heartbeat_interval_seconds
        status = "" if state is None else state.status.value
        self._push(told("welcome", Welcome(self._agent_id, status, interval, begun)))
        self.welcomed.set()

    async def _tell(self, watch: Watch) -> None:
        await self._tell_lost()
        while len(await self._tell_given()) == _AT_ONCE:
            pass
        while watch.inputs:
            task_id, event = watch.inputs.popleft()
            given = GivenInput(task_id, event.number, event.answer, event.by)
            self._push(told("task_input", given))
        await self._tell_status()

    async def _tell_given(self) -> list[Any]:
        tasks = await self._system.claims.assigned(self._agent_id, _AT_ONCE, self._told)
        for task in tasks:
            self._told[task.lease] = task.task_id
            self._push(told("task_assigned", task))
        return tasks

    async def _tell_lost(self) -> None:
        """Tell which attempts are over without the agent's doing, and forget those that are."""
        workload = self._system.workload
        held = workload.leases(self._agent_id)
        for lease, task_id in tuple(self._told.items()):
            if lease in held or lease in self._ending:
                continue
            if lease in self._ended:
                self._ended.discard(lease)
                del self._told[lease]
                continue
            stands = await standing(workload, self._agent_id, (), {task_id: lease})
            if stands.lost and lease not in self._ending and lease not in self._ended:
                del self._told[lease]
                lost = stands.lost[0]
                self._push(told("task_lost", TakenTask(task_id, lease, lost.status)))

    async def _tell_status(self) -> None:
        state = await self._system.workload.agent(self._agent_id)
        if state is not None and state.status is not self._status:
            self._status = state.status
            standing_now = AgentStanding(self._agent_id, state.status.value)
            self._push(told("agent_status", standing_now))
