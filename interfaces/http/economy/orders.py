"""Orders over HTTP: what was asked of the settlement, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Controller, get
from litestar.params import FromPath, QueryParameter

from aia_mas.application.economy.order_desk import Order
from aia_mas.application.event_log.log import EventFilter
from aia_mas.domain.economy.orders import OrderPlaced
from aia_mas.domain.kernel.ids import check_made_id, entity_of
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.log_pages import log_page
from aia_mas.interfaces.http.queries import Cursor, Limit, MinPosition, Total, given, logged
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.treasury import OrderPage
from aia_mas.interfaces.http.schemas.values import moment


class Orders(Controller):
    """What was ordered of the settlement."""

    path = f"{ECONOMIC}/orders"
    tags = ("economy",)

    @get("/", operation_id="list_orders")
    async def list_orders(
        self,
        request: ApiRequest,
        by: Annotated[str | None, QueryParameter(description="Placed by this subject.")] = None,
        since: Annotated[
            datetime | None, QueryParameter(description="Placed at this time or later.")
        ] = None,
        until: Annotated[
            datetime | None, QueryParameter(description="Placed before this time.")
        ] = None,
        limit: Limit = 100,
        cursor: Cursor = None,
        total: Total = False,
        min_position: MinPosition = 0,
    ) -> Answer[OrderPage]:
        """List orders as they stand, those placed last first."""
        where = EventFilter(
            topics=(OrderPlaced.topic,),
            actor=by,
            since=given(moment, since, "since"),
            until=given(moment, until, "until"),
        )
        await logged(request, min_position)
        page = await log_page(request, where, "-position", limit, cursor, total)
        ids = [entity_of(event.stream) for event in page.events]
        items = await request.system.economy.orders.some(ids)
        return answer(OrderPage(items=items, next_cursor=page.next_cursor, total=page.total))

    @get("/{order_id:str}", operation_id="get_order")
    async def get_order(
        self, order_id: FromPath[str], request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[Order]:
        """Return an order as it stands."""
        check_made_id(order_id, "order_id")
        await logged(request, min_position)
        return answer(await request.system.economy.orders.get(order_id))
