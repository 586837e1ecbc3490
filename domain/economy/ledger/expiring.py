"""The to-do list of pending transfers whose time is over."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import ClassVar, Self

import msgspec

from aia_mas.domain.economy.ledger.commands import ExpireHold
from aia_mas.domain.economy.ledger.entry import Leg
from aia_mas.domain.economy.ledger.events import HoldPosted, HoldVoided, TransferHeld
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, copied, drained

_Hold = tuple[str, datetime, tuple[Leg, ...]]
"""Id of the transfer, until when it may be posted, and its legs."""


class ExpiringHolds:
    """What is held until a certain time, the first to expire first."""

    name: ClassVar[str] = "expiring_holds"
    events: ClassVar[frozenset[type[Event]]] = frozenset({TransferHeld, HoldPosted, HoldVoided})

    def __init__(self) -> None:
        """Start without any."""
        self._open: dict[str, _Hold] = {}
        # Those that are over since are left where they are until they come first.
        self._by_time: list[tuple[datetime, str]] = []
        self._due: dict[str, None] = {}

    def apply(self, happened: Happened) -> None:
        """Fold one event of a transfer."""
        transfer_id, event = entity_of(happened.stream), happened.event
        if isinstance(event, TransferHeld):
            if event.expires_at is not None:
                self._add((transfer_id, event.expires_at, event.legs))
        else:
            self._open.pop(transfer_id, None)
            self._due.pop(transfer_id, None)

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return those whose time is over."""
        while self._by_time and self._by_time[0][0] <= now:
            _, transfer_id = heapq.heappop(self._by_time)
            if transfer_id in self._open:
                self._due[transfer_id] = None
        return [
            Work(
                f"expire:{transfer_id}",
                ExpireHold(transfer_id=transfer_id, all_legs=self._open[transfer_id][2]),
            )
            for transfer_id in islice(self._due, most)
        ]

    def next_due(self) -> datetime | None:
        """Return when the next one expires."""
        while self._by_time and self._by_time[0][1] not in self._open:
            heapq.heappop(self._by_time)
        return self._by_time[0][0] if self._by_time else None

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        holds = yield from copied(self._open.values())
        return (_encode(some) for some in drained(holds, 500))

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[Self]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        for piece in pieces:
            for hold in _decode(piece):
                restored._add(hold)
            yield
        return restored

    def _add(self, hold: _Hold) -> None:
        transfer_id, expires_at, _ = hold
        self._open[transfer_id] = hold
        heapq.heappush(self._by_time, (expires_at, transfer_id))


_encode = msgspec.json.Encoder().encode  # amounts are larger than what msgpack has room for
_decode = msgspec.json.Decoder(list[_Hold]).decode
