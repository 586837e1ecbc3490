# Written by `make client` from the OpenAPI document; changes are lost.
"""What requests are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from aia.client.writing import Amount, exact

AgentStatus: TypeAlias = Literal["active", "draining", "suspended", "unregistered"]
Choice: TypeAlias = Literal["abstain", "no", "veto", "yes"]
Comparator: TypeAlias = Literal["!=", "<", "<=", "=", ">", ">=", "in"]
CostPolicy: TypeAlias = Literal["flag", "refuse"]
Criterion: TypeAlias = Literal["count", "first_n", "quality", "streak"]
Kind: TypeAlias = Literal["agent", "frontend", "stream"]
Payout: TypeAlias = Literal["fixed", "pro_rata"]
Period: TypeAlias = Literal["day", "month", "once", "week"]
Priority: TypeAlias = Literal["critical", "high", "low", "maintenance", "normal"]
ProgramStatus: TypeAlias = Literal["closed", "ending", "running", "scheduled"]
ProposalStatus: TypeAlias = Literal[
    "active",
    "cancelled",
    "defeated",
    "executed",
    "expired",
    "pending",
    "queued",
    "succeeded",
    "vetoed",
]
Purpose: TypeAlias = Literal[
    "burn",
    "deposits",
    "incentive",
    "issuance",
    "reward_pool",
    "rewards_reserved",
    "slashed",
    "staked",
    "staking_rewards",
    "treasury",
    "unbonding",
    "wallet",
]
Scope: TypeAlias = Literal["client", "owner", "tag"]
TaskStatus: TypeAlias = Literal[
    "assigned",
    "cancelled",
    "completed",
    "dead",
    "expired",
    "failed",
    "input_required",
    "queued",
    "running",
]
TransferStatus: TypeAlias = Literal["expired", "pending", "posted", "voided"]


class AgentCriteria(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The filters of the list of agents; what is left out does not restrict.

    What is given does: an empty list or null, which a program may send by mistake, is not "all".
    """

    status: Sequence[AgentStatus] | None = None
    online: bool | None = None
    owner: str | None = None
    skill: str | None = None
    min_level: float | None = None
    specialization: str | None = None
    label: str | None = None
    label_op: Comparator | None = None
    label_value: Sequence[str] | None = None
    tier: Sequence[str] | None = None
    q: str | None = None


class ChangedProposalKind(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One kind of proposals; see `ShownProposalKind`.

    Attributes:
        deposit: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
    """

    name: str
    commands: Sequence[str] | None = None
    delay_seconds: float
    period_seconds: float
    quorum_ppm: int
    threshold_ppm: int
    veto_ppm: int
    timelock_seconds: float
    grace_seconds: float
    deposit: Amount

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "deposit", exact(self.deposit))


class ChangedTier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tier of stakers; see `ShownTier`.

    Attributes:
        min_stake: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
    """

    name: str
    min_stake: Amount
    multiplier: str | float

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "min_stake", exact(self.min_stake))


class FeatureWeights(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What each feature of an agent counts, as shares of one with at most four decimals.

    Attributes:
        quality: How well it did such tasks.
        latency: How soon it would be done.
        headroom: The share of its places that is free.
        price: How cheap it is.
        stake: What it has at stake; at most 0.1.
        affinity: Whether it is specialised in the type, or knows the sticky key.
    """

    quality: float
    latency: float
    headroom: float
    price: float
    stake: float
    affinity: float


class FundCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Pay out of the treasury: to an agent, to an account, or into a pool.

    Attributes:
        amount: How many. A number of tokens: a string of plain digits with at most 18 decimals, or
            a number.
        agent_id: Whose wallet gets them; it need not be registered yet.
        account: Or which account: a wallet by its id, `reward_pool` or `staking_rewards`.
        token: Of which token; left out: that of the account, else AIA.
        note: Why, for the record.
    """

    kind: Literal["fund"]
    amount: Amount
    agent_id: str | None = None
    account: str | None = None
    token: str | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "amount", exact(self.amount))


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


class ParametersCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Change parameters of the economy (tiers: see `change_tiers`).

    Attributes:
        tiers: All tiers, by rising stake.
        base_task_reward: A number of tokens: a string of plain digits with at most 18 decimals, or
            a number.
        stake_per_task: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
        reward_block: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
        staking_reward_per_day: A number of tokens: a string of plain digits with at most 18
            decimals, or a number.
        gov_per_completion: A number of tokens: a string of plain digits with at most 18 decimals,
            or a number.
        gov_per_vote: A number of tokens: a string of plain digits with at most 18 decimals, or a
            number.
        proposal_kinds: All kinds of proposals.
        reason: Why, for the record.
    """

    kind: Literal["change_parameters"]
    tiers: Sequence[ChangedTier | Mapping[str, Any]] | None = None
    base_task_reward: Amount | None = None
    stake_per_task: Amount | None = None
    min_stake_age_seconds: int | None = None
    unbonding_seconds: int | None = None
    reward_block: Amount | None = None
    rating_window_seconds: int | None = None
    staking_reward_per_day: Amount | None = None
    staking_reward_interval_seconds: int | None = None
    reporter_share_ppm: int | None = None
    jail_lost_tasks: int | None = None
    jail_window_seconds: int | None = None
    jail_seconds: int | None = None
    gov_per_completion: Amount | None = None
    gov_per_vote: Amount | None = None
    budget_warning_ppm: int | None = None
    proposal_kinds: Sequence[ChangedProposalKind | Mapping[str, Any]] | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "base_task_reward", exact(self.base_task_reward))
        msgspec.structs.force_setattr(self, "stake_per_task", exact(self.stake_per_task))
        msgspec.structs.force_setattr(self, "reward_block", exact(self.reward_block))
        msgspec.structs.force_setattr(
            self, "staking_reward_per_day", exact(self.staking_reward_per_day)
        )
        msgspec.structs.force_setattr(self, "gov_per_completion", exact(self.gov_per_completion))
        msgspec.structs.force_setattr(self, "gov_per_vote", exact(self.gov_per_vote))


class ProgramEligibility(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whose work counts, and which; an empty list: any. Work at tasks of one's own never does.

    Attributes:
        tiers: The staking tiers of the agent, when its work counts.
        task_types: The types of the tasks.
        agents: The agents.
    """

    tiers: Sequence[str] | None = None
    task_types: Sequence[str] | None = None
    agents: Sequence[str] | None = None


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


class SlashCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Slash an agent (`agent_id`: whom).

    Attributes:
        evidence_id: For which evidence; each counts once.
        amount: How much in all, tokens; all that is at risk, when that is less. A number of
            tokens: a string of plain digits with at most 18 decimals, or a number.
        fraction: Which share of all that is at risk, above 0 and at most 1, to a millionth.
        reporter: Whose wallet gets the reporter's share.
        reason: Why, for people.
    """

    kind: Literal["slash"]
    evidence_id: str
    amount: Amount | None = None
    fraction: float | None = None
    reporter: str | None = None
    reason: str | None = None
    agent_id: str

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "amount", exact(self.amount))


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


class TiersCommand(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Have other tiers.

    Attributes:
        tiers: All of them, by rising stake.
        reason: Why, for the record.
    """

    kind: Literal["change_tiers"]
    tiers: Sequence[ChangedTier | Mapping[str, Any]]
    reason: str | None = None


class TransferLeg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a transfer does to one account (`account`: its id, `wallet:AIA:agent_001`).

    Attributes:
        account: Its id, `wallet:AIA:agent_001`.
        amount: Tokens into the account; with a minus sign out of it.
    """

    account: str
    amount: Amount

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "amount", exact(self.amount))


class TransferRequest(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename={"from_": "from"}
):
    """Tokens to be moved: from one to another, or by legs.

    Attributes:
        transfer_id: Its id; the same one is never carried out twice. Without a colon; left out:
            made up.
        to: Whose wallet it goes to.
        amount: How much. A number of tokens: a string of plain digits with at most 18 decimals, or
            a number.
        token: Of which token.
        legs: In place of the four above: what it does to each wallet. They sum to 0 per token.
        reason: A code for what it is about.
        metadata: Up to 16 texts that are kept with it.
        pending: Set it aside only, to be posted or voided later.
        timeout: Seconds after which a pending one expires, at most a year; left out: never.
    """

    transfer_id: str | None = None
    from_: str | None = None
    to: str | None = None
    amount: Amount | None = None
    token: str | None = None
    legs: Sequence[TransferLeg | Mapping[str, Any]] | None = None
    reason: str | None = None
    metadata: Mapping[str, str] | None = None
    pending: bool | None = None
    timeout: float | None = None

    def __post_init__(self) -> None:
        """Write amounts as they are sent."""
        msgspec.structs.force_setattr(self, "amount", exact(self.amount))
