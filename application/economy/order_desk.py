"""Places orders and waits until the settlement, on whichever node, has carried them out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec

from aia_mas.application.economy.order_kinds import ORDER_KINDS
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.engine.outcomes import StoredRefusal
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.feed import Feed
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.errors import OrderNotFound
from aia_mas.domain.economy.orders import (
    OrderExecuted,
    OrderRefused,
    OrderState,
    OrderStatus,
    PlaceOrder,
    order_stream,
)
from aia_mas.domain.kernel.money import to_text

PATIENCE: Final = 5.0
"""Seconds that somebody waits for what becomes of an order, unless it is said otherwise."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as clients see it.

    Attributes:
        order_id: Its id.
        status: How far it is.
        kind: What it is about.
        order: What is to be done; amounts in tokens.
        by: Who wants it.
        placed_at: When it was placed, UTC.
        ended_at: When it was carried out or refused, UTC.
        result: What came of it.
        refusal: The code of the refusal.
        detail: What was said about that.
    """

    order_id: str
    status: OrderStatus
    kind: str
    order: dict[str, Any]
    by: str
    placed_at: datetime
    ended_at: datetime | None = None
    result: Mapping[str, Any] = {}
    refusal: str | None = None
    detail: str | None = None


class Ended(NamedTuple):
    """What became of an order.

    Attributes:
        order: The order.
        position: Of the log: that of its end, or of its placing while it waits.
        replayed: It had been placed before under the same command id.
    """

    order: Order
    position: int
    replayed: bool


def order_view(order_id: str, state: OrderState) -> Order:
    """Return an order as clients see it."""
    refusal = state.refusal
    return Order(
        order_id=order_id,
        status=state.status,
        kind=state.kind,
        order=shown_order(state.order, ORDER_KINDS[state.kind].amounts),
        by=state.by,
        placed_at=state.at,
        ended_at=state.ended_at,
        result=state.result,
        refusal=None if refusal is None else refusal.code,
        detail=None if refusal is None else refusal.detail,
    )


def shown_order(value: Any, amounts: frozenset[str], name: str = "") -> Any:
    """Return a part of an order as clients see it: amounts are texts of tokens."""
    if isinstance(value, Mapping):
        return {key: shown_order(part, amounts, key) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [shown_order(part, amounts, name) for part in value]
    return to_text(value) if name in amounts and isinstance(value, int) else value


class OrderDesk:
    """Where orders are placed on this node."""

    def __init__(self, engine: Engine, working_set: WorkingSet, feed: Feed) -> None:
        """Open it."""
        self._engine = engine
        self._working_set = working_set
        self._feed = feed
        self._waiting: dict[str, set[asyncio.Future[int]]] = {}
        feed.listen(self._follow)

    async def place(
        self, order_id: str, order: msgspec.Struct, origin: Origin, patience: float = PATIENCE
    ) -> Ended:
        """Place an order and wait for its end.

        Args:
            order_id: Its id; when the command id was used before, that of then counts.
            order: What is to be done.
            origin: Where it comes from.
            patience: How long to wait, seconds; it is carried out also when nobody waits.

        Raises:
            DomainError: It was refused, when it was placed or when it was carried out.
            EventLogError: It could not be placed.
        """
        placed = await self._engine.run(PlaceOrder(order_id=order_id, order=order), origin)
        order_id = _placed(placed.body).order_id
        state, position = await self.ended(order_id, patience)
        if state.refusal is not None:
            refused = state.refusal
            raise StoredRefusal(refused.code, refused.title, refused.detail, "", refused.facts)
        return Ended(order_view(order_id, state), max(position, placed.position), placed.replayed)

    async def get(self, order_id: str) -> Order:
        """Return an order as it stands now.

        Raises:
            OrderNotFound: There is none.
        """
        return order_view(order_id, await self._state(order_id))

    async def some(self, order_ids: Sequence[str]) -> list[Order]:
        """Return orders that there are, as they stand now."""
        await self._working_set.load([order_stream(order_id) for order_id in order_ids])
        return [await self.get(order_id) for order_id in order_ids]

    async def ended(self, order_id: str, patience: float = PATIENCE) -> tuple[OrderState, int]:
        """Wait for the end of an order that was placed.

        Args:
            order_id: Its id.
            patience: How long to wait, seconds.

        Returns:
            The order, which may be open still, and the position of its end; 0: it was over before.

        Raises:
            OrderNotFound: There is none.
        """
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(order_id, set())
        waiting.add(future)
        position = 0
        try:
            # Looked at once somebody listens: its end may have come already.
            if await self._is_open(order_id):
                async with asyncio.timeout(patience):
                    position = await future
        except TimeoutError:
            pass
        finally:
            waiting.discard(future)
            if not waiting:
                self._waiting.pop(order_id, None)
        return await self._state(order_id), position

    async def _is_open(self, order_id: str) -> bool:
        entry = self._working_set.known(order_stream(order_id))
        if entry is not None and entry.pins:
            return True  # its end may be on its way into the log only
        return (await self._state(order_id)).status is OrderStatus.PLACED

    async def _state(self, order_id: str) -> OrderState:
        entry = await self._working_set.committed(order_stream(order_id))
        state: OrderState | None = entry.state
        if state is None:
            raise OrderNotFound(order_id=order_id)
        return state

    def _follow(self, events: Sequence[RecordedEvent]) -> None:
        if not self._waiting:
            return
        for event in events:
            if isinstance(event.event, OrderExecuted | OrderRefused):
                for future in self._waiting.get(event.stream.partition("/")[2], ()):
                    if not future.done():
                        future.set_result(event.position)


_placed = msgspec.json.Decoder(Order).decode
