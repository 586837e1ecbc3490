# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about snapshots."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.work import (
    Requirements,
    RetryPolicy,
    TaskCost,
    TaskError,
    TaskRating,
    TaskUsage,
    ToldReward,
)


class ToldProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the attempt in force is.

    Attributes:
        percent: 0..100, if known.
        message: The last thing the agent said.
        at: When it reported last, UTC.
    """

    percent: float | None
    message: str
    at: datetime


class ToldInput(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent asked, and whether it was answered.

    Attributes:
        number: The number of the question among all of the task.
        attempt: In which attempt it was asked.
        question: The question.
        asked_at: When, UTC.
        answered_by: Who gave the answer; null: nobody yet.
        answered_at: When, UTC.
    """

    number: int
    attempt: int
    question: str
    asked_at: datetime
    answered_by: str | None
    answered_at: datetime | None


class ToldTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as everybody is told of it who watches.

    Attributes:
        task_id: Its id.
        status: Where it stands.
        task_type: The kind of work.
        description: For people.
        requirements: Whom it suits.
        priority: Its class.
        agent_id: Who holds it, or finished it.
        attempt: The number of the last attempt, 0 before the first.
        lease_seconds: How long it may go unheard of, seconds.
        price: What that attempt costs, tokens.
        progress: How far it is.
        inputs: Its last 20 questions, and what they were answered.
        quality: The agent's own estimate, 0..1.
        usage: What it consumed.
        cost: What it cost, once it is completed.
        rating: What its client thinks of the result.
        reward: What the attempt earns from the reward pool beside its price; null while there is
            none, and where no rewards are offered.
        error: Why the last failed attempt failed.
        reason: Why it was cancelled, or taken from its agent last.
        excluded_agents: Agents that it was taken from for good; `requirements` are as submitted.
        refused: Results that were refused.
        owner: Whom it belongs to.
        payer: Whose wallet pays.
        cost_tags: Whose budgets it counts in.
        max_cost: The highest price of an agent, tokens.
        cost_policy: What becomes of a result that cost more: flag or refuse.
        tags: For search.
        parent: The task that this one is a part of.
        correlation: What ties it to others.
        dedup_key: Its owner's word for the work.
        concurrency_key: Tasks with the same key share a limit.
        concurrency_limit: How many of them may be held at once, as far as this task is concerned.
        max_attempts: How many attempts may fail.
        retry: When a failed attempt is followed by another.
        timeout_seconds: How long one attempt may run, seconds.
        submitted_at: UTC, like the others.
        not_before: When the first attempt might begin.
        retry_at: When the next attempt may begin.
        deadline: When it expires unfinished.
        assigned_at: When the last attempt was given to an agent.
        started_at: When that began.
        finished_at: When the task ended.
        updated_at: When anything about it changed last.
        version: The version of its stream.
        position: The last event in all this.
    """

    task_id: str
    status: str
    task_type: str
    description: str
    requirements: Requirements
    priority: str
    agent_id: str | None
    attempt: int
    lease_seconds: float
    price: str
    progress: ToldProgress | None
    inputs: list[ToldInput]
    quality: float | None
    usage: TaskUsage | None
    cost: TaskCost | None
    rating: TaskRating | None
    reward: ToldReward | None
    error: TaskError | None
    reason: str | None
    excluded_agents: list[str]
    refused: int
    owner: str
    payer: str | None
    cost_tags: list[str]
    max_cost: str | None
    cost_policy: str
    tags: list[str]
    parent: str | None
    correlation: str | None
    dedup_key: str | None
    concurrency_key: str | None
    concurrency_limit: int | None
    max_attempts: int
    retry: RetryPolicy
    timeout_seconds: float
    submitted_at: datetime
    not_before: datetime | None
    retry_at: datetime | None
    deadline: datetime | None
    assigned_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    version: int
    position: int


class ToldAgent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as everybody is told of it who watches.

    Attributes:
        agent_id: Its id.
        status: Active, draining, suspended or unregistered.
        online: Its heartbeats arrive.
        tier: Its staking tier; None without a stake.
        stake: What makes its tier: its stake that counts, tokens.
        active_tasks: Tasks that it holds.
        max_concurrent_tasks: How many it takes at once.
        specializations: What it is best at.
        skills: Skill name to level, 0..1.
        labels: Key to value, for placement.
        resources: What it has, by name.
        data_sources: What it can read; none declared: everything.
        endpoint: Where it can be called.
        wallet_address: Its address outside of this system.
        cost_per_task: Its price, tokens.
        initial_stake: What it wanted to stake when it registered, tokens.
        owner: Whom it belongs to.
        assigned: Attempts it was given, ever.
        completed: Attempts it completed.
        failed: Attempts it gave up.
        released: Attempts that were taken from it.
        lost: Those of them that it was working on and nobody moved by hand.
        success_rate: Those completed among those that it completed, gave up or lost, 0..1.
        revision: Grows with every change of the editable fields; the ETag.
        version: The version of its stream.
        registered_at: When it registered last, UTC.
        updated_at: When anything about it (but its tasks) changed last, UTC.
        suspension: Why it is suspended.
        endpoint_disabled: Why nothing is sent to its endpoint, and it gets no work: `failing` or
            `gone`; null: that is not so.
        position: The last event in all this.
    """

    agent_id: str
    status: str
    online: bool
    tier: str | None
    stake: str
    active_tasks: int
    max_concurrent_tasks: int
    specializations: list[str]
    skills: dict[str, float]
    labels: dict[str, str]
    resources: dict[str, float]
    data_sources: list[str]
    endpoint: str | None
    wallet_address: str | None
    cost_per_task: str
    initial_stake: str
    owner: str
    assigned: int
    completed: int
    failed: int
    released: int
    lost: int
    success_rate: float | None
    revision: int
    version: int
    registered_at: datetime
    updated_at: datetime
    suspension: str | None
    endpoint_disabled: str | None
    position: int


class ToldProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal as everybody is told of it who watches; power in tokens.

    Attributes:
        proposal_id: Its id.
        version: How many events it has.
        status: Where it stands.
        kind: Its kind.
        title: What is proposed, in a line.
        proposer: By whom.
        created_at: When it was made, UTC.
        starts_at: When voting begins, UTC.
        ends_at: When it ends unless all is decided before, UTC; None: it has not begun.
        outcome: How the vote ended; None: it has not, or a guardian ended it.
        yes: Power for it, once it is counted; likewise the others.
        no: Power against it.
        abstain: Power that counts for the quorum only.
        veto: Power against it that wants it never to have been made.
        total: All power at the snapshot.
        voters: How many voted.
        execute_after: When it is executed, UTC; None: it is not.
        reason: Why it was cancelled, or vetoed by a guardian.
    """

    proposal_id: str
    version: int
    status: str
    kind: str
    title: str
    proposer: str
    created_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    outcome: str | None
    yes: str | None
    no: str | None
    abstain: str | None
    veto: str | None
    total: str | None
    voters: int | None
    execute_after: datetime | None
    reason: str


class ToldBudget(msgspec.Struct, frozen=True, kw_only=True):
    """A budget as everybody is told of it who watches; amounts in tokens.

    Attributes:
        budget_id: Its id.
        status: Active; or warned or exceeded, when that was told of `period` since it was set so;
            or removed.
        scope: What of a task is looked at: client, owner or tag.
        match: What that must be.
        amount: How much may be used of a period.
        lasts: How long a period is: day, week, month or once.
        warn_percent: At which part of the amount it warns, percent.
        hard_stop: Whether it refuses what it does not leave enough for.
        revision: Grows with every change of what it says.
        created_at: When it was made, UTC.
        updated_at: When it was changed last, UTC.
        period: The latest period in which a task counts; None: none ever did.
        held: What is held of that.
        spent: What is spent of it.
        used: What is held and spent of it.
    """

    budget_id: str
    status: str
    scope: str
    match: str
    amount: str
    lasts: str
    warn_percent: float
    hard_stop: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    period: str | None
    held: str
    spent: str
    used: str
