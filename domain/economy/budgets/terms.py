"""What a budget says: what it is about, how much, for how long, and what happens at its end."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import msgspec

from aia_mas.domain.economy.budgets.errors import InvalidBudget
from aia_mas.domain.economy.budgets.periods import Period
from aia_mas.domain.economy.parameters import MILLION
from aia_mas.domain.kernel.ids import check_id, stream_of
from aia_mas.domain.kernel.mistakes import Mistakes
from aia_mas.domain.kernel.money import MAX_AMOUNT, AmountTooLarge
from aia_mas.domain.orchestration.bounds import check_name, check_number, check_text


class Scope(StrEnum):
    """What a budget is about: whose tasks, whose wallet, or which tag."""

    CLIENT = "client"
    OWNER = "owner"
    TAG = "tag"


class BudgetKey(NamedTuple):
    """What budgets are found by.

    Attributes:
        scope: What of a task is looked at: the ``client`` whom it belongs to, the ``owner`` of the
            wallet that pays, one ``tag`` among its cost tags.
        match: What that must be.
    """

    scope: Scope
    match: str

    @property
    def stream(self) -> str:
        """The stream that names the budgets about it."""
        return stream_of("budgets", f"{self.scope}:{self.match}")


class BudgetTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a budget says.

    Attributes:
        scope: See ``BudgetKey``.
        match: See ``BudgetKey``.
        amount: How much may be held and spent in one period, base units.
        period: How long that lasts.
        warn_ppm: At which part of the amount it warns, millionths; 0: as the parameters of the
            economy say when it is set.
        hard: It refuses what it does not leave enough for; else it only tells.
    """

    scope: Scope
    match: str
    amount: int
    period: Period
    warn_ppm: int = 0
    hard: bool = True

    @property
    def key(self) -> BudgetKey:
        """What it is found by."""
        return BudgetKey(self.scope, self.match)

    def warns(self, used: int) -> bool:
        """Tell whether so much (base units) is worth a warning."""
        return used * MILLION >= self.amount * self.warn_ppm

    def exceeded(self, used: int) -> bool:
        """Tell whether so much (base units) is more than there is."""
        return used > self.amount


def check_terms(terms: BudgetTerms) -> None:
    """Refuse terms that no budget can have.

    Raises:
        InvalidValue: A value is out of bounds (``InvalidBudget``, ``InvalidText``, ``InvalidId``,
            ``AmountTooLarge``); ``others`` has all others.
    """
    mistakes = Mistakes()
    check = mistakes.check
    if terms.scope is Scope.TAG:
        check(check_name, terms.match, "match")
    elif terms.scope is Scope.OWNER:
        check(check_id, terms.match, "match")  # wallets belong to ids, and tasks to any subject
    else:
        check(check_text, terms.match, "match", shortest=1, longest=255)
    check(_check_amount, terms.amount)
    check(
        check_number,
        terms.warn_ppm,
        "warn_percent",
        lowest=0,
        highest=MILLION,
        error=InvalidBudget,
    )
    mistakes.refuse()


def keys_of(owner: str, payer: str, cost_tags: Iterable[str]) -> tuple[BudgetKey, ...]:
    """Return what the budgets are found by in which the cost of a task counts.

    Args:
        owner: Whom the task belongs to.
        payer: Whose wallet pays.
        cost_tags: Its cost tags.
    """
    tags = (BudgetKey(Scope.TAG, tag) for tag in cost_tags)
    return (BudgetKey(Scope.CLIENT, owner), BudgetKey(Scope.OWNER, payer), *tags)


def _check_amount(amount: int) -> None:
    if amount <= 0:
        raise InvalidBudget("a budget is above 0", field="amount")
    if amount > MAX_AMOUNT:
        raise AmountTooLarge(field="amount")
