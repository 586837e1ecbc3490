"""Initial stakes of agents that registered before there was anything to stake with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import ClassVar

import msgspec

from aia_mas.domain.economy.orders import OrderPlaced, PlaceOrder
from aia_mas.domain.economy.supply.initial_stake import INITIAL_STAKE, InitialStake
from aia_mas.domain.economy.todo import Happened, Work
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.kernel.steps import Steps, copied, drained
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered


class OldStakes:
    """Registered agents whose initial stake nobody has ordered, by the position they came at."""

    name: ClassVar[str] = "old_stakes"
    events: ClassVar[frozenset[type[Event]]] = frozenset(
        {AgentRegistered, AgentUnregistered, OrderPlaced}
    )

    def __init__(self) -> None:
        """Start without any."""
        self._open: dict[str, tuple[int, int]] = {}

    def apply(self, happened: Happened) -> None:
        """Fold what happened to an agent, or that an order was placed."""
        event = happened.event
        if isinstance(event, OrderPlaced):
            if event.kind == INITIAL_STAKE.name:
                self._open.pop(event.order["agent_id"], None)
            return
        agent_id = entity_of(happened.stream)
        self._open.pop(agent_id, None)
        if isinstance(event, AgentRegistered) and event.initial_stake and not event.stake_id:
            self._open[agent_id] = happened.position, event.initial_stake

    def due(self, now: datetime, most: int) -> Sequence[Work]:
        """Return the oldest."""
        return [
            Work(
                f"old_stake:{position}",
                PlaceOrder(
                    order_id=f"initial_stake:{position}",
                    order=InitialStake(agent_id=agent_id, amount=amount),
                ),
            )
            for agent_id, (position, amount) in islice(self._open.items(), most)
        ]

    def next_due(self) -> datetime | None:
        """Return None: they are due at once."""
        return None

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy."""
        agents = yield from copied(self._open.items())
        return (_encode(some) for some in drained(agents, 500))

    @classmethod
    def restore(cls, pieces: Sequence[bytes]) -> Steps[OldStakes]:
        """Return a list that goes on where a snapshot was taken."""
        restored = cls()
        for piece in pieces:
            restored._open.update(_decode(piece))
            yield
        return restored


# Amounts go beyond the 64 bits that MessagePack has.
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[tuple[str, tuple[int, int]]]).decode
