"""What clients send about agents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.application.orchestration.claims import ClaimedTask
from aia_mas.application.orchestration.standing import LostTask
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.precondition import UNCONDITIONAL, Precondition
from aia_mas.domain.orchestration.agent_commands import (
    PutAgent,
    RegisterAgent,
    UpdateAgent,
)
from aia_mas.domain.orchestration.agent_decisions import changed, check_registration
from aia_mas.domain.orchestration.capabilities import Capabilities, check_capabilities
from aia_mas.interfaces.http.schemas.amounts import NOTHING, Amount, ChangedAmount, units
from aia_mas.interfaces.http.schemas.values import (
    AgentId,
    LabelValue,
    Level,
    Name,
    Resource,
    Text,
    label_texts,
)

Places = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": 1000})]
Address = Annotated[
    str,
    msgspec.Meta(extra_json_schema={"maxLength": 2048, "format": "uri", "pattern": "^https?://"}),
]
Wallet = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 256})]
Owner = Annotated[str, msgspec.Meta(extra_json_schema={"maxLength": 255})]

Lease = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 128})]


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
        endpoint: Where its tasks are sent, if anywhere: an https URL, or http where allowed.
        wallet_address: Its address outside of this system, if it has one.
        metadata: Any JSON of its client, 64 KiB at most.
        initial_stake: What it wants to stake at once, tokens; counts when it registers.
        owner: Whom it belongs to: the caller, unless an operator names another subject; counts
            when it registers.
    """

    specializations: tuple[Name, ...] = ()
    skills: dict[str, Level] = {}
    max_concurrent_tasks: Places = 1
    cost_per_task: Amount = NOTHING
    labels: dict[str, LabelValue] = {}
    resources: dict[str, Resource] = {}
    data_sources: tuple[Name, ...] = ()
    endpoint: Address | None = None
    wallet_address: Wallet | None = None
    metadata: dict[str, Any] = {}
    initial_stake: Amount = NOTHING
    owner: Owner = ""

    def capabilities(self, mistakes: Mistakes) -> Capabilities:
        """Return it as the domain has it (``mistakes``: where an amount that is none goes)."""
        price = mistakes.check(units, self.cost_per_task, "cost_per_task")
        return Capabilities(
            specializations=self.specializations,
            skills=self.skills,
            max_concurrent_tasks=self.max_concurrent_tasks,
            cost_per_task=price or 0,
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
        """Return the command.

        Raises:
            InvalidValue: An amount is none; ``others`` has whatever else is wrong.
        """
        mistakes = Mistakes()
        stake = mistakes.check(units, self.initial_stake, "initial_stake")
        command = RegisterAgent(
            agent_id=self.agent_id,
            capabilities=self.capabilities(mistakes),
            owner=self.owner,
            initial_stake=stake or 0,
        )
        _refuse(mistakes, command)
        return command


class AgentReplacement(AgentCapabilities, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An agent as it is from now on; ``agent_id`` may be repeated from the path."""

    agent_id: AgentId | None = None

    def command(self, agent_id: str, condition: Precondition = UNCONDITIONAL) -> PutAgent:
        """Return the command (``condition``: what the agent must be like before).

        Raises:
            InvalidValue: An amount is none; ``others`` has whatever else is wrong.
        """
        mistakes = Mistakes()
        stake = mistakes.check(units, self.initial_stake, "initial_stake")
        command = PutAgent(
            agent_id=agent_id,
            capabilities=self.capabilities(mistakes),
            owner=self.owner,
            initial_stake=stake or 0,
            condition=condition,
        )
        _refuse(mistakes, command)
        return command


def _refuse(mistakes: Mistakes, command: RegisterAgent | PutAgent) -> None:
    """Refuse a command with mistakes, and tell what else is wrong with it."""
    if mistakes:
        mistakes.check(check_registration, command)
        mistakes.refuse()


class AgentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of an agent that change; a field given replaces the whole field.

    Attributes:
        specializations: What it is best at, by name.
        skills: Skill name to level, 0..1.
        max_concurrent_tasks: How many tasks it works on at once, 1..1000.
        cost_per_task: Its price for one task, tokens.
        labels: Key to value, for placement.
        resources: How much it has, by name.
        data_sources: Where it can read from; none: everywhere.
        endpoint: Where its tasks are sent; null: nowhere. Named, it is enabled if it was disabled.
        wallet_address: Its address outside of this system; null: it has none.
        metadata: Any JSON of its client, 64 KiB at most.
    """

    specializations: tuple[Name, ...] | UnsetType = UNSET
    skills: dict[str, Level] | UnsetType = UNSET
    max_concurrent_tasks: Places | UnsetType = UNSET
    cost_per_task: ChangedAmount = UNSET
    labels: dict[str, LabelValue] | UnsetType = UNSET
    resources: dict[str, Resource] | UnsetType = UNSET
    data_sources: tuple[Name, ...] | UnsetType = UNSET
    endpoint: Address | UnsetType | None = UNSET
    wallet_address: Wallet | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET

    def command(self, agent_id: str, condition: Precondition = UNCONDITIONAL) -> UpdateAgent:
        """Return the command (``condition``: what the agent must be like before).

        Raises:
            InvalidValue: An amount is none; ``others`` has whatever else is wrong.
        """
        mistakes = Mistakes()
        price, labels = self.cost_per_task, self.labels
        cost = UNSET if price is UNSET else mistakes.check(units, price, "cost_per_task")
        command = UpdateAgent(
            agent_id=agent_id,
            condition=condition,
            specializations=self.specializations,
            skills=self.skills,
            max_concurrent_tasks=self.max_concurrent_tasks,
            cost_per_task=0 if cost is None else cost,
            labels=UNSET if labels is UNSET else label_texts(labels),
            resources=self.resources,
            data_sources=self.data_sources,
            endpoint=self.endpoint,
            wallet_address=self.wallet_address,
            metadata=self.metadata,
        )
        if mistakes:
            mistakes.check(check_capabilities, changed(Capabilities(), command))
            mistakes.refuse()
        return command


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
