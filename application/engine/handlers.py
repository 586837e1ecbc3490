"""The shape of a command handler, and the visible registry from command type to handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from aia_mas.application.event_log.records import Fence, NewEvent
from aia_mas.domain.kernel import Decision

Reads = Callable[[Any], tuple[str | None, ...]]
"""Names the streams whose states the decision gets, in order; None gives it no state."""

Decide = Callable[..., Decision]
"""``(*states, command, context) -> Decision``; pure."""

Answer = Callable[[Any, Any], Any]
"""``(state of the first stream afterwards, command) -> what the caller gets``, JSON-encodable."""

Evolve = Callable[[Any, Any], Any]
"""``(state | None, event) -> state``; pure."""


class Placement(Protocol):
    """A choice made for a command just before it is decided, that may have to be undone."""

    @property
    def command(self) -> msgspec.Struct:
        """The command with the choice in it."""
        ...

    @property
    def fence(self) -> Fence | None:
        """The lease under which the choice was made, if it needs one."""
        ...

    def used(self, events: Sequence[NewEvent]) -> bool:
        """Tell whether the decision followed the choice."""
        ...

    def dropped(self, *, fenced: bool = False) -> None:
        """The choice is void: the command was refused or lost a race (or the lease is lost)."""
        ...


class NotYet(Exception):
    """A choice can only be made after something else has happened."""

    def __init__(self, happened: Callable[[], Awaitable[object]]) -> None:
        """Say how to wait for it; the choice is tried again then."""
        super().__init__()
        self.happened = happened


class Handler(NamedTuple):
    """How one type of command is carried out.

    Attributes:
        reads: The streams it needs.
        decide: The decision.
        answer: What the caller gets when it was accepted.
        creates: Its first stream has an id made up just now, so nothing needs to be read; should it
            exist all the same, the log notices.
        beside: Further streams that are as new as the first one, because their ids derive from it;
            goes with ``creates``.
        place: Chooses something for the command (an agent, for a task) or fills in what only the
            application knows; None leaves the command as it is.
    """

    reads: Reads
    decide: Decide
    answer: Answer
    creates: bool = False
    beside: Callable[[Any], Container[str]] | None = None
    place: Callable[[Any], Placement | None] | None = None


Handlers = Mapping[type[msgspec.Struct], Handler]

Evolvers = Mapping[str, Evolve]
"""Stream category (``agent``, ``task``) -> fold of one event."""


def category(stream: str) -> str:
    """Return the category of a stream id, for example ``agent``."""
    return stream.partition("/")[0]


def merged(registries: Iterable[Handlers]) -> Handlers:
    """Join the registries of several contexts into one.

    Raises:
        ValueError: Two of them handle the same command.
    """
    result: dict[type[msgspec.Struct], Handler] = {}
    for registry in registries:
        twice = result.keys() & registry.keys()
        if twice:
            raise ValueError(f"handled twice: {sorted(cls.__name__ for cls in twice)}")
        result.update(registry)
    return result
