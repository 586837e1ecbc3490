"""What can be asked of an agent's aggregate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.domain.kernel.precondition import UNCONDITIONAL, Precondition
from aia_mas.domain.orchestration.capabilities import Capabilities


class RegisterAgent(msgspec.Struct, frozen=True, kw_only=True):
    """Register a new agent, or one that was unregistered; refused when it is registered.

    Attributes:
        agent_id: Its id, chosen by its client.
        capabilities: What it declares.
        owner: Whom it belongs to; the caller when empty. Only operators name another one.
        initial_stake: What to stake at once, base units.
        stake_id: The id of the order, or transfer, that stakes it (filled in by the application).
        registered_agents: How many are registered now (filled in by the application).
        max_agents: The hard limit of the configuration (filled in by the application).
    """

    agent_id: str
    capabilities: Capabilities
    owner: str = ""
    initial_stake: int = 0
    stake_id: str = ""
    registered_agents: int = 0
    max_agents: int = 10_000


class PutAgent(msgspec.Struct, frozen=True, kw_only=True):
    """Make the agent be registered with these capabilities; safe to repeat at every start.

    The fields are those of ``RegisterAgent``; ``condition`` is as everywhere what the agent must be
    like (or that there is none) for anything to be done.
    """

    agent_id: str
    capabilities: Capabilities
    owner: str = ""
    initial_stake: int = 0
    stake_id: str = ""
    registered_agents: int = 0
    max_agents: int = 10_000
    condition: Precondition = UNCONDITIONAL


class UpdateAgent(msgspec.Struct, frozen=True, kw_only=True):
    """Change some capabilities; a field given replaces the whole field.

    Attributes:
        agent_id: Whose.
        condition: What the agent must be like (``If-Match``).

    The others are the fields of ``Capabilities``.
    """

    agent_id: str
    condition: Precondition = UNCONDITIONAL
    specializations: tuple[str, ...] | UnsetType = UNSET
    skills: dict[str, float] | UnsetType = UNSET
    max_concurrent_tasks: int | UnsetType = UNSET
    cost_per_task: int | UnsetType = UNSET
    labels: dict[str, str] | UnsetType = UNSET
    resources: dict[str, float] | UnsetType = UNSET
    data_sources: tuple[str, ...] | UnsetType = UNSET
    endpoint: str | UnsetType | None = UNSET
    wallet_address: str | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET


class DrainAgent(msgspec.Struct, frozen=True, kw_only=True):
    """Let it finish what it has and give it nothing new (``reason``: why, for the record)."""

    agent_id: str
    reason: str = ""
    condition: Precondition = UNCONDITIONAL


class SuspendAgent(msgspec.Struct, frozen=True, kw_only=True):
    """Give it no work until it is activated again (``reason``: why, for the record)."""

    agent_id: str
    reason: str = ""
    condition: Precondition = UNCONDITIONAL


class ActivateAgent(msgspec.Struct, frozen=True, kw_only=True):
    """Give it work again after a drain or a suspension."""

    agent_id: str
    condition: Precondition = UNCONDITIONAL


class DisableEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """Send nothing to an endpoint any more.

    Attributes:
        agent_id: Whose.
        endpoint: Which one; nothing happens when it has another one by now.
        reason: See ``AgentEndpointDisabled``.
        failures: How many deliveries failed in a row.
    """

    agent_id: str
    endpoint: str
    reason: str
    failures: int = 0


class RotateWebhookSecret(msgspec.Struct, frozen=True, kw_only=True):
    """Sign what is sent to its endpoint with another secret."""

    agent_id: str


class UnregisterAgent(msgspec.Struct, frozen=True, kw_only=True):
    """Take it out; its tasks are queued again (``reason``: why, for the record)."""

    agent_id: str
    reason: str = ""
    condition: Precondition = UNCONDITIONAL


class MarkAgentOffline(msgspec.Struct, frozen=True, kw_only=True):
    """Record that its heartbeats stay out (``last_seen``: the last one known, UTC)."""

    agent_id: str
    last_seen: datetime | None = None


class MarkAgentOnline(msgspec.Struct, frozen=True, kw_only=True):
    """Record that its heartbeats are back."""

    agent_id: str
