"""Tokens, stakes, rewards and votes, in the terms of the platform's programs."""

from __future__ import annotations

from typing import Any

import msgspec

from aia.agents.economic_integrator import AgentEconomicIntegrator
from aia.agents.economic_node import caught_up
from aia.agents.economic_profile import AgentEconomicProfile
from aia.agents.incentives import PerformanceIncentive
from aia.agents.on_a_node import OnANode
from aia.agents.running import Node
from aia.agents.shapes import Amount
from aia_mas.domain.economy.accounts import AIA
from aia_mas.domain.orchestration.task_commands import RateTask
from aia_mas.interfaces.bootstrap import System
from aia_mas.projections.economy.figures import Leaderboard
from aia_mas.projections.economy.flows import Window
from aia_mas.projections.economy.leaderboards import Asked, Measure

__all__ = [
    "AgentEconomicIntegrator",
    "AgentEconomicProfile",
    "EconomicMASIntegration",
    "PerformanceIncentive",
]


class EconomicMASIntegration(OnANode):
    """Where work and money meet: ratings make rewards, and the whole can be looked at.

    Rewards need no wiring by a program: the settlement pays every completed task of a staked agent
    out of the pool, with what its terms promised when it was assigned.
    """

    def __init__(self, node: Node | None = None) -> None:
        """Work on a node; without one, on that of the ``MultiAgentSystem`` started last."""
        super().__init__(node)
        self.integrator = AgentEconomicIntegrator(node)

    async def enroll_agent(self, agent_id: str, stake: Amount) -> AgentEconomicProfile:
        """Fill an agent's wallet and stake all of it.

        Raises:
            InvalidValue: The id or the amount is none.
            InsufficientFunds: The treasury has not as much.
        """
        await self.integrator.register_agent_economically(agent_id, stake)
        return await self.integrator.stake_tokens(agent_id, stake)

    async def rate_task(self, task_id: str, rating: float, comment: str = "") -> None:
        """Rate a result, 0..1: it makes the reward larger or smaller, if it comes in time.

        Raises:
            TaskNotFound: There is no such task.
            TaskNotCompleted: It has no result yet.
            AlreadyRated: It was rated before.
        """
        await self._execute(lambda _: RateTask(task_id=task_id, rating=rating, comment=comment))

    async def get_economic_summary(self) -> dict[str, Any]:
        """Return the economy as a whole: supply, stakes, rewards, pools, programs, proposals."""

        async def get(system: System) -> dict[str, Any]:
            await caught_up(system)
            summary: dict[str, Any] = msgspec.to_builtins(
                system.projections.economy.summary(system.clock.now())
            )
            return summary

        return await self._call(get)

    async def get_leaderboard(
        self, by: Measure = "earnings", window: Window = "all", limit: int = 10
    ) -> Leaderboard:
        """Return who has most: ``earnings``, ``stake``, ``bonded``, ``reputation``, ``completed``.

        Args:
            by: Of what.
            window: Of earnings: over which time (``1h``, ``24h``, ``7d``, ``30d``, ``all``).
            limit: How many of them.
        """

        async def get(system: System) -> Leaderboard:
            await caught_up(system)
            view, asked = system.projections.economy, Asked(by, window, AIA)
            return await view.leaderboard(asked, limit, system.clock.now())

        return await self._call(get)
