"""Incentive programs as a program of the platform defines them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from aia.agents.shapes import Amount
from aia_mas.domain.economy.incentives.terms import (
    Criterion,
    Eligibility,
    Payout,
    ProgramTerms,
)
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.interfaces.http.schemas.amounts import units, written


class PerformanceIncentive(msgspec.Struct, frozen=True, kw_only=True):
    """What a program pays for performance; never more than its budget.

    Attributes:
        title: Its name, for people.
        budget: How much it pays at most, tokens of the treasury.
        starts_at: From when on work counts, UTC.
        ends_at: Until when, UTC.
        criterion: What earns an award: ``count`` completed tasks, ``count`` results rated
            ``min_rating`` at least (``quality``), ``count`` tasks completed in a row (``streak``),
            or being among the first ``winners`` with ``count`` completed tasks (``first_n``).
        count: How many.
        min_rating: From which rating on, 0..1; with ``quality``.
        winners: How many agents; with ``first_n``.
        payout: ``fixed``: ``amount`` for each award. ``pro_rata``: in the end, the budget in
            proportion to the awards.
        amount: What an award is worth, tokens; with ``fixed``.
        most_per_agent: How many awards an agent can earn; None: any number.
        tiers: Only for agents of these tiers; empty: of any.
        task_types: Only for tasks of these types; empty: of any.
        agents: Only for these agents; empty: for any.
        token: What it pays in.
        description: For people.
    """

    title: str
    budget: Amount
    starts_at: datetime
    ends_at: datetime
    criterion: str = "count"
    count: int = 1
    min_rating: float | None = None
    winners: int | None = None
    payout: str = "fixed"
    amount: Amount | None = None
    most_per_agent: int | None = None
    tiers: Sequence[str] = ()
    task_types: Sequence[str] = ()
    agents: Sequence[str] = ()
    token: str = "AIA"  # noqa: S105 - what it pays in
    description: str = ""

    def terms(self) -> ProgramTerms:
        """Return what the program says.

        Raises:
            InvalidValue: A value is of the wrong kind.
        """
        try:
            criterion, payout = Criterion(self.criterion), Payout(self.payout)
        except ValueError as error:
            raise InvalidValue(str(error)) from None
        return ProgramTerms(
            title=self.title,
            description=self.description,
            token=self.token,
            budget=units(written(self.budget), "budget"),
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            eligibility=Eligibility(
                tiers=tuple(self.tiers),
                task_types=tuple(self.task_types),
                agents=tuple(self.agents),
            ),
            criterion=criterion,
            count=self.count,
            min_rating=self.min_rating,
            winners=self.winners,
            payout=payout,
            amount=None if self.amount is None else units(written(self.amount), "amount"),
            most_per_agent=self.most_per_agent,
        )
