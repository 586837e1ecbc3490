"""The registry of commands about orders and parameters: reads, decision and answer of each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from aia_mas.application.economy.order_desk import Order, order_view
from aia_mas.application.economy.order_kinds import ORDER_KINDS
from aia_mas.application.economy.reading import over_streams
from aia_mas.application.engine.handlers import Evolvers, Handler, Handlers
from aia_mas.domain.economy import orders, parameters
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = (*orders.EVENTS, *parameters.EVENTS)

EVOLVERS: Evolvers = {"order": orders.evolve, "parameters": parameters.evolve}

STATES: Mapping[str, type[msgspec.Struct]] = {
    "order": orders.OrderState,
    "parameters": parameters.ParametersState,
}


def handlers(kinds: orders.Kinds = ORDER_KINDS) -> Handlers:
    """Return the handlers of all commands about orders and parameters."""
    return {
        orders.PlaceOrder: Handler(
            lambda c: (orders.order_stream(c.order_id),),
            partial(orders.place_order, kinds=kinds),
            _order,
        ),
        orders.ExecuteOrder: over_streams(
            partial(orders.streams_of_order, kinds=kinds),
            partial(orders.execute_order, kinds=kinds),
            _order,
        ),
        parameters.AdoptConfiguredParameters: Handler(
            lambda _: (parameters.PARAMETERS,), parameters.adopt_configured_parameters, _state
        ),
    }


def _order(state: orders.OrderState, command: Any) -> Order:
    return order_view(command.order_id, state)


def _state(state: Any, _command: Any) -> Any:
    return state
