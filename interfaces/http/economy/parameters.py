"""The parameters of the economy over HTTP."""

from __future__ import annotations

from litestar import Controller, get, put
from litestar.params import JSONBody

from aia_mas.application.economy.order_desk import Order
from aia_mas.interfaces.http.answers import Answer, answer
from aia_mas.interfaces.http.commands import etag, precondition
from aia_mas.interfaces.http.economy.paths import ECONOMIC
from aia_mas.interfaces.http.orders import ordered
from aia_mas.interfaces.http.queries import MinPosition, logged
from aia_mas.interfaces.http.requests import ApiRequest
from aia_mas.interfaces.http.schemas.parameters import (
    ParametersChange,
    ShownParameters,
    shown_parameters,
)


class Parameters(Controller):
    """What may be changed without a new program."""

    path = f"{ECONOMIC}/parameters"
    tags = ("economy",)

    @get("/", operation_id="get_economic_parameters")
    async def get_parameters(
        self, request: ApiRequest, min_position: MinPosition = 0
    ) -> Answer[ShownParameters]:
        """Return the parameters in force."""
        await logged(request, min_position)
        state = await request.system.economy.standing.parameters()
        return answer(shown_parameters(state), 200, [etag(state.revision)])

    @put("/", operation_id="change_economic_parameters")
    async def change(self, data: JSONBody[ParametersChange], request: ApiRequest) -> Answer[Order]:
        """Change the parameters given; the others stay (If-Match: in this revision only).

        It is an order: 200 when it was carried out, 202 when that takes longer than a few seconds.
        """
        return await ordered(request, data.order(precondition(request)))
