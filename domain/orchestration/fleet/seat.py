"""An agent as the fleet keeps it, and the fleet as its host stores it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec.structs import replace

from aia_mas.domain.kernel.event import Event
from aia_mas.domain.orchestration.agent import AgentStatus
from aia_mas.domain.orchestration.agent_events import (
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.scoring.failures import FailedPolicy
from aia_mas.domain.orchestration.scoring.records_snapshot import RecordsSnapshot
from aia_mas.domain.orchestration.scoring.rules import AssignmentRules
from aia_mas.domain.orchestration.tiers import Tier

_NOTHING = Capabilities()


class Seat(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One agent's standing (of its capabilities, only what placement asks for).

    Its stake is what counts for its tier, base units; ``cut_off``: its endpoint is disabled.
    """

    agent_id: str
    capabilities: Capabilities = _NOTHING
    status: AgentStatus = AgentStatus.UNREGISTERED
    online: bool = False
    stake: int = 0
    cut_off: bool = False

    @property
    def registered(self) -> bool:
        """Whether it is registered."""
        return self.status is not AgentStatus.UNREGISTERED

    @property
    def limit(self) -> int:
        """How many tasks it may hold and still get more; 0 while it gets none."""
        if self.online and self.status is AgentStatus.ACTIVE and not self.cut_off:
            return self.capabilities.max_concurrent_tasks
        return 0


class FleetSnapshot(msgspec.Struct, frozen=True, array_like=True):
    """The committed part of a fleet; reservations are not in it.

    Attributes:
        seats: By slot; without an id where nobody sits.
        last: By slot, the sequence of the last assignment, 0 before the first.
        holders: Task id and slot of every task that an agent holds.
        sequence: How many assignments there were.
        records: What is known of agents by their work.
        rules: The rules of assignment.
        failures: Policies that failed, by name.
        stakes: The stakes that count for tiers, also of agents that have no seat.
        tiers: The tier table of the log; None: it has none yet.
    """

    seats: list[Seat]
    last: list[int]
    holders: list[tuple[str, int]]
    sequence: int
    records: RecordsSnapshot
    rules: AssignmentRules
    failures: dict[str, FailedPolicy] = {}
    stakes: list[tuple[str, int]] = []
    tiers: tuple[Tier, ...] | None = None


def seat_after(seat: Seat, event: Event) -> Seat:
    """Fold one of ``AGENT_EVENTS`` into the seat of its agent."""
    return _FOLDS[type(event)](seat, event)


def _placement_part(capabilities: Capabilities) -> Capabilities:
    # What a client says beyond that may be large, and the fleet stays in memory.
    return replace(capabilities, endpoint=None, wallet_address=None, metadata={})


def _registered(seat: Seat, event: AgentRegistered) -> Seat:
    declared = _placement_part(event.capabilities)
    return Seat(seat.agent_id, declared, AgentStatus.ACTIVE, True)


def _updated(seat: Seat, event: AgentUpdated) -> Seat:
    return replace(seat, capabilities=_placement_part(event.capabilities))


def _to(**changes: Any) -> Callable[[Seat, Event], Seat]:
    return lambda seat, _event: replace(seat, **changes)


# Any: each fold takes its own event type.
_FOLDS: dict[type[Event], Callable[[Seat, Any], Seat]] = {
    AgentRegistered: _registered,
    AgentUpdated: _updated,
    AgentWentOffline: _to(online=False),
    AgentCameOnline: _to(online=True),
    AgentDrained: _to(status=AgentStatus.DRAINING),
    AgentSuspended: _to(status=AgentStatus.SUSPENDED),
    AgentActivated: _to(status=AgentStatus.ACTIVE),
    AgentEndpointDisabled: _to(cut_off=True),
    AgentEndpointEnabled: _to(cut_off=False),
    AgentUnregistered: lambda seat, _event: Seat(seat.agent_id),
}
AGENT_EVENTS = frozenset(_FOLDS)
"""The events that change a seat."""
