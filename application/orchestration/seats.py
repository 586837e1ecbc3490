"""The hard limit of registered agents, kept while many register at once, on however many nodes.

Far from the limit every node lets a few registrations run ahead of its fold; near it every
registration is counted in one stream (docs/adr/0005).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from aia_mas.application.engine.handlers import NotYet
from aia_mas.application.event_log.records import NewEvent, RecordedEvent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.agent_commands import PutAgent, RegisterAgent
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.seating import SeatCountBegan

NEAR = 1_024
"""Free seats from which on registrations are counted."""
AHEAD = 16
"""Registrations of one node that its fold may lack before the count begins. As long as fewer than
``NEAR / (AHEAD + 1)`` nodes register agents, they cannot use up what is kept free."""
_PATIENCE = 5.0
"""Seconds after which whoever waits looks again by itself."""


class Counting:
    """How registrations are counted on all nodes together.

    Attributes:
        taken: Tells how many counted registrations the fleet fold knows; None before the count.
        begun: Tells whether the count has begun as far as commands know, which may be ahead.
        begin: Begins it, in the log.
    """

    def __init__(
        self,
        taken: Callable[[], int | None],
        begun: Callable[[], bool],
        begin: Callable[[], Awaitable[object]],
    ) -> None:
        """Wire the count."""
        self.taken = taken
        self.begun = begun
        self.begin = begin


class Seats:
    """Counts registered agents: those of the fold, and those on their way into the log."""

    def __init__(
        self, registered: Callable[[], int], max_agents: int, counting: Counting | None = None
    ) -> None:
        """Set the limit.

        Args:
            registered: Tells how many agents the fleet fold knows.
            max_agents: The most that may be registered.
            counting: Keeps the limit across nodes; None: there is one node.
        """
        self._registered = registered
        self._max = max_agents
        self._counting = counting
        # By agent: several registrations of one agent need one seat, and each may come to nothing.
        self._coming: dict[str, set[SeatPlacement]] = {}
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._beginning = asyncio.Lock()

    def place(self, command: RegisterAgent | PutAgent) -> SeatPlacement:
        """Tell a registration how many there are, and count it from now on.

        Raises:
            NotYet: Others have to be counted first.
        """
        counting = self._counting
        taken = None if counting is None else counting.taken()
        if taken is not None:
            # The decision adds those that were counted, and this fold may not know.
            return self._placement(command, self._registered() - taken)
        others = len(self._coming) - (command.agent_id in self._coming)
        if counting is not None:
            if counting.begun():
                raise NotYet(self._room)
            if self._registered() + others + NEAR >= self._max:
                raise NotYet(self._begin)
            if others >= AHEAD:
                raise NotYet(self._room)
        placement = self._placement(command, self._registered() + others)
        self._coming.setdefault(command.agent_id, set()).add(placement)
        return placement

    def leave(self, placement: SeatPlacement) -> None:
        """Count a registration no longer as coming: it came to nothing."""
        agent_id = placement.command.agent_id
        coming = self._coming.get(agent_id, set())
        coming.discard(placement)
        if not coming and self._coming.pop(agent_id, None) is not None:
            self._wake(1)

    def follow(self, event: RecordedEvent) -> None:
        """Take note that the fold has a registration, or that the count has begun."""
        if type(event.event) is AgentRegistered:
            self._coming.pop(entity_of(event.stream), None)
            self._wake(1)
        elif type(event.event) is SeatCountBegan:
            self._wake(len(self._waiting))

    def _placement(self, command: RegisterAgent | PutAgent, registered: int) -> SeatPlacement:
        filled = replace(command, registered_agents=registered, max_agents=self._max)
        return SeatPlacement(self, filled)

    async def _begin(self) -> None:
        """Begin the count and wait until the fold knows."""
        assert self._counting is not None
        async with self._beginning:
            if not self._counting.begun():
                await self._counting.begin()
        if self._counting.taken() is None:
            await self._room()

    async def _room(self) -> None:
        """Wait until the fold has come further; whoever came first goes first."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await waiter

    def _wake(self, count: int) -> None:
        while count and self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1


class SeatPlacement:
    """A seat kept for a registration under way."""

    __slots__ = ("_seats", "command")

    fence = None

    def __init__(self, seats: Seats, command: Any) -> None:
        """Keep a seat."""
        self._seats = seats
        self.command = command

    def used(self, events: Sequence[NewEvent]) -> bool:
        """Tell whether the agent was registered by it."""
        return any(isinstance(event.event, AgentRegistered) for event in events)

    def dropped(self, *, fenced: bool = False) -> None:
        """Free the seat."""
        self._seats.leave(self)
