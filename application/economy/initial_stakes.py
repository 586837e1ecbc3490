"""Waits until what an agent stakes with its registration is staked, and tells of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from aia_mas.application.economy.order_desk import OrderDesk
from aia_mas.application.orchestration.answers import AgentAnswer
from aia_mas.domain.economy.errors import OrderNotFound
from aia_mas.domain.economy.orders import OrderStatus
from aia_mas.domain.economy.supply.initial_stake import ToldStake
from aia_mas.domain.orchestration.agent import AgentState


class Staked(NamedTuple):
    """What came of an initial stake.

    Attributes:
        told: What the agent has at stake by it; None: there was none, or it was not to be had in
            time, or at all (see the order).
        position: Where that stands in the log; 0: it was so before.
    """

    told: ToldStake | None = None
    position: int = 0


class InitialStakes:
    """Tells registrations of their stakes, which come a moment later in development."""

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

    async def staked(self, agent_id: str) -> Staked:
        """Wait, a few seconds at most, until an agent has the stake that it registered with."""
        agent = await self._agent(agent_id)
        if agent is None or not agent.stake_id:
            return Staked()
        try:
            order, position = await self._orders.ended(agent.stake_id)
        except OrderNotFound:
            return Staked()  # it was staked at once, in the same commit
        if order.status is not OrderStatus.EXECUTED:
            return Staked(None, position)
        # By the order, not by the stake as it is now: a repetition is told the same.
        return Staked(ToldStake(order.result["stake"], order.result["tier"]), position)

    async def answered(self, agent_id: str, body: bytes) -> tuple[bytes, int]:
        """Return the answer to a registration with what it staked.

        Args:
            agent_id: The agent.
            body: The answer as it was before.

        Returns:
            The answer, and the position of the stake; see ``Staked``.
        """
        staked = await self.staked(agent_id)
        if staked.told is None:
            return body, staked.position
        return _encode(replace(_decode(body), **staked.told._asdict())), staked.position


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AgentAnswer).decode
