"""What live streams tell."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec

from aia.client.types.economic_reads import EconomicSummary
from aia.client.types.metrics_reads import Metrics
from aia.client.types.snapshots import ToldAgent, ToldBudget, ToldProposal, ToldTask
from aia.client.types.work import ToldReward

Topic: TypeAlias = Literal[
    "metrics", "tasks", "agents", "economy", "proposals", "budgets", "messages"
]


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened.

    Attributes:
        position: Where it stands in the log; `after` of a stream that goes on behind it.
        place: Where the stream stands in all its topics; `place` of one that goes on from there.
        event: What kind of event it is, ``task.assigned``.
        version: Its place in the history of its task or agent.
        at: When it was recorded, UTC.
        actor: Who caused it.
    """

    position: int = 0
    place: str = ""
    event: str
    version: int
    at: datetime
    actor: str


class TaskUpdate(Fact, frozen=True, kw_only=True):
    """Something happened to a task; what the event does not tell is None.

    Payloads, results and leases are not told: ``client.tasks.get`` has them.

    Attributes:
        task_id: Which task.
        status: Where the event leaves it.
        agent_id: Who has it, had it, or tried to.
        attempt: Which attempt.
        task_type: The kind of work.
        priority: Its class.
        owner: Whose it is.
        percent: How far it is, 0..100.
        message: What the agent says, for people.
        question: What the agent asks.
        number: Which question was asked or answered.
        rating: What the client thinks of the result, 0..1.
        over_max_cost: The result cost more than the task may.
        quality: The agent's own estimate, 0..1.
        error_code: The agent's word for what went wrong.
        reason: Why it was released, cancelled or refused.
        action: What a refused agent wanted to do.
        retry_at: When the next attempt may begin, UTC.
        reward: What the attempt is promised from the reward pool beside its price.
    """

    task_id: str
    status: str | None = None
    agent_id: str | None = None
    attempt: int | None = None
    task_type: str | None = None
    priority: str | None = None
    owner: str | None = None
    percent: float | None = None
    message: str | None = None
    question: str | None = None
    number: int | None = None
    rating: float | None = None
    over_max_cost: bool | None = None
    quality: float | None = None
    error_code: str | None = None
    reason: str | None = None
    action: str | None = None
    retry_at: datetime | None = None
    reward: ToldReward | None = None


class AgentUpdate(Fact, frozen=True, kw_only=True):
    """Something happened to an agent; what the event does not tell is None.

    Attributes:
        agent_id: Which agent.
        status: active, draining, suspended or unregistered.
        online: Whether its heartbeats are there.
        owner: Whose it is.
        reason: Why it was suspended or left, or its endpoint was disabled.
        endpoint_state: enabled or disabled.
        revision: The revision of what its client may edit.
        specializations: What it is best at.
        skills: Skill name to level, 0..1.
        max_concurrent_tasks: How many tasks it works on at once.
        cost_per_task: Its price, tokens.
        labels: Key to value, for placement.
    """

    agent_id: str
    status: str | None = None
    online: bool | None = None
    owner: str | None = None
    reason: str | None = None
    endpoint_state: str | None = None
    revision: int | None = None
    specializations: list[str] | None = None
    skills: dict[str, float] | None = None
    max_concurrent_tasks: int | None = None
    cost_per_task: str | None = None
    labels: dict[str, str] | None = None


class ProposalUpdate(Fact, frozen=True, kw_only=True):
    """Something happened to a proposal, or somebody voted; what the event does not tell is None.

    Power is in tokens. What it says and does is not told: ``client.governance.get`` has it.

    Attributes:
        proposal_id: Which proposal.
        status: Where the event leaves it.
        kind: Its kind.
        title: What is proposed, in a line.
        proposer: By whom.
        starts_at: When voting begins, UTC.
        ends_at: When it ends unless all is decided before, UTC.
        early: Voting ended because nothing could change the outcome any more.
        outcome: How the vote ended.
        yes: Power for it.
        no: Power against it.
        abstain: Power that counts for the quorum only.
        veto: Power against it that wants it never to have been made.
        total: All power at the snapshot.
        voters: How many voted.
        voter: Who voted.
        choice: What that one said.
        own: Its own power.
        delegated: What was delegated to it.
        execute_after: When it is executed, UTC.
        expires_at: Until when that is tried, UTC.
        code: Why it could not be executed.
        retry_at: When that is tried again, UTC.
        orders: The orders that it was executed by.
        deposit: What became of the deposit.
        reason: Why it was cancelled or vetoed, or why somebody voted so.
    """

    proposal_id: str
    status: str | None = None
    kind: str | None = None
    title: str | None = None
    proposer: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    early: bool | None = None
    outcome: str | None = None
    yes: str | None = None
    no: str | None = None
    abstain: str | None = None
    veto: str | None = None
    total: str | None = None
    voters: int | None = None
    voter: str | None = None
    choice: str | None = None
    own: str | None = None
    delegated: str | None = None
    execute_after: datetime | None = None
    expires_at: datetime | None = None
    code: str | None = None
    retry_at: datetime | None = None
    orders: tuple[str, ...] | None = None
    deposit: str | None = None
    reason: str | None = None


class BudgetUpdate(Fact, frozen=True, kw_only=True):
    """Something happened to a budget; what the event does not tell is None.

    Amounts are in tokens.

    Attributes:
        budget_id: Which budget.
        status: active, warned, exceeded or removed, where the event says so.
        scope: What of a task is looked at: client, owner or tag.
        match: What that must be.
        amount: How much may be used of a period.
        hard_stop: Whether it refuses what it does not leave enough for.
        period: Of which period the figures are.
        held: What is held of it.
        spent: What is spent of it.
        used: What is held and spent of it.
        task_id: The task that changed them.
        cost: What that task was paid.
    """

    budget_id: str
    status: str | None = None
    scope: str | None = None
    match: str | None = None
    amount: str | None = None
    hard_stop: bool | None = None
    period: str | None = None
    held: str | None = None
    spent: str | None = None
    used: str | None = None
    task_id: str | None = None
    cost: str | None = None


class DeliveryUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one delivery of a message.

    Attributes:
        queued_at: The position of the event by which the message was queued for the recipient.
        agent_id: The recipient.
        attempt: Which delivery, from 1; 0: nobody knows; None: it was dropped.
        transport: How it was delivered.
        reason: Why it failed.
        retry_at: When it is delivered again, UTC; None: never.
    """

    queued_at: int
    agent_id: str
    attempt: int | None = None
    transport: str = ""
    reason: str | None = None
    retry_at: datetime | None = None


class MessageUpdate(Fact, frozen=True, kw_only=True):
    """Something happened to a message, or to many deliveries; what is not told is None.

    Attributes:
        message_id: Which message; None where it is about many.
        status: queued, delivered, acknowledged, failed, dead, dropped or expired.
        from_agent: The sender.
        to: Where it was sent.
        recipients: Those who get it by name, or have it again.
        message_type: What it is.
        priority: Its class.
        correlation_id: What ties it to others.
        size: Bytes of its payload.
        agent_id: For whom it was dropped.
        deliveries: What became of deliveries, of at most 500; of a message that is dead, for whom
            it is.
        not_told: Of how many more.
    """

    message_id: str | None = None
    status: str
    from_agent: str | None = None
    to: dict[str, Any] | None = None
    recipients: tuple[str, ...] | None = None
    message_type: str | None = None
    priority: str | None = None
    correlation_id: str | None = None
    size: int | None = None
    agent_id: str | None = None
    deliveries: list[DeliveryUpdate] | None = None
    not_told: int = 0


class EconomicUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The economy as it is now (``as_of``: up to which position)."""

    as_of: int
    summary: EconomicSummary


class MetricsUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """The figures of the whole system, as they are now (``as_of``: up to which position)."""

    as_of: int
    metrics: Metrics


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A part of how things stood at a position, from which what happens goes on.

    Attributes:
        position: Where in the log things stood so.
        first: How things stand is told anew: forget what was known.
        done: It is complete; what follows happened behind the position.
        truncated: There is more than is told.
    """

    position: int = 0
    first: bool = False
    done: bool = False
    truncated: bool = False


class TaskSnapshot(Page, frozen=True, kw_only=True):
    """Tasks, those submitted last first."""

    items: list[ToldTask]


class AgentSnapshot(Page, frozen=True, kw_only=True):
    """Agents in the order of their ids."""

    items: list[ToldAgent]


class ProposalSnapshot(Page, frozen=True, kw_only=True):
    """Proposals, those made last first."""

    items: list[ToldProposal]


class BudgetSnapshot(Page, frozen=True, kw_only=True):
    """Budgets in the order of their ids."""

    items: list[ToldBudget]


Update: TypeAlias = (
    TaskUpdate
    | AgentUpdate
    | ProposalUpdate
    | BudgetUpdate
    | MessageUpdate
    | MetricsUpdate
    | EconomicUpdate
    | TaskSnapshot
    | AgentSnapshot
    | ProposalSnapshot
    | BudgetSnapshot
)
"""What a stream tells."""
