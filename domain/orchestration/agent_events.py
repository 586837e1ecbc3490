"""What can happen to an agent; the events of the streams ``agent/<agent_id>``."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from aia_mas.domain.kernel.event import Event
from aia_mas.domain.orchestration.capabilities import Capabilities


class AgentRegistered(Event, frozen=True, kw_only=True):
    """An agent joined; registering counts as a heartbeat, so it is online.

    Attributes:
        capabilities: What it declared.
        owner: The subject of the principal it belongs to.
        initial_stake: What it wants to stake at once, base units.
        registered_at: When, UTC.
        again: The id was unregistered before; its history and wallet are its own again.
        counted: A seat was taken for it (see ``seating``).
        stake_id: The order that stakes ``initial_stake``, or the transfer that staked it at once;
            empty where there is none to stake, and in events of former releases.
    """

    topic: ClassVar[str] = "agent.registered.v1"
    capabilities: Capabilities
    owner: str
    initial_stake: int = 0
    registered_at: datetime
    again: bool = False
    counted: bool = False
    stake_id: str = ""


class AgentUpdated(Event, frozen=True, kw_only=True):
    """Its client changed what it declares.

    Attributes:
        capabilities: The whole of it, as it is now.
        revision: The revision of the client-editable fields from here on.
    """

    topic: ClassVar[str] = "agent.updated.v1"
    capabilities: Capabilities
    revision: int


class AgentWentOffline(Event, frozen=True, kw_only=True):
    """Its heartbeats stayed out.

    Attributes:
        last_seen: The last heartbeat, if one is known, UTC.
        at: When this was noticed, UTC.
    """

    topic: ClassVar[str] = "agent.went_offline.v1"
    last_seen: datetime | None = None
    at: datetime


class AgentCameOnline(Event, frozen=True, kw_only=True):
    """Its heartbeats are back (``at``: when, UTC)."""

    topic: ClassVar[str] = "agent.came_online.v1"
    at: datetime


class AgentDrained(Event, frozen=True, kw_only=True):
    """It finishes what it has and gets nothing new.

    Attributes:
        at: Since when, UTC.
        by_itself: It asked for this itself, and may end it itself.
        reason: Why.
    """

    topic: ClassVar[str] = "agent.drained.v1"
    at: datetime
    by_itself: bool = False
    reason: str = ""


class AgentSuspended(Event, frozen=True, kw_only=True):
    """It was stopped from getting work (``reason``: why; ``at``: since when, UTC)."""

    topic: ClassVar[str] = "agent.suspended.v1"
    reason: str = ""
    at: datetime


class AgentActivated(Event, frozen=True, kw_only=True):
    """It gets work again (``at``: since when, UTC)."""

    topic: ClassVar[str] = "agent.activated.v1"
    at: datetime


class AgentEndpointDisabled(Event, frozen=True, kw_only=True):
    """Nothing is sent to its endpoint any more, and it gets no work, until that is enabled again.

    Attributes:
        reason: Why: ``failing`` (deliveries failed again and again) or ``gone`` (it answered 410).
        failures: How many deliveries failed in a row.
        at: Since when, UTC.
    """

    topic: ClassVar[str] = "agent.endpoint_disabled.v1"
    reason: str
    failures: int = 0
    at: datetime


class AgentEndpointEnabled(Event, frozen=True, kw_only=True):
    """Its tasks are sent to its endpoint again (``at``: since when, UTC)."""

    topic: ClassVar[str] = "agent.endpoint_enabled.v1"
    at: datetime


class AgentWebhookSecretRotated(Event, frozen=True, kw_only=True):
    """What is sent to its endpoint is signed with another secret, for a while with both.

    Attributes:
        version: The number of the secret from here on; the secret itself stands nowhere.
        at: Since when, UTC.
    """

    topic: ClassVar[str] = "agent.webhook_secret_rotated.v1"
    version: int
    at: datetime


class AgentUnregistered(Event, frozen=True, kw_only=True):
    """It left (``reason``: why; ``at``: when, UTC)."""

    topic: ClassVar[str] = "agent.unregistered.v1"
    at: datetime
    reason: str = ""


EVENTS: tuple[type[Event], ...] = (
    AgentRegistered,
    AgentUpdated,
    AgentWentOffline,
    AgentCameOnline,
    AgentDrained,
    AgentSuspended,
    AgentActivated,
    AgentEndpointDisabled,
    AgentEndpointEnabled,
    AgentWebhookSecretRotated,
    AgentUnregistered,
)
"""Every event of an agent stream, for the topic registry."""
