"""The registry of commands about connections: reads, decision and answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from aia_mas.application.engine.handlers import Evolvers, Handler, Handlers
from aia_mas.domain.communication import disconnections
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = disconnections.EVENTS

EVOLVERS: Evolvers = {disconnections.CATEGORY: disconnections.evolve}

STATES: Mapping[str, type[msgspec.Struct]] = {
    disconnections.CATEGORY: disconnections.DisconnectionState
}


class DisconnectionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An order to close connections, as it was given first.

    Attributes:
        disconnection_id: Its id; of one connection that of the connection.
        whom: Which connections: all that is named must hold.
        reason: Why.
        by: By whom.
        at: When, UTC.
    """

    disconnection_id: str
    whom: disconnections.Whom
    reason: str
    by: str
    at: datetime


def handlers() -> Handlers:
    """Return the handlers of all commands about connections."""
    return {
        disconnections.OrderDisconnection: Handler(
            lambda c: (disconnections.disconnection_stream(c.disconnection_id),),
            disconnections.order_disconnection,
            _answer,
        )
    }


def _answer(state: disconnections.DisconnectionState, command: Any) -> DisconnectionAnswer:
    return DisconnectionAnswer(
        disconnection_id=command.disconnection_id,
        whom=state.whom,
        reason=state.reason,
        by=state.by,
        at=state.at,
    )
