"""The hard limit of registered agents, kept also while many register at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace

from aia_mas.application.event_log.records import NewEvent, RecordedEvent
from aia_mas.domain.kernel.ids import entity_of
from aia_mas.domain.orchestration.agent_commands import PutAgent, RegisterAgent
from aia_mas.domain.orchestration.agent_events import AgentRegistered


class Seats:
    """Counts registered agents: those of the fold, and those on their way into the log."""

    def __init__(self, registered: Callable[[], int], max_agents: int) -> None:
        """Set the limit.

        Args:
            registered: Tells how many agents the fleet fold knows.
            max_agents: The most that may be registered.
        """
        self._registered = registered
        self._max = max_agents
        self._coming: set[str] = set()

    def place(self, command: RegisterAgent | PutAgent) -> SeatPlacement:
        """Tell a registration how many there are, and count it from now on."""
        others = len(self._coming - {command.agent_id})
        filled = replace(
            command, registered_agents=self._registered() + others, max_agents=self._max
        )
        self._coming.add(command.agent_id)
        return SeatPlacement(self, filled)

    def leave(self, agent_id: str) -> None:
        """Count a registration no longer as coming: it is in the fold, or came to nothing."""
        self._coming.discard(agent_id)

    def follow(self, event: RecordedEvent) -> None:
        """Take note that the fold has a registration."""
        if type(event.event) is AgentRegistered:
            self.leave(entity_of(event.stream))


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
        self._seats.leave(self.command.agent_id)
