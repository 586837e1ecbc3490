"""An agent as its events tell it: capabilities, status, presence."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec.structs import replace

from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.orchestration.agent_events import (
    EVENTS,
    AgentActivated,
    AgentCameOnline,
    AgentDrained,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWebhookSecretRotated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities

__all__ = ["EVENTS", "AgentState", "AgentStatus", "agent_stream", "evolve"]


class AgentStatus(StrEnum):
    """What its operators want of an agent; presence stands apart, in ``online``."""

    ACTIVE = "active"
    DRAINING = "draining"
    SUSPENDED = "suspended"
    UNREGISTERED = "unregistered"


class AgentState(State, frozen=True, kw_only=True):
    """An agent, folded from its stream.

    Attributes:
        status: Active, draining, suspended or unregistered.
        online: Its heartbeats arrive.
        capabilities: What it declares.
        owner: The subject of the principal it belongs to.
        revision: Grows with every change of the client-editable fields; the ETag.
        registered_at: When it registered last, UTC.
        initial_stake: What it wanted to stake when it registered last, base units.
        stake_id: See ``AgentRegistered``.
        drained_itself: It is draining, and asked for that itself.
        left_as: What its operators wanted of it when it left, unless that was to work.
        endpoint_disabled: Why nothing is sent to its endpoint; None: it is, if it has one.
        secret_version: The number of the secret that signs what is sent to its endpoint.
        secret_rotated_at: When it got another one last, UTC; None: not since it registered.
    """

    status: AgentStatus
    online: bool
    capabilities: Capabilities
    owner: str
    revision: int
    registered_at: datetime
    initial_stake: int = 0
    stake_id: str = ""
    drained_itself: bool = False
    left_as: AgentStatus | None = None
    endpoint_disabled: str | None = None
    secret_version: int = 1
    secret_rotated_at: datetime | None = None

    @property
    def stopped(self) -> bool:
        """Whether its operators keep it from work: a suspension, or a drain that is not its own."""
        return self.status is AgentStatus.SUSPENDED or (
            self.status is AgentStatus.DRAINING and not self.drained_itself
        )

    @property
    def assignable(self) -> bool:
        """Whether it may get new work (its capacity aside)."""
        return self.online and self.status is AgentStatus.ACTIVE and self.endpoint_disabled is None


def agent_stream(agent_id: str) -> str:
    """Return the stream id of an agent."""
    return stream_of("agent", agent_id)


def evolve(state: AgentState | None, event: Event) -> AgentState:
    """Fold one event of the stream into the state.

    Raises:
        KeyError: The event is none of an agent's.
    """
    return _FOLDS[type(event)](state, event)


def _registered(state: AgentState | None, event: AgentRegistered) -> AgentState:
    return AgentState(
        status=AgentStatus.ACTIVE,
        online=True,
        capabilities=event.capabilities,
        owner=event.owner,
        revision=1 if state is None else state.revision + 1,
        registered_at=event.registered_at,
        initial_stake=event.initial_stake,
        stake_id=event.stake_id,
        # Whoever registers under the id now need not be the one who knew the secret.
        secret_version=1 if state is None else state.secret_version + 1,
    )


def _updated(state: AgentState, event: AgentUpdated) -> AgentState:
    return replace(state, capabilities=event.capabilities, revision=event.revision)


def _drained(state: AgentState, event: AgentDrained) -> AgentState:
    return replace(state, status=AgentStatus.DRAINING, drained_itself=event.by_itself)


def _unregistered(state: AgentState, _event: AgentUnregistered) -> AgentState:
    return replace(
        state,
        status=AgentStatus.UNREGISTERED,
        online=False,
        drained_itself=False,
        left_as=state.status if state.stopped else None,
    )


def _disabled(state: AgentState, event: AgentEndpointDisabled) -> AgentState:
    return replace(state, endpoint_disabled=event.reason)


def _rotated(state: AgentState, event: AgentWebhookSecretRotated) -> AgentState:
    return replace(state, secret_version=event.version, secret_rotated_at=event.at)


def _to(**changes: Any) -> Callable[[AgentState, Event], AgentState]:
    return lambda state, _event: replace(state, **changes)


# Any: each fold takes its own event type, and the first one takes no state.
_FOLDS: dict[type[Event], Callable[[Any, Any], AgentState]] = {
    AgentRegistered: _registered,
    AgentUpdated: _updated,
    AgentWentOffline: _to(online=False),
    AgentCameOnline: _to(online=True),
    AgentDrained: _drained,
    AgentSuspended: _to(status=AgentStatus.SUSPENDED, drained_itself=False),
    AgentActivated: _to(status=AgentStatus.ACTIVE, drained_itself=False),
    AgentEndpointDisabled: _disabled,
    AgentEndpointEnabled: _to(endpoint_disabled=None),
    AgentWebhookSecretRotated: _rotated,
    AgentUnregistered: _unregistered,
}
