# Written by `make client` from the OpenAPI document; changes are lost.
"""What requests about tasks are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from aia.client.types.requests import Comparator, CostPolicy, Priority, TaskStatus
from aia.client.writing import Amount, exact


class LabelDemand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is asked of one label.

    Attributes:
        key: Which label.
        op: How its value must stand to `value`, or with `in` to one of `values`. `>`, `>=`, `<`
            and `<=` compare numbers; a label that says no number never meets them. An agent
            without the label meets `!=` only.
        value: With all but `in`.
        values: With `in`.
        preferred: Who does not meet it may get the task all the same, after those who do.
    """

    key: str
    op: Comparator | None = None
    value: str | int | float | bool | None = None
    values: Sequence[str | int | float | bool] | None = None
    preferred: bool | None = None


class ReportedUsage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an attempt consumed, by the agent's own account (`cost`: tokens).

    Attributes:
        cost: Tokens. A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
    """

    model: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: Amount | None = None

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "cost", exact(self.cost))


class Retries(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a failed attempt is followed by another.

    Attributes:
        max_attempts: How many attempts may fail before the task is dead, 1..100.
        base_seconds: The wait before the second attempt (1).
        factor: By what each further wait is longer, 1..10 (2).
        cap_seconds: The longest wait, not below the first one (300, or the first one).
        jitter: By what fraction a wait may be shortened at random, 0..1 (0.5).
        non_retryable_codes: Errors after which another attempt is no use; the task has failed
            then.
    """

    max_attempts: int | None = None
    base_seconds: float | None = None
    factor: float | None = None
    cap_seconds: float | None = None
    jitter: float | None = None
    non_retryable_codes: Sequence[str] | None = None


class TaskCriteria(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The filters of the list of tasks; what is left out does not restrict.

    What is given does: an empty list or null, which a program may send by mistake, is not "all".
    """

    status: Sequence[TaskStatus] | None = None
    agent_id: str | None = None
    task_type: str | None = None
    priority: Sequence[Priority] | None = None
    owner: str | None = None
    tag: str | None = None
    parent: str | None = None
    correlation: str | None = None
    concurrency_key: str | None = None
    dedup_key: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class TaskRequirements(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a task suits.

    Attributes:
        skills: Names of skills, or name to the least level, 0..1.
        specializations: All of them must be declared.
        labels: Keys and values that must all be equal, or a list of conditions.
        data_sources: All of them must be declared by an agent that declares any.
        preferred_agents: Agents to be taken first when they qualify.
        excluded_agents: Agents never to be taken.
        resources: How much of the agent's resources it takes while the agent holds it.
        min_tier: The lowest staking tier of an agent that may get it, one of those configured.
        sticky_key: Tasks with the same key go to the same agent when that is as good as others, or
            whenever it can by the policy `sticky`.
    """

    skills: Sequence[str] | Mapping[str, float] | None = None
    specializations: Sequence[str] | None = None
    labels: (
        Mapping[str, str | int | float | bool] | Sequence[LabelDemand | Mapping[str, Any]] | None
    ) = None
    data_sources: Sequence[str] | None = None
    preferred_agents: Sequence[str] | None = None
    excluded_agents: Sequence[str] | None = None
    resources: Mapping[str, float] | None = None
    min_tier: str | None = None
    sticky_key: str | None = None


class TaskSubmission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task to be done; what is left out is as the server's settings say.

    Attributes:
        task_type: The kind of work, 1..128 characters.
        description: For people, at most 10,000 characters.
        requirements: Whom it suits.
        payload: Any JSON, for the agent that does the work.
        priority: Its class.
        max_cost: The highest price of an agent that may get it, tokens; of a task with a payer
            also the most that it can cost. A number of tokens: a string of plain digits with at
            most 18 decimals, or a number.
        payer: The agent or client whose wallet pays what the task costs; only who may spend that
            names it, and `max_cost` with it. So much is held in the wallet, and counted in every
            budget that applies, until the task is over.
        cost_tags: Whose budgets it counts in, too; at most 10.
        deadline: When it expires unfinished, RFC 3339.
        timeout_seconds: How long one attempt may run, seconds.
        lease_seconds: How long an attempt may go unheard of, seconds.
        max_attempts: The same as in `retry`, like the next five.
        backoff_base_seconds: See `retry`.
        backoff_factor: See `retry`.
        backoff_cap_seconds: See `retry`.
        backoff_jitter: See `retry`.
        non_retryable_codes: See `retry`.
        retry: When a failed attempt is followed by another.
        cost_policy: What becomes of a result that cost more than `max_cost`: `flag` marks it,
            `refuse` does not take it.
        dedup_key: A word for the work. While a task of the same owner with the same one is
            unfinished, a submission is answered with that task (200, `deduplicated`).
        not_before: When the first attempt may begin, RFC 3339.
        tags: For search.
        parent: The task that this one is a part of, if any.
        correlation: What ties it to others, if anything does.
        concurrency_key: Tasks with the same key share a limit.
        concurrency_limit: How many of them may be held at once, unless a limit was set for the
            key.
    """

    task_type: str
    description: str | None = None
    requirements: TaskRequirements | Mapping[str, Any] | None = None
    payload: Any = None
    priority: Priority | None = None
    max_cost: Amount | None = None
    payer: str | None = None
    cost_tags: Sequence[str] | None = None
    deadline: datetime | None = None
    timeout_seconds: float | None = None
    lease_seconds: float | None = None
    max_attempts: int | None = None
    backoff_base_seconds: float | None = None
    backoff_factor: float | None = None
    backoff_cap_seconds: float | None = None
    backoff_jitter: float | None = None
    non_retryable_codes: Sequence[str] | None = None
    retry: Retries | Mapping[str, Any] | None = None
    cost_policy: CostPolicy | None = None
    dedup_key: str | None = None
    not_before: datetime | None = None
    tags: Sequence[str] | None = None
    parent: str | None = None
    correlation: str | None = None
    concurrency_key: str | None = None
    concurrency_limit: int | None = None

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "max_cost", exact(self.max_cost))
