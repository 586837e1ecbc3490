"""What a client gets for a command about an agent or a task: the shapes that clients rely on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.domain.kernel.money import to_text
from aia_mas.domain.orchestration.agent import AgentState
from aia_mas.domain.orchestration.limits import LimitState
from aia_mas.domain.orchestration.pauses import Pause, PauseState
from aia_mas.domain.orchestration.task import TaskState
from aia_mas.domain.orchestration.tiers import Tiers


class AgentAnswer(msgspec.Struct, frozen=True):
    """An agent right after a command.

    Attributes:
        agent_id: Its id.
        status: active, draining, suspended or unregistered.
        online: Its heartbeats arrive.
        tier: Its staking tier; None without a stake.
        stake: What makes its tier: its stake that counts, tokens.
        active_tasks: Tasks that it holds now.
        max_concurrent_tasks: How many it takes at once.
        specializations: What it declares to be good at.
        skills: Skill -> level, 0..1.
        labels: Free key-value pairs.
        resources: What it has, by name.
        data_sources: What it can read; empty: undeclared.
        metadata: Any JSON of its client.
        endpoint: Where it can be called.
        wallet_address: Its address outside of this system.
        cost_per_task: Price of one task, tokens.
        initial_stake: What it wanted to stake when it registered, tokens.
        owner: Whom it belongs to.
        revision: Grows with every change of the editable fields; the ETag.
        registered_at: UTC.
        endpoint_disabled: Why nothing is sent to its endpoint, and it gets no work: `failing` or
            `gone`; null: that is not so.
    """

    agent_id: str
    status: str
    online: bool
    tier: str | None
    stake: str
    active_tasks: int
    max_concurrent_tasks: int
    specializations: tuple[str, ...]
    skills: dict[str, float]
    labels: dict[str, str]
    resources: dict[str, float]
    data_sources: tuple[str, ...]
    metadata: dict[str, Any]
    endpoint: str | None
    wallet_address: str | None
    cost_per_task: str
    initial_stake: str
    owner: str
    revision: int
    registered_at: datetime
    endpoint_disabled: str | None


class TaskAnswer(msgspec.Struct, frozen=True):
    """A task right after a command.

    Attributes:
        task_id: Its id.
        status: Where it stands.
        agent_id: Who holds it, or finished it.
        priority: Its class.
        attempt: The number of the last attempt.
        lease: The fencing token of that attempt; the agent shows it with everything it delivers.
        task_type: What kind of work it is.
        lease_seconds: How long the lease lasts without progress.
        deduplicated: It was submitted before, under the same ``dedup_key``.
    """

    task_id: str
    status: str
    agent_id: str | None
    priority: str
    attempt: int
    lease: str | None
    task_type: str
    lease_seconds: float
    deduplicated: Literal[True] | UnsetType = UNSET


class LimitAnswer(msgspec.Struct, frozen=True):
    """What was set for a concurrency key, right after a command.

    Attributes:
        key: Which one.
        max_concurrent: How many of its tasks may be held at once; null: as each task has it.
        rate: How many may be dispatched in a period; null: any number.
        per_seconds: The length of the period, seconds.
    """

    key: str
    max_concurrent: int | None
    rate: int | None
    per_seconds: float | None


class PausesAnswer(msgspec.Struct, frozen=True):
    """All pauses that last, right after a command."""

    items: tuple[Pause, ...]


ActiveTasks = Callable[[str], int]
"""Tells how many tasks an agent holds."""

StakeOf = Callable[[str], int]
"""Tells what an agent has at stake that counts, base units."""


def agent_answer(
    active_tasks: ActiveTasks, stake_of: StakeOf, tiers: Tiers
) -> Callable[[AgentState, Any], AgentAnswer]:
    """Return the answer function of agent commands (``tiers``: those that hold)."""

    def answer(state: AgentState, command: Any) -> AgentAnswer:
        able, stake = state.capabilities, stake_of(command.agent_id)
        return AgentAnswer(
            agent_id=command.agent_id,
            status=state.status.value,
            online=state.online,
            tier=tiers.of(stake),
            stake=to_text(stake),
            active_tasks=active_tasks(command.agent_id),
            max_concurrent_tasks=able.max_concurrent_tasks,
            specializations=able.specializations,
            skills=able.skills,
            labels=able.labels,
            resources=able.resources,
            data_sources=able.data_sources,
            metadata=able.metadata,
            endpoint=able.endpoint,
            wallet_address=able.wallet_address,
            cost_per_task=to_text(able.cost_per_task),
            initial_stake=to_text(state.initial_stake),
            owner=state.owner,
            revision=state.revision,
            registered_at=state.registered_at,
            endpoint_disabled=state.endpoint_disabled,
        )

    return answer


def task_answer(state: TaskState, command: Any) -> TaskAnswer:
    """Return the answer of a task command."""
    terms = state.terms
    return TaskAnswer(
        task_id=command.task_id,
        status=state.status.value,
        agent_id=state.agent_id,
        priority=terms.priority.value,
        attempt=state.attempt,
        lease=state.lease,
        task_type=terms.task_type,
        lease_seconds=terms.lease_seconds,
        deduplicated=True if getattr(command, "deduplicated", False) else UNSET,
    )


def limit_answer(state: LimitState | None, command: Any) -> LimitAnswer:
    """Return the answer to a command about the limits of a key."""
    limits = None if state is None else state.limits
    if limits is None:
        return LimitAnswer(command.key, None, None, None)
    return LimitAnswer(command.key, limits.max_concurrent, limits.rate, limits.per_seconds)


def pauses_answer(state: PauseState | None, _command: Any) -> PausesAnswer:
    """Return the answer to a command about pauses."""
    return PausesAnswer(() if state is None else state.pauses)
