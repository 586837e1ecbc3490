"""What treasurers send about budgets, and pages of them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from aia_mas.application.economy.budget_handlers import PER_PERCENT
from aia_mas.domain.economy.budgets.errors import InvalidBudget
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.budgets.terms import BudgetTerms, Scope, check_terms
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.interfaces.http.schemas.amounts import Amount, units
from aia_mas.interfaces.http.schemas.values import AgentId
from aia_mas.projections.economy.budget_view import Budget

Percent = Annotated[float, msgspec.Meta(extra_json_schema={"exclusiveMinimum": 0, "maximum": 100})]
Match = Annotated[str, msgspec.Meta(extra_json_schema={"minLength": 1, "maxLength": 255})]


class BudgetSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a budget says.

    Attributes:
        scope: What of a task is looked at: the `client` whom it belongs to, the `owner` of the
            wallet that pays, or one `tag` of its `cost_tags`.
        match: What that must be.
        amount: How much may be held and spent in one period, tokens.
        period: How long that lasts, by the calendar of UTC; `once`: for ever.
        warn_percent: At which part of the amount it warns; left out: as the parameters of the
            economy say (80 unless they were changed).
        hard_stop: It refuses tasks that may cost more than it leaves (`budget_exhausted`); else it
            only tells (`budget.exceeded`).
    """

    scope: Scope
    match: Match
    amount: Amount
    period: Period
    warn_percent: Percent | None = None
    hard_stop: bool = True

    def terms(self) -> BudgetTerms:
        """Return it as the domain has it.

        Raises:
            InvalidValue: A value is not allowed; ``others`` has whatever else is wrong.
        """
        mistakes = Mistakes()
        amount = mistakes.check(units, self.amount, "amount")
        warn_ppm = mistakes.check(_millionths, self.warn_percent)
        terms = BudgetTerms(
            scope=self.scope,
            match=self.match,
            amount=1 if amount is None else amount,
            period=self.period,
            warn_ppm=warn_ppm or 0,
            hard=self.hard_stop,
        )
        if mistakes:
            mistakes.check(check_terms, terms)
            mistakes.refuse()
        return terms


class NewBudget(BudgetSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A budget to be made (``budget_id``: its id; left out: one is made up)."""

    budget_id: AgentId | None = None


class BudgetPage(msgspec.Struct, frozen=True, kw_only=True):
    """Budgets (``next_cursor``: for the next page, if there is one; ``total``: when asked for)."""

    items: list[Budget]
    next_cursor: str | None
    total: int | UnsetType = UNSET


def _millionths(percent: float | None) -> int:
    if percent is None:
        return 0
    millionths = round(percent * PER_PERCENT) if 0 < percent <= 100 else 0  # NaN is neither
    if not millionths:
        raise InvalidBudget("warn_percent is above 0, and at most 100", field="warn_percent")
    return millionths
