"""What the economic classes share: orders that are waited for, and how up to date they are told."""

from __future__ import annotations

import msgspec

from aia.agents.on_a_node import HOST
from aia_mas.application.economy.order_desk import Order
from aia_mas.application.engine.engine import Origin
from aia_mas.domain.economy.orders import OrderStatus
from aia_mas.interfaces.bootstrap import System

_VIEW_SECONDS = 5.0
SETTLEMENT_SECONDS = 60.0
"""How long to wait for the settlement: another node may just be taking it over."""


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
