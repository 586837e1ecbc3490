"""What clients send about agents."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.application.orchestration.claims import ClaimedTask
from aia_mas.application.orchestration.standing import LostTask
from aia_mas.domain.kernel.precondition import UNCONDITIONAL, Precondition
from aia_mas.domain.orchestration.agent_commands import (
    PutAgent,
    RegisterAgent,
    UpdateAgent,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.interfaces.http.schemas.values import (
    AgentId,
    Amount,
    LabelValue,
    Level,
    Name,
    Resource,
    Text,
    label_texts,
    units,
)

Places = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": 1000})]
Address = Annotated[
    str,
    msgspec.Meta(extra_json_schema={"maxLength": 2048, "format": "uri", "pattern": "^https?://"}),
]
Wallet = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 256})]
Owner = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 255})]

Lease = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 128})]

_NOTHING = Decimal(0)


class AgentCapabilities(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What an agent declares about itself.

    Attributes:
        specializations: What it is best at, by name.
        skills: Skill name to level, 0..1.
        max_concurrent_tasks: How many tasks it works on at once, 1..1000.
        cost_per_task: Its price for one task, tokens.
        labels: Key to value, for placement; at most 128 characters each. Numbers and booleans
            are stored as text, as JSON writes them.
        resources: How much it has, by name. What its tasks ask for never exceeds it.
        data_sources: Where it can read from; none: everywhere.
        endpoint: Where it can be called, if it can: an http or https URL.
        wallet_address: Its address outside of this system, if it has one.
        metadata: Any JSON of its client.
        initial_stake: What it wants to stake at once, tokens; counts when it registers.
        owner: Whom it belongs to: the caller, unless an operator names another subject; counts
            when it registers.
    """

    specializations: tuple[Name, ...] = ()
    skills: dict[str, Level] = {}
    max_concurrent_tasks: Places = 1
    cost_per_task: Amount = _NOTHING
    labels: dict[str, LabelValue] = {}
    resources: dict[str, Resource] = {}
    data_sources: tuple[Name, ...] = ()
    endpoint: Address | None = None
    wallet_address: Wallet | None = None
    metadata: dict[str, Any] = {}
    initial_stake: Amount = _NOTHING
    owner: Owner = ""

    def capabilities(self) -> Capabilities:
        """Return it as the domain has it."""
        return Capabilities(
            specializations=self.specializations,
            skills=self.skills,
            max_concurrent_tasks=self.max_concurrent_tasks,
            cost_per_task=units(self.cost_per_task, "cost_per_task"),
            labels=label_texts(self.labels),
            resources=self.resources,
            data_sources=self.data_sources,
            endpoint=self.endpoint,
            wallet_address=self.wallet_address,
            metadata=self.metadata,
        )


class AgentRegistration(AgentCapabilities, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agent that registers, under an id of its own choice."""

    agent_id: AgentId

    def command(self) -> RegisterAgent:
        """Return the command."""
        return RegisterAgent(
            agent_id=self.agent_id,
            capabilities=self.capabilities(),
            owner=self.owner,
            initial_stake=units(self.initial_stake, "initial_stake"),
        )


class AgentReplacement(AgentCapabilities, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agent as it is from now on; ``agent_id`` may be repeated from the path."""

    agent_id: AgentId | None = None

    def command(self, agent_id: str, condition: Precondition = UNCONDITIONAL) -> PutAgent:
        """Return the command (``condition``: what the agent must be like before)."""
        return PutAgent(
            agent_id=agent_id,
            capabilities=self.capabilities(),
            owner=self.owner,
            initial_stake=units(self.initial_stake, "initial_stake"),
            condition=condition,
        )


class AgentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of an agent that change; a field given replaces the whole field."""

    specializations: tuple[Name, ...] | UnsetType = UNSET
    skills: dict[str, Level] | UnsetType = UNSET
    max_concurrent_tasks: Places | UnsetType = UNSET
    cost_per_task: Amount | UnsetType = UNSET
    labels: dict[str, LabelValue] | UnsetType = UNSET
    resources: dict[str, Resource] | UnsetType = UNSET
    data_sources: tuple[Name, ...] | UnsetType = UNSET
    endpoint: Address | UnsetType | None = UNSET
    wallet_address: Wallet | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET

    def command(self, agent_id: str, condition: Precondition = UNCONDITIONAL) -> UpdateAgent:
        """Return the command (``condition``: what the agent must be like before)."""
        price, labels = self.cost_per_task, self.labels
        return UpdateAgent(
            agent_id=agent_id,
            condition=condition,
            specializations=self.specializations,
            skills=self.skills,
            max_concurrent_tasks=self.max_concurrent_tasks,
            cost_per_task=UNSET if price is UNSET else units(price, "cost_per_task"),
            labels=UNSET if labels is UNSET else label_texts(labels),
            resources=self.resources,
            data_sources=self.data_sources,
            endpoint=self.endpoint,
            wallet_address=self.wallet_address,
            metadata=self.metadata,
        )


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing needs to be said; an empty object, or no body at all."""


class StatedReason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why, for the record."""

    reason: Text = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much work an agent wants now.

    Attributes:
        limit: Tasks at most, 1..100.
        wait: How long to wait for some when there is none, seconds; at most `MAS_CLAIM_WAIT` (30)
            and `MAS_HEARTBEAT_INTERVAL` (30), so that the agent is heard of again in time.
        tasks: Those it is still working on, as in a heartbeat; once one of them is lost the claim
            waits no longer.
        leases: The same with their leases, as in a heartbeat.
    """

    limit: Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": 100})] = 1
    wait: Annotated[float, msgspec.Meta(extra_json_schema={"minimum": 0, "maximum": 3600})] = 0.0
    tasks: tuple[AgentId, ...] = ()
    leases: dict[AgentId, Lease] = {}


class ClaimedTasks(msgspec.Struct, frozen=True):
    """Tasks for an agent.

    Attributes:
        items: Tasks that it is to start; empty when there was none in time.
        lost: Of those that it named as its own, the ones that it should stop working on.
    """

    items: list[ClaimedTask]
    lost: Sequence[LostTask] = ()


class Heartbeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sign of life.

    Attributes:
        tasks: Those it is still working on; their leases are extended.
        leases: The same by task with the lease that it has, so that it also learns when a task was
            taken from it and given to it once more.
        load: How busy the agent is by its own account, 0..1.
        metrics: Figures of its own choice, at most 32 by name.
    """

    tasks: tuple[AgentId, ...] = ()
    leases: dict[AgentId, Lease] = {}
    load: Level | None = None
    metrics: dict[str, float] = {}
