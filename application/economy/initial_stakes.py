"""Waits until what an agent stakes with its registration is staked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aia_mas.application.economy.order_desk import OrderDesk
from aia_mas.domain.economy.errors import OrderNotFound
from aia_mas.domain.orchestration.agent import AgentState


class InitialStakes:
    """Tells registrations from their stakes, which come a moment later in development."""

    def __init__(
        self, orders: OrderDesk, agent: Callable[[str], Awaitable[AgentState | None]]
    ) -> None:
        """Set it up.

        Args:
            orders: Where they are ordered.
            agent: Tells about an agent.
        """
        self._orders = orders
        self._agent = agent

    async def staked(self, agent_id: str) -> int:
        """Wait, a few seconds at most, until an agent has the stake that it registered with.

        Returns:
            The position at which that stands in the log; 0: it was so already, or there is none,
            or it was not to be had in time, or at all (see the order).
        """
        agent = await self._agent(agent_id)
        if agent is None or not agent.stake_id:
            return 0
        try:
            return (await self._orders.ended(agent.stake_id))[1]
        except OrderNotFound:
            return 0  # it was staked at once, in the same commit
