"""What an incentive program says: for whom, for what, how much, from when until when."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from aia_mas.domain.economy.accounts import AIA
from aia_mas.domain.economy.errors import UnknownToken
from aia_mas.domain.economy.incentives.errors import InvalidProgram
from aia_mas.domain.kernel.ids import check_id
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.money import MAX_AMOUNT, AmountTooLarge
from aia_mas.domain.orchestration.bounds import (
    check_count,
    check_moment,
    check_names,
    check_number,
    check_text,
)

LONGEST = timedelta(days=366 * 100)
MOST_COUNT = 10**6
"""The most that any of the numbers of a program may be."""
_TOKEN = re.compile(r"[A-Z][A-Z0-9_]{0,31}", re.ASCII)


class Criterion(StrEnum):
    """What earns an award."""

    COUNT = "count"
    QUALITY = "quality"
    STREAK = "streak"
    FIRST_N = "first_n"


class Payout(StrEnum):
    """What an award is worth: so much each, or its share of the budget in the end."""

    FIXED = "fixed"
    PRO_RATA = "pro_rata"


class Eligibility(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whose work counts, and which; an empty list: any.

    Attributes:
        tiers: The staking tiers of the agent, when its work counts.
        task_types: The types of the tasks.
        agents: The agents.
    """

    tiers: tuple[str, ...] = ()
    task_types: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()


class ProgramTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an incentive program says.

    Attributes:
        title: Its name, for people.
        description: For people.
        token: What it pays in.
        budget: How much it pays at most, base units.
        starts_at: From when on work counts, UTC.
        ends_at: Until when, UTC; that moment does not belong to it.
        eligibility: Whose work counts, and which.
        criterion: What earns an award. ``count``: so many completed tasks. ``quality``: so many
            results that their clients rated ``min_rating`` at least. ``streak``: so many tasks
            completed in a row, without one that failed or was lost. ``first_n``: so many completed
            tasks, for the first ``winners`` agents that come so far.
        count: How many.
        min_rating: From which rating on, 0..1; with ``quality``.
        winners: How many agents; with ``first_n``.
        payout: ``fixed``: ``amount`` for each award, as soon as it is earned and as long as the
            budget lasts. ``pro_rata``: in the end, the budget in proportion to the awards.
        amount: What an award is worth, base units; with ``fixed``.
        most_per_agent: How many awards an agent can earn; None: any number.
    """

    title: str
    description: str = ""
    token: str = AIA
    budget: int
    starts_at: datetime
    ends_at: datetime
    eligibility: Eligibility = Eligibility()
    criterion: Criterion
    count: int = 1
    min_rating: float | None = None
    winners: int | None = None
    payout: Payout
    amount: int | None = None
    most_per_agent: int | None = None

    @property
    def most_awards(self) -> int | None:
        """How many awards an agent can earn; None: any number."""
        return 1 if self.criterion is Criterion.FIRST_N else self.most_per_agent


def check_program(terms: ProgramTerms, now: datetime) -> None:
    """Refuse terms that do not go together.

    Raises:
        InvalidValue: A value is out of bounds, missing or one too many (``InvalidProgram``,
            ``InvalidText``, ``AmountTooLarge``); ``others`` has all others.
    """
    mistakes = Mistakes()
    check = mistakes.check
    check(check_text, terms.title, "title", shortest=1, longest=200)
    check(check_text, terms.description, "description")
    check(_check_token, terms.token)
    check(_check_amount, terms.budget, "budget")
    check(_check_times, terms, now)
    check(_check_eligibility, terms.eligibility)
    check(_check_number, terms.count, "count")
    for field, word, wanted in (
        ("min_rating", terms.criterion, Criterion.QUALITY),
        ("winners", terms.criterion, Criterion.FIRST_N),
        ("amount", terms.payout, Payout.FIXED),
    ):
        given = getattr(terms, field) is not None
        if given is not (word == wanted):
            message = f"{field} goes with {wanted}, and only with that"
            mistakes.add(InvalidProgram(message, field=field))
    if terms.min_rating is not None:
        check(check_number, terms.min_rating, "min_rating", lowest=0.0, highest=1.0)
    if terms.winners is not None:
        check(_check_number, terms.winners, "winners")
    if terms.most_per_agent is not None:
        check(_check_number, terms.most_per_agent, "most_per_agent")
    if terms.amount is not None:
        check(_check_amount, terms.amount, "amount")
        if terms.amount > terms.budget:
            mistakes.add(InvalidProgram("an award is worth more than all", field="amount"))
    mistakes.refuse()


def _check_token(token: str) -> None:
    # Whether there is such a token its treasury tells, which is empty else.
    if not _TOKEN.fullmatch(token):
        raise UnknownToken(f"{token[:64]!r} is no token", field="token")


def _check_number(value: int, field: str) -> None:
    check_number(value, field, lowest=1, highest=MOST_COUNT, error=InvalidProgram)


def _check_amount(amount: int, field: str) -> None:
    if amount <= 0:
        raise InvalidProgram(f"{field} is above 0", field=field)
    if amount > MAX_AMOUNT:
        raise AmountTooLarge(field=field)


def _check_times(terms: ProgramTerms, now: datetime) -> None:
    mistakes = Mistakes()
    mistakes.check(check_moment, terms.starts_at, "starts_at")
    mistakes.check(check_moment, terms.ends_at, "ends_at")
    mistakes.refuse()
    if terms.ends_at <= max(terms.starts_at, now):
        raise InvalidProgram("ends_at is behind starts_at, and still to come", field="ends_at")
    if terms.ends_at - now > LONGEST:
        raise InvalidProgram(f"ends_at is within {LONGEST.days} days", field="ends_at")


def _check_eligibility(eligibility: Eligibility) -> None:
    mistakes = Mistakes()
    check = mistakes.check
    check(check_names, eligibility.tiers, "eligibility.tiers")
    check(check_names, eligibility.task_types, "eligibility.task_types")
    check(_check_agents, eligibility.agents)
    mistakes.refuse()


def _check_agents(agents: tuple[str, ...]) -> None:
    check_count(agents, "eligibility.agents")
    for index, agent_id in enumerate(agents):
        check_id(agent_id, f"eligibility.agents.{index}")
