"""What can happen to a budget (``budget/<id>``), and to the list of those about one thing."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from aia_mas.domain.economy.budgets.terms import BudgetTerms
from aia_mas.domain.kernel.event import Event


class BudgetSet(Event, frozen=True, kw_only=True):
    """A budget says this from here on.

    Attributes:
        terms: What.
        revision: Grows with each change, from 1.
        by: By whom.
        at: When, UTC.
    """

    topic: ClassVar[str] = "budget.set.v1"
    terms: BudgetTerms
    revision: int
    by: str
    at: datetime


class BudgetRemoved(Event, frozen=True, kw_only=True):
    """Nothing more counts in the budget but the end of what it holds."""

    topic: ClassVar[str] = "budget.removed.v1"
    by: str
    at: datetime


class _Used(Event, frozen=True, kw_only=True):
    """A task changed what is used of a budget; amounts in base units.

    Attributes:
        task_id: Which task.
        transfer_id: Which of the transfers that pay for it.
        period: The period that it counts in: that in which it was submitted.
        amount: How much is held more, or less.
        held: What is held of that period from here on.
        spent: What is spent of it.
        at: When, UTC.
    """

    task_id: str
    transfer_id: str
    period: str
    amount: int
    held: int
    spent: int
    at: datetime


class BudgetHeld(_Used, frozen=True, kw_only=True):
    """A task was submitted that may cost so much (``amount``); the fields: see ``_Used``."""

    topic: ClassVar[str] = "budget.held.v1"


class BudgetSpent(_Used, frozen=True, kw_only=True):
    """A task was paid (``cost``: how much, base units); of ``amount`` the rest is free again."""

    topic: ClassVar[str] = "budget.spent.v1"
    cost: int


class BudgetReleased(_Used, frozen=True, kw_only=True):
    """A task came to nothing; what was held for it (``amount``) is free again."""

    topic: ClassVar[str] = "budget.released.v1"


class BudgetWarned(Event, frozen=True, kw_only=True):
    """Of a budget more is used than it is to warn at; told once in a period.

    Attributes:
        terms: What the budget says.
        period: Which period.
        used: What is held and spent of it, base units.
        at: When, UTC.
    """

    topic: ClassVar[str] = "budget.warned.v1"
    terms: BudgetTerms
    period: str
    used: int
    at: datetime


class BudgetExceeded(Event, frozen=True, kw_only=True):
    """More is used than there is; told once in a period. The fields: see ``BudgetWarned``."""

    topic: ClassVar[str] = "budget.exceeded.v1"
    terms: BudgetTerms
    period: str
    used: int
    at: datetime


class BudgetListed(Event, frozen=True, kw_only=True):
    """There is a budget more about the same client, owner or tag."""

    topic: ClassVar[str] = "budgets.listed.v1"
    budget_id: str


class BudgetUnlisted(Event, frozen=True, kw_only=True):
    """There is a budget less about the same client, owner or tag."""

    topic: ClassVar[str] = "budgets.unlisted.v1"
    budget_id: str


EVENTS: tuple[type[Event], ...] = (
    BudgetSet,
    BudgetRemoved,
    BudgetHeld,
    BudgetSpent,
    BudgetReleased,
    BudgetWarned,
    BudgetExceeded,
    BudgetListed,
    BudgetUnlisted,
)
"""Every event of budgets, for the topic registry."""
