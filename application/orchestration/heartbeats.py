"""Signs of life of agents and of the tasks they work on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from aia_mas.application.clock import Clock
from aia_mas.application.engine.engine import Engine
from aia_mas.application.orchestration.standing import HeldTask, LostTask, Standing, standing
from aia_mas.application.orchestration.workload import Workload
from aia_mas.application.presence import Presence
from aia_mas.domain.kernel.principal import Principal
from aia_mas.domain.orchestration.agent import AgentState, AgentStatus
from aia_mas.domain.orchestration.agent_commands import MarkAgentOnline
from aia_mas.domain.orchestration.errors import AgentNotFound


class HeartbeatAnswer(msgspec.Struct, frozen=True):
    """What an agent learns from its heartbeat.

    Attributes:
        agent_id: The agent.
        status: active, draining or suspended.
        online: Always true.
        received_at: When the heartbeat came, UTC.
        next_within_seconds: When the next one is expected.
        tasks: What it holds.
        lost: Of the tasks that it named, those that it does not hold, and should stop working on.
    """

    agent_id: str
    status: str
    online: bool
    received_at: datetime
    next_within_seconds: float
    tasks: Sequence[HeldTask] = ()
    lost: Sequence[LostTask] = ()


class Heartbeats:
    """Takes signs of life; an agent that was offline is online again."""

    def __init__(
        self,
        engine: Engine,
        presence: Presence,
        workload: Workload,
        clock: Clock,
        *,
        interval: float,
    ) -> None:
        """Expect a heartbeat of every agent each ``interval`` seconds."""
        self._engine = engine
        self._presence = presence
        self._workload = workload
        self._clock = clock
        self._interval = interval

    async def agent(self, agent_id: str, principal: Principal) -> HeartbeatAnswer:
        """Take the heartbeat of an agent alone; what it holds is not looked up.

        Raises:
            AgentNotFound: No such agent is registered.
        """
        state = await self.known(agent_id)
        self._presence.beat("agent", agent_id)
        if not state.online:
            await self._engine.execute(MarkAgentOnline(agent_id=agent_id), principal)
        return HeartbeatAnswer(
            agent_id, state.status.value, True, self._clock.now(), self._interval
        )

    async def answered(
        self,
        agent_id: str,
        principal: Principal,
        task_ids: Sequence[str] = (),
        leases: Mapping[str, str] = MappingProxyType({}),
    ) -> HeartbeatAnswer:
        """Take the heartbeat of an agent and of the tasks it works on; see ``working``.

        Raises:
            AgentNotFound: No such agent is registered.
        """
        alive = await self.agent(agent_id, principal)
        stands = await self.working(agent_id, task_ids, leases)
        return replace(alive, tasks=stands.held, lost=stands.lost)

    async def known(self, agent_id: str) -> AgentState:
        """Return the state of a registered agent.

        Raises:
            AgentNotFound: No such agent is registered.
        """
        state = await self._workload.agent(agent_id)
        if not _registered(state):
            # Another node may have registered it just now.
            state = await self._workload.agent_anew(agent_id)
        if state is None or not _registered(state):
            raise AgentNotFound(agent_id=agent_id)
        return state

    async def working(
        self,
        agent_id: str,
        task_ids: Sequence[str],
        leases: Mapping[str, str] = MappingProxyType({}),
    ) -> Standing:
        """Extend the leases of those of these tasks that an agent holds; return how it stands.

        Args:
            agent_id: The agent.
            task_ids: The tasks that it says it is working on.
            leases: By task, the leases that it says it is working under, as far as it says so.
        """
        stands = await standing(self._workload, agent_id, task_ids, leases)
        working = {*task_ids, *leases} - {each.task_id for each in stands.lost}
        self.tasks([each.lease for each in stands.held if each.lease and each.task_id in working])
        return stands

    def tasks(self, leases: Sequence[str]) -> None:
        """Extend the leases of attempts whose agent was just heard of."""
        for lease in leases:
            self._presence.beat("task", lease)


def _registered(state: AgentState | None) -> bool:
    return state is not None and state.status is not AgentStatus.UNREGISTERED
