"""Orders: what needs the accounts of the system, asked for by anybody who may, on any node.

The settlement carries them out one after the other, each exactly once, and says how it went.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

import msgspec
from msgspec.structs import replace

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import OrderExists, OrderNotFound, SystemAccount
from aia_mas.domain.economy.ledger.book import Book
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept, refuse
from aia_mas.domain.kernel.errors import Conflict, DomainError
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of


class OrderPlaced(Event, frozen=True, kw_only=True):
    """Something was ordered.

    Attributes:
        kind: Of which kind it is; see ``OrderKind``.
        order: What is to be done, by that kind.
        by: Who wants it.
        at: When, UTC.
    """

    topic: ClassVar[str] = "order.placed.v1"
    kind: str
    order: dict[str, Any]
    by: str
    at: datetime


class OrderExecuted(Event, frozen=True, kw_only=True):
    """It was carried out (``result``: what came of it; ``at``: when, UTC)."""

    topic: ClassVar[str] = "order.executed.v1"
    result: Mapping[str, Any] = {}
    at: datetime


class OrderRefused(Event, frozen=True, kw_only=True):
    """It could not be carried out, and will not be.

    Attributes:
        code: The stable code of the refusal.
        title: What that means.
        detail: About this occurrence.
        facts: What a client needs to act on it.
        at: When, UTC.
    """

    topic: ClassVar[str] = "order.refused.v1"
    code: str
    title: str = ""
    detail: str = ""
    facts: Mapping[str, Any] = {}
    at: datetime


EVENTS: tuple[type[Event], ...] = (OrderPlaced, OrderExecuted, OrderRefused)
"""Every event of orders, for the topic registry."""


class OrderStatus(StrEnum):
    """How far an order is."""

    PLACED = "placed"
    EXECUTED = "executed"
    REFUSED = "refused"


class OrderState(State, frozen=True, kw_only=True):
    """An order; the fields: see the events."""

    status: OrderStatus
    kind: str
    order: dict[str, Any]
    by: str
    at: datetime
    result: Mapping[str, Any] = {}
    refusal: OrderRefused | None = None
    ended_at: datetime | None = None


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Order something (``order``: a Struct of the type that a kind names)."""

    order_id: str
    order: msgspec.Struct


class ExecuteOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Carry an order out.

    Attributes:
        order_id: Which.
        kind: Of which kind it is.
        order: What is to be done: as it was placed, or with what the settlement filled in.
    """

    order_id: str
    kind: str
    order: dict[str, Any]


class OrderKind(NamedTuple):
    """One kind of orders.

    Attributes:
        name: Its stable name.
        order: The Struct of what is ordered.
        check: Refuses, when it is placed, an order that makes no sense or whose placer may not:
            ``check(order, ctx)``; raises ``DomainError``.
        streams: Which streams carrying it out reads and writes: ``streams(order, order_id)``.
        execute: Carries it out: ``execute(order, Execution) -> result``; raises ``DomainError``,
            which is recorded as the refusal, with nothing changed.
        amounts: The names of those of its fields, at any depth, that are amounts in base units.
    """

    name: str
    # Any: each kind has its own Struct.
    order: type[Any]
    check: Callable[[Any, Context], None]
    streams: Callable[[Any, str], tuple[str, ...]]
    execute: Callable[[Any, Execution], Mapping[str, Any]]
    amounts: frozenset[str] = frozenset({"amount"})


class Execution:
    """What carrying out an order has at hand.

    Attributes:
        order_id: Which order; ids of transfers derive from it.
        states: The states of the streams that it reads, by stream.
        book: Moves tokens.
        ctx: When, and by whom: the settlement.
        by: Who placed the order.
        events: What happened beside transfers, each with its stream.
    """

    def __init__(self, order_id: str, states: Mapping[str, Any], ctx: Context, by: str) -> None:
        """Begin with nothing done."""
        self.order_id = order_id
        self.states = states
        self.book = Book(states, ctx)
        self.ctx = ctx
        self.by = by
        self.events: list[tuple[str, Event]] = []


Kinds = Mapping[str, OrderKind]
"""Kinds of orders by name."""


def order_stream(order_id: str) -> str:
    """Return the stream of an order."""
    return stream_of("order", order_id)


def evolve(state: OrderState | None, event: Event) -> OrderState:
    """Fold one event of an order."""
    if isinstance(event, OrderPlaced):
        return OrderState(
            status=OrderStatus.PLACED,
            kind=event.kind,
            order=event.order,
            by=event.by,
            at=event.at,
        )
    assert state is not None
    if isinstance(event, OrderExecuted):
        return replace(state, status=OrderStatus.EXECUTED, result=event.result, ended_at=event.at)
    assert isinstance(event, OrderRefused)
    return replace(state, status=OrderStatus.REFUSED, refusal=event, ended_at=event.at)


def place_order(
    state: OrderState | None, command: PlaceOrder, ctx: Context, kinds: Kinds
) -> Decision:
    """Order something; the same under the same id again changes nothing."""
    kind = next(each for each in kinds.values() if each.order is type(command.order))
    order = msgspec.to_builtins(command.order)
    if state is not None:
        if (state.kind, state.order) != (kind.name, order):
            return refuse(OrderExists(order_id=command.order_id))
        return accept(order_stream(command.order_id))
    try:
        kind.check(command.order, ctx)
    except DomainError as error:
        return refuse(error)
    placed = OrderPlaced(kind=kind.name, order=order, by=ctx.principal.subject, at=ctx.now)
    return accept(order_stream(command.order_id), placed)


def streams_of_order(command: ExecuteOrder, kinds: Kinds) -> tuple[str, ...]:
    """Return the streams that carrying an order out reads, that of the order first."""
    kind = kinds[command.kind]
    order = msgspec.convert(command.order, kind.order)
    streams = kind.streams(order, command.order_id)
    return (order_stream(command.order_id), *dict.fromkeys(streams))


def execute_order(
    states: Mapping[str, Any], command: ExecuteOrder, ctx: Context, kinds: Kinds
) -> Decision:
    """Carry an order out, once; a refusal is the outcome then, and stands in the log."""
    if ctx.principal.subject != SETTLEMENT.subject:
        return refuse(SystemAccount())
    stream = order_stream(command.order_id)
    state: OrderState | None = states[stream]
    if state is None:
        return refuse(OrderNotFound(order_id=command.order_id))
    if state.status is not OrderStatus.PLACED:
        return accept(stream)
    kind = kinds[state.kind]
    execution = Execution(command.order_id, states, ctx, state.by)
    try:
        result = kind.execute(msgspec.convert(command.order, kind.order), execution)
    except Conflict as error:
        # No outcome: what the settlement knew has changed meanwhile, and it tries again.
        return refuse(error)
    except DomainError as error:
        refused = OrderRefused(
            code=error.code,
            title=error.title,
            detail=error.detail,
            facts=msgspec.to_builtins(error.facts),
            at=ctx.now,
        )
        return accept(stream, refused)
    executed = OrderExecuted(result=msgspec.to_builtins(dict(result)), at=ctx.now)
    return Decision((*execution.book.events, *execution.events, (stream, executed)))
