"""What a client asks for: a task's work, whom it suits, and the rules of its execution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from aia_mas.domain.orchestration.labels import Labels


class Priority(StrEnum):
    """The class of a task: by how long others may go first."""

    CRITICAL = "critical"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    MAINTENANCE = "maintenance"

    @property
    def offset_seconds(self) -> float:
        """What is added to the submission time to get the place in the queue, seconds."""
        return _OFFSETS[self]

    @property
    def rank(self) -> int:
        """Its number among the classes, from 0 for the most urgent one."""
        return _RANKS[self]


_RANKS = {priority: rank for rank, priority in enumerate(Priority)}
_OFFSETS = {
    Priority.CRITICAL: 0.0,
    Priority.HIGH: 10.0,
    Priority.NORMAL: 60.0,
    Priority.LOW: 600.0,
    Priority.MAINTENANCE: 3600.0,
}


class CostPolicy(StrEnum):
    """What becomes of a result that cost more than the task's ``max_cost``."""

    FLAG = "flag"
    REFUSE = "refuse"


class Requirements(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a task suits.

    Attributes:
        skills: Skill name to the least level, 0..1; at 0 a specialization of that name will do.
        specializations: All of them must be declared.
        labels: Keys and values that must all be equal, or conditions.
        data_sources: All of them must be declared by an agent that declares any.
        preferred_agents: Agents to be taken first when they qualify.
        excluded_agents: Agents never to be taken.
        resources: How much of the agent's resources it takes while it is held, by name, 0..10^12.
        min_tier: The lowest staking tier of an agent that may get it.
        sticky_key: Tasks with the same key go to the same agent when that is as good as others, or
            whenever it can by the policy ``sticky``; None: there is no such tie.
    """

    skills: dict[str, float] = {}
    specializations: tuple[str, ...] = ()
    labels: Labels = {}
    data_sources: tuple[str, ...] = ()
    preferred_agents: tuple[str, ...] = ()
    excluded_agents: tuple[str, ...] = ()
    resources: dict[str, float] = {}
    min_tier: str | None = None
    sticky_key: str | None = None


class TaskSpecification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task as it is submitted; it never changes.

    Attributes:
        task_type: The kind of work, 1..128 characters; agents specialised in it are favoured.
        description: For people, at most 10,000 characters.
        requirements: Whom it suits.
        payload: Any JSON, for the agent that does the work.
        priority: Its class.
        max_cost: The highest price of an agent that may get it, base units; None: any.
        payer: Whose wallet pays what it costs; None: nobody's. It needs a ``max_cost``.
        cost_tags: Whose budgets it counts in, too; distinct.
        deadline: When it expires unfinished, UTC; None: never.
        timeout_seconds: How long one attempt may run, seconds.
        lease_seconds: How long an attempt may go unheard of, 1..86400 seconds.
        max_attempts: How many attempts may fail before the task is dead, 1..100.
        backoff_base_seconds: The wait before the second attempt, seconds.
        backoff_factor: By what each further wait is longer, 1..10.
        backoff_cap_seconds: The longest wait, seconds; not below the first one.
        backoff_jitter: By what fraction a wait may be shortened at random, 0..1.
        non_retryable_codes: Errors after which another attempt is no use.
        cost_policy: What becomes of a result that cost more than ``max_cost``.
        dedup_key: Its owner's word for the work: while a task with the same one is unfinished,
            another submission is answered with that task.
        not_before: When the first attempt may begin, UTC; None: at once.
        tags: For search.
        parent: The task that this one is a part of, if any.
        correlation: What ties it to others, if anything does.
        concurrency_key: Tasks with the same key share a limit; None: it shares none.
        concurrency_limit: How many of them may be held at once, as far as this task is concerned;
            None: any number. A limit that was set for the key takes its place.
    """

    task_type: str
    description: str = ""
    requirements: Requirements = Requirements()
    payload: Any = None
    priority: Priority = Priority.NORMAL
    max_cost: int | None = None
    payer: str | None = None
    cost_tags: tuple[str, ...] = ()
    deadline: datetime | None = None
    timeout_seconds: float = 300.0
    lease_seconds: float = 60.0
    max_attempts: int = 3
    backoff_base_seconds: float = 1.0
    backoff_factor: float = 2.0
    backoff_cap_seconds: float = 300.0
    backoff_jitter: float = 0.5
    non_retryable_codes: tuple[str, ...] = ()
    cost_policy: CostPolicy = CostPolicy.FLAG
    dedup_key: str | None = None
    not_before: datetime | None = None
    tags: tuple[str, ...] = ()
    parent: str | None = None
    correlation: str | None = None
    concurrency_key: str | None = None
    concurrency_limit: int | None = None


class TaskTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What of a specification is needed again after the submission; see ``TaskSpecification``."""

    task_type: str
    requirements: Requirements
    priority: Priority
    payer: str | None = None
    cost_tags: tuple[str, ...] = ()
    max_cost: int | None = None
    deadline: datetime | None = None
    timeout_seconds: float
    lease_seconds: float
    max_attempts: int
    backoff_base_seconds: float
    backoff_factor: float
    backoff_cap_seconds: float
    backoff_jitter: float = 0.5
    non_retryable_codes: tuple[str, ...] = ()
    cost_policy: CostPolicy = CostPolicy.FLAG
    parent: str | None = None
    correlation: str | None = None
    concurrency_key: str | None = None
    concurrency_limit: int | None = None


def terms_of(spec: TaskSpecification) -> TaskTerms:
    """Return the part of a specification that outlives the submission."""
    return TaskTerms(
        task_type=spec.task_type,
        requirements=spec.requirements,
        priority=spec.priority,
        payer=spec.payer,
        cost_tags=spec.cost_tags,
        max_cost=spec.max_cost,
        deadline=spec.deadline,
        timeout_seconds=spec.timeout_seconds,
        lease_seconds=spec.lease_seconds,
        max_attempts=spec.max_attempts,
        backoff_base_seconds=spec.backoff_base_seconds,
        backoff_factor=spec.backoff_factor,
        backoff_cap_seconds=spec.backoff_cap_seconds,
        backoff_jitter=spec.backoff_jitter,
        non_retryable_codes=spec.non_retryable_codes,
        cost_policy=spec.cost_policy,
        parent=spec.parent,
        correlation=spec.correlation,
        concurrency_key=spec.concurrency_key,
        concurrency_limit=spec.concurrency_limit,
    )


def required_skills(skills: Iterable[str] | Mapping[str, float]) -> dict[str, float]:
    """Return required skills as levels; a plain list of names asks for no particular level."""
    if isinstance(skills, Mapping):
        return dict(skills)
    return dict.fromkeys(skills, 0.0)
