"""Messages in numbers, with the connections of all nodes beside them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aia_mas.application.connections import ConnectionFilter
from aia_mas.interfaces.http.schemas.connections import Kind
from aia_mas.interfaces.http.schemas.message_metrics import (
    CommunicationMetrics,
    communication_metrics,
)

if TYPE_CHECKING:
    from aia_mas.interfaces.bootstrap import System


async def communication_figures(system: System) -> CommunicationMetrics:
    """Return messages in numbers, as this node knows them now."""
    store, communication = system.access.connections, system.communication
    counts = await asyncio.gather(
        *(store.count(ConnectionFilter(kind=kind.value)) for kind in Kind)
    )
    connections = dict(zip((kind.value for kind in Kind), counts, strict=True))
    return communication_metrics(
        communication.reading(), communication.bridged(), connections, communication.host.position
    )
