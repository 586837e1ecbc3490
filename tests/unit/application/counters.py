"""A domain of counters: events, commands, decisions, and places that are chosen for them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec

from aia_mas.application.engine.handlers import Handler, Handlers, Placement
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.event_log.records import Fence, NewEvent
from aia_mas.domain.kernel import (
    Context,
    Decision,
    DomainError,
    Event,
    State,
    accept,
    refuse,
)
from aia_mas.domain.kernel.errors import PermissionDenied


class Opened(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "counter.opened.v1"
    limit: int


class Raised(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "counter.raised.v1"
    by: int
    place: str = ""


class RaiseRefused(Event, frozen=True, kw_only=True):
    topic: ClassVar[str] = "counter.raise_refused.v1"


class CounterState(State, frozen=True, kw_only=True):
    limit: int
    value: int = 0
    refusals: int = 0


class AlreadyOpen(DomainError):
    """The counter is open already."""

    code = "already_open"


class NotOpen(DomainError):
    """There is no such counter."""

    code = "not_open"


class LimitReached(DomainError):
    """The counter may not go that high."""

    code = "limit_reached"


class Open(msgspec.Struct, frozen=True):
    name: str
    limit: int = 100


class OpenNew(msgspec.Struct, frozen=True):
    """Open a counter whose name was made up just now."""

    name: str
    limit: int = 100


class Raise(msgspec.Struct, frozen=True):
    name: str
    by: int = 1
    place: str = ""
    recorded: bool = False


class Move(msgspec.Struct, frozen=True):
    """Raise one counter and lower another."""

    to: str
    source: str
    by: int = 1


class Look(msgspec.Struct, frozen=True):
    """Change nothing."""

    name: str


class Answer(msgspec.Struct, frozen=True):
    name: str
    value: int


def counter(name: str) -> str:
    """Return the stream of a counter."""
    return f"counter/{name}"


def evolve(state: CounterState | None, event: Event) -> CounterState:
    """Fold one event."""
    if isinstance(event, Opened):
        return CounterState(limit=event.limit)
    assert state is not None
    if isinstance(event, Raised):
        return msgspec.structs.replace(state, value=state.value + event.by)
    return msgspec.structs.replace(state, refusals=state.refusals + 1)


def _open(state: CounterState | None, command: Open | OpenNew, _: Context) -> Decision:
    if state is not None:
        return refuse(AlreadyOpen(name=command.name))
    return accept(counter(command.name), Opened(limit=command.limit), result={"limit": "set"})


def _raise(state: CounterState | None, command: Raise, _: Context) -> Decision:
    if state is None:
        return refuse(NotOpen(name=command.name))
    if command.by == 13 and not state.value:
        return refuse(PermissionDenied())
    if state.value + command.by > state.limit:
        error = LimitReached("too high", value=state.value)
        if command.recorded:
            return Decision(events=((counter(command.name), RaiseRefused()),), refusal=error)
        return refuse(error)
    return accept(counter(command.name), Raised(by=command.by, place=command.place))


def _move(
    to: CounterState | None, source: CounterState | None, command: Move, _: Context
) -> Decision:
    if to is None or source is None:
        return refuse(NotOpen())
    return Decision(
        events=(
            (counter(command.to), Raised(by=command.by)),
            (counter(command.source), Raised(by=-command.by)),
        )
    )


def _look(state: CounterState | None, command: Look, _: Context) -> Decision:
    return refuse(NotOpen(name=command.name)) if state is None else accept(counter(command.name))


def _answer(state: CounterState, command: Any) -> Answer:
    return Answer(getattr(command, "name", None) or command.to, state.value)


def _of_name(command: Any) -> tuple[str | None, ...]:
    return (counter(command.name),)


class Places:
    """Places that are chosen for commands just before they are decided.

    Attributes:
        taken: The places that are given out and neither used up nor taken back.
        fence: The lease under which they are chosen.
        blocked: Names of counters for which nothing is chosen.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self.taken: dict[str, str] = {}
        self.dropped: list[tuple[str, bool]] = []
        self.fence = Fence("places", 1)
        self.open = False

    def place(self, command: Raise) -> Chosen | None:
        if not self.open or command.place:
            return None
        place = f"place{next(self._numbers)}"
        self.taken[place] = command.name
        return Chosen(self, place, msgspec.structs.replace(command, place=place))


class Chosen:
    def __init__(self, places: Places, place: str, command: Raise) -> None:
        self._places = places
        self._place = place
        self.command: msgspec.Struct = command
        self.fence = places.fence

    def used(self, events: Sequence[NewEvent]) -> bool:
        return any(isinstance(event.event, Raised) and event.event.place for event in events)

    def dropped(self, *, fenced: bool = False) -> None:
        self._places.taken.pop(self._place, None)
        self._places.dropped.append((self._place, fenced))
        if fenced:
            self._places.open = False


def handlers(places: Places) -> Handlers:
    """Return the registry of the domain."""
    place: Callable[[Any], Placement | None] = places.place
    return {
        Open: Handler(_of_name, _open, _answer),
        OpenNew: Handler(_of_name, _open, _answer, creates=True),
        Raise: Handler(_of_name, _raise, _answer, place=place),
        Move: Handler(lambda c: (counter(c.to), counter(c.source)), _move, _answer),
        Look: Handler(_of_name, _look, _answer),
    }


MAPPER = EventMapper([Opened, Raised, RaiseRefused])
EVOLVERS = {"counter": evolve}
