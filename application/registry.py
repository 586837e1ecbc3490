"""All events, folds and states of the system, from the registries of its contexts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import msgspec

from aia_mas.application.access import handlers as access
from aia_mas.application.communication import former_events
from aia_mas.application.communication import handlers as communication
from aia_mas.application.connections import handlers as connections
from aia_mas.application.economy import handlers as economy
from aia_mas.application.economy.election_desk import ElectionDesk
from aia_mas.application.engine.handlers import Evolvers, Handlers
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.mapper import EventMapper, Upcaster
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = (
    *orchestration.EVENTS,
    *access.EVENTS,
    *connections.EVENTS,
    *communication.EVENTS,
    *economy.EVENTS,
)
"""What the log may hold."""

UPCASTERS: Mapping[str, tuple[str, Upcaster]] = {**former_events.UPCASTERS}
"""What it may hold besides, in former shapes; see ``EventMapper``."""

TOPICS = frozenset(event.topic for event in EVENTS) | UPCASTERS.keys()
"""The topics of all of it."""

EVOLVERS: Evolvers = {
    **orchestration.EVOLVERS,
    **access.EVOLVERS,
    **connections.EVOLVERS,
    **communication.EVOLVERS,
    **economy.EVOLVERS,
}
"""Category of streams -> fold of one event."""

STATES: Mapping[str, type[msgspec.Struct]] = {
    **orchestration.STATES,
    **access.STATES,
    **connections.STATES,
    **communication.STATES,
    **economy.STATES,
}
"""Category of streams -> what is folded, for snapshots."""


def event_mapper() -> EventMapper:
    """Return what reads and writes all events."""
    return EventMapper(EVENTS, UPCASTERS)


def others(
    tokens: frozenset[str], working_set: WorkingSet, elections: Callable[[], ElectionDesk]
) -> Sequence[Handlers]:
    """Return the handlers of all commands but those that need more of a node.

    These are the ones about agents, tasks and messages.

    Args:
        tokens: The tokens that there are.
        working_set: Where it is looked up what a command is about that only names it.
        elections: Where votes are given on this node; asked when a command comes.
    """
    return (
        access.handlers(),
        connections.handlers(),
        economy.handlers(tokens, working_set, elections),
    )
