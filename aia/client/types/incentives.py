# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about incentives."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer


class Eligibility(msgspec.Struct, frozen=True, kw_only=True):
    """Whose work counts, and which; an empty list: any.

    Attributes:
        tiers: The staking tiers of the agent, when its work counts.
        task_types: The types of the tasks.
        agents: The agents.
    """

    tiers: list[str] = msgspec.field(default_factory=list)
    task_types: list[str] = msgspec.field(default_factory=list)
    agents: list[str] = msgspec.field(default_factory=list)


class IncentiveProgram(msgspec.Struct, frozen=True, kw_only=True):
    """An incentive program.

    Attributes:
        program_id: Its id.
        status: How far it is: `scheduled`, `running`, `ending` (what it owes is being paid) or
            `closed`.
        outcome: Why it is over; null: it is not.
        title: Its name.
        description: For people.
        token: What it pays in.
        budget: How much it pays at most, tokens.
        paid: What it has paid, tokens.
        returned: What went back to the treasury when it was over, tokens.
        awards: How many awards were paid.
        starts_at: From when on work counts, UTC.
        ends_at: Until when, UTC.
        eligibility: Whose work counts, and which; an empty list: any.
        criterion: What earns an award.
        count: How many of these.
        min_rating: From which rating on a result counts, 0..1.
        winners: How many agents can win.
        payout: Whether an award is worth a fixed amount, or a share of the budget in the end.
        amount: What an award is worth, tokens.
        most_per_agent: How many awards an agent can earn; null: any number.
        opened_by: Who ordered it.
        opened_at: When, UTC.
        cancelled_by: Who called it off.
        cancelled_at: When, UTC.
        reason: Why.
        closed_at: When it was over, UTC.
        agents: How many agents had work that counted; known when it is over.
    """

    program_id: str
    status: str
    outcome: str | None
    title: str
    description: str
    token: str
    budget: str
    paid: str
    returned: str
    awards: int
    starts_at: datetime
    ends_at: datetime
    eligibility: Eligibility
    criterion: str
    count: int
    min_rating: float | None
    winners: int | None
    payout: str
    amount: str | None
    most_per_agent: int | None
    opened_by: str
    opened_at: datetime
    cancelled_by: str | None
    cancelled_at: datetime | None
    reason: str
    closed_at: datetime | None
    agents: int


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent was paid by a program.

    Attributes:
        agent_id: Whom.
        awards: For how many awards.
        amount: How much, tokens.
        transfer_id: By which transfer.
        at: When, UTC.
    """

    agent_id: str
    awards: int
    amount: str
    transfer_id: str
    at: datetime


class ProgramProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How far an agent has come in a program.

    Attributes:
        agent_id: Which agent.
        counted: How much of its work counted, in all.
        towards: How much of that counts towards its next award.
        awards: How many awards it has earned.
        paid: How many of them were paid.
    """

    agent_id: str
    counted: int
    towards: int
    awards: int
    paid: int


class ProgramDetails(Answer, frozen=True, kw_only=True):
    """A program, how far agents have come, and what it paid.

    Attributes:
        program_id: Its id.
        status: How far it is: `scheduled`, `running`, `ending` (what it owes is being paid) or
            `closed`.
        outcome: Why it is over; null: it is not.
        title: Its name.
        description: For people.
        token: What it pays in.
        budget: How much it pays at most, tokens.
        paid: What it has paid, tokens.
        returned: What went back to the treasury when it was over, tokens.
        awards: How many awards were paid.
        starts_at: From when on work counts, UTC.
        ends_at: Until when, UTC.
        eligibility: Whose work counts, and which; an empty list: any.
        criterion: What earns an award.
        count: How many of these.
        min_rating: From which rating on a result counts, 0..1.
        winners: How many agents can win.
        payout: Whether an award is worth a fixed amount, or a share of the budget in the end.
        amount: What an award is worth, tokens.
        most_per_agent: How many awards an agent can earn; null: any number.
        opened_by: Who ordered it.
        opened_at: When, UTC.
        cancelled_by: Who called it off.
        cancelled_at: When, UTC.
        reason: Why.
        closed_at: When it was over, UTC.
        agents: How many agents had work that counted; known when it is over.
        progress: Those with most awards first, then those who have come farthest, 500 at most; of
            programs that were over long ago it is not known any more.
        payouts: The latest first, 500 at most.
    """

    program_id: str
    status: str
    outcome: str | None
    title: str
    description: str
    token: str
    budget: str
    paid: str
    returned: str
    awards: int
    starts_at: datetime
    ends_at: datetime
    eligibility: Eligibility
    criterion: str
    count: int
    min_rating: float | None
    winners: int | None
    payout: str
    amount: str | None
    most_per_agent: int | None
    opened_by: str
    opened_at: datetime
    cancelled_by: str | None
    cancelled_at: datetime | None
    reason: str
    closed_at: datetime | None
    agents: int
    progress: list[ProgramProgress]
    payouts: list[Payment]


class ProgramPage(Answer, frozen=True, kw_only=True):
    """Programs (`next_cursor`: for the next page, if there is one; `total`: when asked for).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: When asked for.
    """

    items: list[IncentiveProgram]
    next_cursor: str | None
    total: int | None = None
