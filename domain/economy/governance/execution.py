"""Carries out what a proposal orders: all of it in one append, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.errors import OrderExists
from aia_mas.domain.economy.governance.errors import CommandNotAllowed
from aia_mas.domain.economy.governance.proposal_events import ProposedOrder
from aia_mas.domain.economy.orders import (
    Execution,
    Kinds,
    OrderExecuted,
    OrderPlaced,
    order_stream,
)
from aia_mas.domain.economy.parameter_changes import ChangeParameters
from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.errors import DomainError, InvalidValue
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.places import within

Folds = Mapping[str, Callable[[Any, Any], Any]]
"""Category of streams -> fold of one event, so that each order sees what those before it did."""


class CommandFailed(Exception):
    """One command of a proposal could not be carried out."""

    def __init__(self, number: int, error: DomainError) -> None:
        """Tell which (from 0), and why."""
        super().__init__(error.detail)
        self.number = number
        self.error = error


def completed(
    orders: Sequence[ProposedOrder], filled: Sequence[Mapping[str, Any]]
) -> tuple[ProposedOrder, ...]:
    """Return orders with what the application filled in (``filled``: of each; none: nothing)."""
    if not filled:
        return tuple(orders)
    return tuple(
        ProposedOrder(kind=each.kind, order={**each.order, **known})
        for each, known in zip(orders, filled, strict=True)
    )


def order_id_of(proposal_id: str, number: int) -> str:
    """Return the id of the order of one command of a proposal."""
    return f"proposal:{proposal_id}:{number}"


def streams_of_orders(
    proposal_id: str, orders: Sequence[ProposedOrder], kinds: Kinds
) -> tuple[str, ...]:
    """Return the streams that carrying out a proposal reads; those of no known order are left out.

    Whether an order makes sense is decided later, with a place to say so.
    """
    streams: dict[str, None] = {}
    for number, proposed in enumerate(orders):
        order_id = order_id_of(proposal_id, number)
        streams[order_stream(order_id)] = None
        kind = kinds.get(proposed.kind)
        if kind is None:
            continue
        try:
            order = msgspec.convert(proposed.order, kind.order)
        except msgspec.ValidationError:
            continue
        streams |= dict.fromkeys(kind.streams(order, order_id))
    return tuple(streams)


def check_orders(orders: Sequence[ProposedOrder], ctx: Context, kinds: Kinds) -> None:
    """Refuse orders that make no sense, as far as they can be judged by themselves.

    Raises:
        InvalidValue: One is of no known kind, or not what its kind takes.
        DomainError: Its kind refuses it.
    """
    settlement = Context(ctx.now, ctx.head, SETTLEMENT)
    for number, proposed in enumerate(orders):
        place = within("commands", number)
        kind = kinds.get(proposed.kind)
        if kind is None:
            raise CommandNotAllowed(f"{proposed.kind[:64]!r} is no command", field=place)
        try:
            order = msgspec.convert(proposed.order, kind.order)
        except msgspec.ValidationError as error:
            raise InvalidValue(str(error), field=place) from None
        if isinstance(order, ChangeParameters) and "tiers" in order.changes:
            raise CommandNotAllowed("Tiers are changed by change_tiers", field=place)
        try:
            kind.check(order, settlement)
        except InvalidValue as error:
            error.field = f"{place}.{error.field}" if error.field else place
            raise


def carried_out(
    proposal_id: str,
    orders: Sequence[ProposedOrder],
    states: Mapping[str, Any],
    ctx: Context,
    kinds: Kinds,
    folds: Folds,
) -> list[tuple[str, Event]]:
    """Return what happens when the orders are carried out, one after the other.

    Args:
        proposal_id: Of which proposal.
        orders: Its orders.
        states: The states of all streams that they read.
        ctx: When.
        kinds: Kinds of orders by name.
        folds: How streams are folded.

    Raises:
        CommandFailed: One of them cannot be.
    """
    by = f"proposal:{proposal_id}"
    settlement = Context(ctx.now, ctx.head, SETTLEMENT)
    states = dict(states)
    happened: list[tuple[str, Event]] = []
    for number, proposed in enumerate(orders):
        order_id = order_id_of(proposal_id, number)
        stream = order_stream(order_id)
        execution = Execution(order_id, states, settlement, by)
        try:
            if states[stream] is not None:
                raise OrderExists(order_id=order_id)
            kind = kinds.get(proposed.kind)
            if kind is None:
                raise CommandNotAllowed(f"{proposed.kind!r} is no command", field="kind")
            result = kind.execute(msgspec.convert(proposed.order, kind.order), execution)
        except DomainError as error:
            raise CommandFailed(number, error) from error
        except msgspec.ValidationError as error:
            raise CommandFailed(number, InvalidValue(str(error), field="order")) from error
        placed = OrderPlaced(kind=proposed.kind, order=proposed.order, by=by, at=ctx.now)
        executed = OrderExecuted(result=msgspec.to_builtins(dict(result)), at=ctx.now)
        done = [
            (stream, placed),
            *execution.book.events,
            *execution.events,
            (stream, executed),
        ]
        for touched, event in done:
            states[touched] = folds[touched.partition("/")[0]](states[touched], event)
        happened += done
    return happened
