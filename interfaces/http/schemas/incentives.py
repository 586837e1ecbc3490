"""What treasurers send about incentive programs, and what is shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.domain.economy.accounts import AIA
from aia_mas.domain.economy.incentives.orders import CancelProgram, OpenProgram
from aia_mas.domain.economy.incentives.standing import Standing
from aia_mas.domain.economy.incentives.terms import (
    MOST_COUNT,
    Criterion,
    Eligibility,
    Payout,
    ProgramTerms,
    check_program,
)
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.interfaces.http.schemas.amounts import Amount, OptionalAmount, optional_units, units
from aia_mas.interfaces.http.schemas.values import AgentId, Level, Moment, Name, Text, moment
from aia_mas.projections.economy.incentive_view import IncentiveProgram, Payment

MOST_SHOWN = 500
"""Agents whose progress is shown, those with most awards first."""

_Number = Annotated[int, msgspec.Meta(extra_json_schema={"minimum": 1, "maximum": MOST_COUNT})]
_Title = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 200})]


class ProgramEligibility(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose work counts, and which; an empty list: any. Work at tasks of one's own never does.

    Attributes:
        tiers: The staking tiers of the agent, when its work counts.
        task_types: The types of the tasks.
        agents: The agents.
    """

    tiers: tuple[Name, ...] = ()
    task_types: tuple[Name, ...] = ()
    agents: tuple[AgentId, ...] = ()


class NewProgram(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An incentive program to be opened.

    Attributes:
        program_id: Its id; left out: one is made up.
        title: Its name.
        description: For people.
        token: What it pays in.
        budget: How much it pays at most, tokens; the treasury sets it aside.
        starts_at: From when on work counts, RFC 3339; left out: at once.
        ends_at: Until when, RFC 3339.
        eligibility: Whose work counts, and which.
        criterion: What earns an award. `count`: so many completed tasks. `quality`: so many
            results that their clients rated `min_rating` at least. `streak`: so many tasks
            completed in a row, without one that failed or was lost. `first_n`: so many completed
            tasks, for the first `winners` agents that come so far.
        count: How many.
        min_rating: From which rating on; with `quality`.
        winners: How many agents; with `first_n`.
        payout: `fixed`: `amount` for each award, as soon as it is earned and as long as the budget
            lasts. `pro_rata`: in the end, the budget in proportion to the awards.
        amount: What an award is worth, tokens; with `fixed`.
        most_per_agent: How many awards an agent can earn; left out: any number.
    """

    program_id: AgentId | None = None
    title: _Title
    description: Text = ""
    token: Name = AIA
    budget: Amount
    starts_at: Moment | None = None
    ends_at: Moment
    eligibility: ProgramEligibility = ProgramEligibility()
    criterion: Criterion
    count: _Number = 1
    min_rating: Level | None = None
    winners: _Number | None = None
    payout: Payout
    amount: OptionalAmount = None
    most_per_agent: _Number | None = None

    def order(self, new_id: str, now: datetime) -> OpenProgram:
        """Return the order (``new_id``: for a program without one; ``now``: the time, UTC).

        Raises:
            InvalidValue: A value is not allowed; ``others`` has whatever else is wrong.
        """
        mistakes = Mistakes()
        check = mistakes.check
        budget = check(units, self.budget, "budget")
        amount = check(optional_units, self.amount, "amount")
        starts_at = check(moment, self.starts_at, "starts_at")
        ends_at = check(moment, self.ends_at, "ends_at")
        wanted = self.eligibility
        terms = ProgramTerms(
            title=self.title,
            description=self.description,
            token=self.token,
            budget=1 if budget is None else budget,
            starts_at=starts_at or now,
            ends_at=ends_at or now,
            eligibility=Eligibility(
                tiers=wanted.tiers, task_types=wanted.task_types, agents=wanted.agents
            ),
            criterion=self.criterion,
            count=self.count,
            min_rating=self.min_rating,
            winners=self.winners,
            payout=self.payout,
            amount=amount,
            most_per_agent=self.most_per_agent,
        )
        check(check_program, terms, now)
        mistakes.refuse()
        return OpenProgram(program_id=self.program_id or new_id, terms=terms)


class ProgramCancellation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a program is called off, for the record."""

    reason: Text = ""

    def order(self, program_id: str) -> CancelProgram:
        """Return the order."""
        return CancelProgram(program_id=program_id, reason=self.reason)


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


class ProgramDetails(IncentiveProgram, frozen=True, kw_only=True):
    """A program, how far agents have come, and what it paid.

    Attributes:
        progress: Those with most awards first, then those who have come farthest, 500 at most; of
            programs that were over long ago it is not known any more.
        payouts: The latest first, 500 at most.
    """

    progress: list[ProgramProgress]
    payouts: Sequence[Payment]


class ProgramPage(msgspec.Struct, frozen=True, kw_only=True):
    """Programs (``next_cursor``: for the next page, if there is one; ``total``: when asked for)."""

    items: list[IncentiveProgram]
    next_cursor: str | None
    total: int | UnsetType = UNSET


def progress_of(standing: Standing | None) -> list[ProgramProgress]:
    """Return how far agents have come."""
    if standing is None:
        return []
    ranked = sorted(
        standing.agents.items(),
        key=lambda each: (-each[1].awards, -each[1].towards, -each[1].counted, each[0]),
    )
    return [
        ProgramProgress(
            agent_id=agent_id,
            counted=progress.counted,
            towards=progress.towards,
            awards=progress.awards,
            paid=progress.paid,
        )
        for agent_id, progress in ranked[:MOST_SHOWN]
    ]
