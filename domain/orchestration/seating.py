"""The count of registrations near the limit: a stream that each of them writes, once it has begun.

Far from the limit a registration only expects that the count has not begun, which costs nothing and
keeps nobody waiting (see docs/adr/0005).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel.context import Context
from aia_mas.domain.kernel.decision import Decision, accept
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.orchestration.agent import AgentState
from aia_mas.domain.orchestration.agent_events import AgentRegistered

SEATS = stream_of("fleet", "seats")
"""The stream of the count."""


class SeatCountBegan(Event, frozen=True, kw_only=True):
    """From here on every registration takes a seat (``at``: when, UTC)."""

    topic: ClassVar[str] = "fleet.seat_count_began.v1"
    at: datetime


class SeatTaken(Event, frozen=True, kw_only=True):
    """An agent was registered, in the same commit."""

    topic: ClassVar[str] = "fleet.seat_taken.v1"
    agent_id: str


EVENTS: tuple[type[Event], ...] = (SeatCountBegan, SeatTaken)
"""Every event of the stream, for the topic registry."""


class SeatCount(State, frozen=True, kw_only=True):
    """The count (``taken``: registrations since it began)."""

    taken: int = 0


class BeginSeatCount(msgspec.Struct, frozen=True, kw_only=True):
    """Count every registration from now on."""


def evolve(state: SeatCount | None, event: Event) -> SeatCount:
    """Fold one event of the stream into the count."""
    if state is None or isinstance(event, SeatCountBegan):
        return SeatCount()
    return SeatCount(taken=state.taken + 1)


def begin_seat_count(state: SeatCount | None, _command: BeginSeatCount, ctx: Context) -> Decision:
    """Begin; nothing happens when it has begun already."""
    return accept(SEATS) if state is not None else accept(SEATS, SeatCountBegan(at=ctx.now))


# Any: the commands that register agents.
Register = Callable[[AgentState | None, Any, Context], Decision]


def seated(register: Register) -> Callable[..., Decision]:
    """Let a registration take a seat, once seats are counted.

    Its command then says how many agents are registered beyond those whose seats were counted.
    """

    def decide(
        state: AgentState | None, seats: SeatCount | None, command: Any, ctx: Context
    ) -> Decision:
        if seats is None:
            return register(state, command, ctx)
        others = command.registered_agents + seats.taken
        decision = register(state, replace(command, registered_agents=others), ctx)
        events: list[tuple[str, Event]] = []
        for stream, event in decision.events:
            if isinstance(event, AgentRegistered):
                taken = SeatTaken(agent_id=command.agent_id)
                events += [(stream, replace(event, counted=True)), (SEATS, taken)]
            else:
                events.append((stream, event))
        return decision._replace(events=tuple(events))

    return decide
