"""What the economic classes share: a node to work on, in whose name, and how up to date."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from aia.agents.running import Node, current
from aia_mas.application.economy.order_desk import Order
from aia_mas.application.engine.engine import Origin
from aia_mas.domain.economy.orders import OrderStatus
from aia_mas.domain.kernel import Principal, Role
from aia_mas.interfaces.bootstrap import System

_Result = TypeVar("_Result")
_VIEW_SECONDS = 5.0
SETTLEMENT_SECONDS = 60.0
"""How long to wait for the settlement: another node may just be taking it over."""

HOST = Principal(subject="host", roles=frozenset({Role.ADMIN}))
"""A program that runs the system inside itself may do what an administrator may."""


class OnANode:
    """What works on a node; without one, on that of the ``MultiAgentSystem`` started last."""

    def __init__(self, node: Node | None = None) -> None:
        """Work on a node."""
        self._node = node

    async def _call(self, work: Callable[[System], Awaitable[_Result]]) -> _Result:
        return await (self._node or current()).call(work)

    async def _execute(self, make: Callable[[System], msgspec.Struct]) -> None:
        async def execute(system: System) -> None:
            await system.engine.execute(make(system), HOST)

        await self._call(execute)


async def ordered(system: System, order: msgspec.Struct) -> Order:
    """Place an order and return it once it is carried out.

    Raises:
        DomainError: It was refused.
        TimeoutError: The settlement, on whichever node, has not come to it yet.
    """
    desk = system.economy.orders
    ended = await desk.place(system.new_id(), order, Origin(HOST), SETTLEMENT_SECONDS)
    check_done(ended.order)
    return ended.order


def check_done(order: Order | None) -> None:
    """Tell that an order still waits.

    Raises:
        TimeoutError: It does.
    """
    if order is not None and order.status is not OrderStatus.EXECUTED:
        raise TimeoutError(f"the settlement has not carried out the order {order.order_id} yet")


async def caught_up(system: System) -> None:
    """Wait until the view shows what this program has done; briefly, as it may be behind."""
    position = system.log.feed.position
    await system.projections.wait_for(system.projections.economy.name, position, _VIEW_SECONDS)
