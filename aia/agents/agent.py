"""Agents as a program of the platform sees them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Self

import msgspec

from aia.agents.shapes import Amount, read_as
from aia_mas.domain.orchestration.agent_commands import PutAgent
from aia_mas.interfaces.http.schemas.agents import AgentReplacement
from aia_mas.projections.agent_directory import Agent


class AgentCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent declares about itself.

    Attributes:
        agent_id: Whose capabilities these are.
        specializations: What it is best at, by name.
        skills: Skill name to level, 0..1.
        max_concurrent_tasks: How many tasks it works on at once, 1..1000.
        cost_per_task: Its price for one task, tokens.
        labels: Key to value, for placement.
        resources: How much it has, by name (for example ``gpu_memory_gb``).
        data_sources: Where it can read from. None declared: taken to reach every source.
        endpoint: Where it can be called, if it can.
        wallet_address: Its address outside of this system, if it has one.
        metadata: Any JSON.
        initial_stake: What it wants to stake at once, tokens.
        owner: The subject that it belongs to; this program when empty.
    """

    agent_id: str
    specializations: Sequence[str] = ()
    skills: Mapping[str, float] = {}
    max_concurrent_tasks: int = 1
    cost_per_task: Amount = 0
    labels: Mapping[str, str | float | bool] = {}
    resources: Mapping[str, float] = {}
    data_sources: Sequence[str] = ()
    endpoint: str | None = None
    wallet_address: str | None = None
    metadata: Mapping[str, Any] = {}
    initial_stake: Amount = 0
    owner: str = ""

    def registration(self) -> PutAgent:
        """Return the command that makes the agent be registered like this.

        Raises:
            InvalidValue: A value is of the wrong kind.
        """
        return read_as(AgentReplacement, self).command(self.agent_id)


class AgentInstance(msgspec.Struct, frozen=True, kw_only=True):
    """A registered agent at one moment.

    Attributes:
        agent_id: Its id.
        status: ``active``, ``draining``, ``suspended`` or ``unregistered``.
        online: Whether its heartbeats come in.
        active_tasks: How many tasks it holds.
        max_concurrent_tasks: How many it may hold.
        specializations: What it is best at.
        skills: Skill name to level.
        labels: Key to value, as text.
        resources: How much it has, by name.
        data_sources: Where it can read from.
        endpoint: Where it can be called, if it can.
        wallet_address: Its address outside of this system, if it has one.
        metadata: Any JSON.
        cost_per_task: Its price for one task, tokens.
        initial_stake: What it wanted to stake when it registered, tokens.
        owner: The subject that it belongs to.
        tier: Its staking tier, if it has one.
        stake: What makes its tier: its stake that counts, tokens.
        registered_at: When it was registered, UTC.
    """

    agent_id: str
    status: str
    online: bool
    active_tasks: int
    max_concurrent_tasks: int
    specializations: tuple[str, ...] = ()
    skills: dict[str, float] = {}
    labels: dict[str, str] = {}
    resources: dict[str, float] = {}
    data_sources: tuple[str, ...] = ()
    endpoint: str | None = None
    wallet_address: str | None = None
    metadata: dict[str, Any] = {}
    cost_per_task: Decimal = Decimal(0)
    initial_stake: Decimal = Decimal(0)
    owner: str = ""
    tier: str | None = None
    stake: Decimal = Decimal(0)
    registered_at: datetime | None = None

    @classmethod
    def of(cls, agent: Agent) -> Self:
        """Return an agent as the directory shows it."""
        return cls(
            agent_id=agent.agent_id,
            status=agent.status,
            online=agent.online,
            active_tasks=agent.active_tasks,
            max_concurrent_tasks=agent.max_concurrent_tasks,
            specializations=agent.specializations,
            skills=agent.skills,
            labels=agent.labels,
            resources=agent.resources,
            data_sources=agent.data_sources,
            endpoint=agent.endpoint,
            wallet_address=agent.wallet_address,
            metadata=agent.metadata,
            cost_per_task=Decimal(agent.cost_per_task),
            initial_stake=Decimal(agent.initial_stake),
            owner=agent.owner,
            tier=agent.tier,
            stake=Decimal(agent.stake),
            registered_at=agent.registered_at,
        )

    @property
    def available(self) -> bool:
        """Whether it would take another task now."""
        free = self.active_tasks < self.max_concurrent_tasks
        return self.status == "active" and self.online and free
