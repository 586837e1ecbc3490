"""From a request to an order and back: whoever orders is told how it went, if that is soon."""

from __future__ import annotations

import msgspec

from aia_mas.application.economy.order_desk import Order
from aia_mas.domain.economy.orders import OrderStatus
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import REPLAYED, location, origin_of
from aia_mas.interfaces.http.paths import API
from aia_mas.interfaces.http.requests import ApiRequest


async def ordered(
    request: ApiRequest, order: msgspec.Struct, order_id: str | None = None
) -> Answer[Order]:
    """Place an order and answer with what became of it.

    200 when it was carried out; 202 when that takes longer than a few seconds, with its
    ``Location``, where it can be looked at.

    Args:
        request: The request.
        order: What is to be done.
        order_id: Its id; None: a new one.

    Raises:
        DomainError: It was refused, when it was placed or when it was carried out.
        EventLogError: It could not be placed.
    """
    system = request.system
    ended = await system.economy.orders.place(
        order_id or system.new_id(), order, await origin_of(request)
    )
    done = ended.order.status is OrderStatus.EXECUTED
    headers = [
        (b"x-event-position", b"%d" % ended.position),
        location(request, f"{API}/economic/orders/{ended.order.order_id}"),
    ]
    if ended.replayed:
        headers.append(REPLAYED)
    return answer(ended.order, 200 if done else 202, headers)
