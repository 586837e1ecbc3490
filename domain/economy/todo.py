"""To-do lists of the settlement: folds of the log that know what is open and due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import ClassVar, NamedTuple, Protocol, Self

import msgspec

from aia_mas.domain.economy.orders import ExecuteOrder, OrderExecuted, OrderPlaced, OrderRefused
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, copied, drained


class Happened(NamedTuple):
    """An event of the log, as to-do lists see it (``at``: when it was recorded, UTC)."""

    position: int
    stream: str
    event: Event
    at: datetime


class Work(NamedTuple):
    """Something to do now.

    Attributes:
        work_id: Its identity; the command is carried out once for it, whoever leads.
        command: What to do.
    """

    work_id: str
    command: msgspec.Struct


class TodoList(Protocol):
    """Open work, folded from the log.

    Attributes:
        name: Its stable name.
        events: The events that it folds.
    """

    name: ClassVar[str]
    events: ClassVar[frozenset[type[Event]]]

    def apply(self, happened: Happened) -> None:
        """Fold one of its events."""
        ...

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return what is to be done now, at most so much, oldest first.

        It stays due until an event is folded that says that it was done.
        """
        ...

    def next_due(self) -> datetime | None:
        """Return when more will be due without anything else happening, UTC; None: never."""
        ...

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy, piece by piece; see ``Fold.snapshot``."""
        ...

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        """Return a list that goes on where a snapshot was taken."""
        ...


class OpenOrders:
    """The orders that were placed and not yet carried out, but those of kinds ``FILLED_IN``."""

    name: ClassVar[str] = "orders"
    events: ClassVar[frozenset[type[Event]]] = frozenset({OrderPlaced, OrderExecuted, OrderRefused})

    def __init__(self) -> None:
        """Start without any."""
        self._open: dict[str, OrderPlaced] = {}

    def apply(self, happened: Happened) -> None:
        """Fold one event of an order."""
        order_id, event = entity_of(happened.stream), happened.event
        if isinstance(event, OrderPlaced):
            if event.kind not in FILLED_IN:
                self._open[order_id] = event
        else:
            self._open.pop(order_id, None)

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return the oldest."""
        return [
            Work(
                f"order:{order_id}",
                ExecuteOrder(order_id=order_id, kind=placed.kind, order=placed.order),
            )
            for order_id, placed in _first(self._open, most)
        ]

    def next_due(self) -> datetime | None:
        """Return None: orders are due at once."""
        return None

    def figures(self) -> Counter[str]:
        """Return how many are open, by kind."""
        return Counter(placed.kind for placed in self._open.values())

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        orders = yield from copied(self._open.items())
        return (_encode(some) for some in drained(orders, 200))

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        for piece in pieces:
            restored._open |= dict(_decode(piece))
            yield
        return restored


FILLED_IN = frozenset({"slash", "claim_rewards"})
"""Kinds of orders that lists of their own have carried out, with something filled in."""
# Amounts go beyond the 64 bits that MessagePack has.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[tuple[str, OrderPlaced]]).decode


def _first(items: dict[str, OrderPlaced], most: int) -> Iterator[tuple[str, OrderPlaced]]:
    for number, item in enumerate(items.items()):
        if number == most:
            return
        yield item
