"""One order about many tasks or agents: who gave it, and which ones it is about."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.orchestration.bounds import check_text
from aia_mas.domain.orchestration.specification_checks import check_deadline


class BulkOrdered(Event, frozen=True, kw_only=True):
    """Somebody ordered the same thing for many; what came of each stands in its own stream.

    Attributes:
        action: What was ordered: cancel, retry, reprioritise, reassign, drain.
        selection: How they were chosen, JSON.
        count: How many they were.
        reason: Why.
        by: By whom.
        at: When, UTC.
    """

    topic: ClassVar[str] = "bulk.ordered.v1"
    action: str
    selection: Any = None
    count: int
    reason: str = ""
    by: str
    at: datetime


EVENTS: tuple[type[Event], ...] = (BulkOrdered,)
"""Every event of such a stream, for the topic registry."""


class BulkState(State, frozen=True, kw_only=True):
    """An order (``count``: how many it is about)."""

    count: int


class OrderBulk(msgspec.Struct, frozen=True, kw_only=True):
    """Order the same thing for many; a repetition of this command is told the same ids again.

    Attributes:
        bulk_id: A new id (UUIDv7 text).
        action: What.
        ids: For whom.
        more: There are others beyond the bound of one order.
        selection: How they were chosen, JSON.
        reason: Why.
        deadline: The new one of all of them, UTC.
    """

    bulk_id: str
    action: str
    ids: tuple[str, ...]
    more: bool = False
    selection: Any = None
    reason: str = ""
    deadline: datetime | None = None


class BulkOrder(msgspec.Struct, frozen=True):
    """The answer to ``OrderBulk``; see there."""

    bulk_id: str
    ids: tuple[str, ...]
    more: bool


def bulk_stream(bulk_id: str) -> str:
    """Return the stream id of an order."""
    return stream_of("bulk", bulk_id)


def evolve(_state: BulkState | None, event: BulkOrdered) -> BulkState:
    """Fold one event of the stream into the state."""
    return BulkState(count=event.count)


def order_bulk(_state: BulkState | None, command: OrderBulk, ctx: Context) -> Decision:
    """Record the order; refused with ``invalid_value`` when its deadline has passed already."""
    try:
        check_deadline(command.deadline, ctx.now)
        check_text(command.reason, "reason")
    except InvalidValue as error:
        return refuse(error)
    ordered = BulkOrdered(
        action=command.action,
        selection=command.selection,
        count=len(command.ids),
        reason=command.reason,
        by=ctx.principal.subject,
        at=ctx.now,
    )
    return accept(bulk_stream(command.bulk_id), ordered)


def bulk_order(_state: BulkState, command: OrderBulk) -> BulkOrder:
    """Return the answer."""
    return BulkOrder(command.bulk_id, command.ids, command.more)
