"""Records what became of deliveries: what one node has gathered, in one go."""

from __future__ import annotations

import msgspec

from aia_mas.domain.communication.delivery_events import (
    Acknowledged,
    DeliveriesAcknowledged,
    DeliveriesDropped,
    DeliveriesFailed,
    DeliveriesNoted,
    DeliveriesReturned,
    DeliveriesState,
    Dropped,
    Failed,
    Noted,
    Returned,
    deliveries_stream,
)
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept
from aia_mas.domain.kernel.event import Event


class RecordDeliveries(msgspec.Struct, frozen=True, kw_only=True):
    """Record what became of deliveries.

    Attributes:
        writer: Who records it; nobody else writes under this name.
        noted: Those still out.
        acknowledged: Those that arrived.
        failed: Those that failed.
        returned: Those taken back.
        dropped: Those that are not made, since others need the room.
    """

    writer: str
    noted: tuple[Noted, ...] = ()
    acknowledged: tuple[Acknowledged, ...] = ()
    failed: tuple[Failed, ...] = ()
    returned: tuple[Returned, ...] = ()
    dropped: tuple[Dropped, ...] = ()


def record_deliveries(
    _state: DeliveriesState | None, command: RecordDeliveries, ctx: Context
) -> Decision:
    """Record it as it is: whether it is still of any consequence is a question of its place."""
    events: list[Event] = []
    if command.noted:
        # First: what is noted and over at the same time is over.
        events.append(DeliveriesNoted(items=command.noted, at=ctx.now))
    if command.acknowledged:
        events.append(DeliveriesAcknowledged(items=command.acknowledged, at=ctx.now))
    if command.failed:
        events.append(DeliveriesFailed(items=command.failed, at=ctx.now))
    if command.returned:
        events.append(DeliveriesReturned(items=command.returned, at=ctx.now))
    if command.dropped:
        events.append(DeliveriesDropped(items=command.dropped, at=ctx.now))
    return accept(deliveries_stream(command.writer), *events)
