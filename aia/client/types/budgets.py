# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about budgets."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer


class PeriodUsed(msgspec.Struct, frozen=True, kw_only=True):
    """What is used of one period of a budget, tokens.

    Attributes:
        period: Its name: `2026-11-29`, `2026-W48`, `2026-11` or `once`.
        begins_at: UTC; null: it has no beginning.
        ends_at: UTC; null: it has no end.
        held: For tasks that are not over, as much as they may cost.
        spent: For tasks that were paid for.
        left: What is left of the amount.
        tasks: How many tasks count in it.
        warned_at: When it was warned of last.
        exceeded_at: When it was told last that more is used than there is.
    """

    period: str
    begins_at: datetime | None
    ends_at: datetime | None
    held: str
    spent: str
    left: str
    tasks: int
    warned_at: datetime | None
    exceeded_at: datetime | None


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """A budget.

    Attributes:
        budget_id: Its id.
        scope: What of a task is looked at: the `client` whom it belongs to, the `owner` of the
            wallet that pays, or one `tag` of its `cost_tags`.
        match: What that must be.
        amount: How much may be held and spent in one period, tokens.
        period: How long that lasts, by the calendar of UTC.
        warn_percent: At which part of the amount it warns, percent.
        hard_stop: It refuses tasks that may cost more than it leaves; else it only tells.
        revision: Grows with every change; the ETag.
        created_at: UTC.
        updated_at: UTC.
        current: What is used of the period of now.
        burn_rate: What was spent a day over the last 7 days, or since it was made (an hour at
            least), tokens.
        runway_seconds: How long what is left lasts at that pace; null: nothing is being spent.
    """

    budget_id: str
    scope: str
    match: str
    amount: str
    period: str
    warn_percent: float
    hard_stop: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    current: PeriodUsed
    burn_rate: str
    runway_seconds: int | None


class BudgetAnswer(Answer, frozen=True, kw_only=True):
    """A budget right after a command.

    Attributes:
        budget_id: Its id.
        scope: What of a task is looked at: the `client` whom it belongs to, the `owner` of the
            wallet that pays, or one `tag` of its `cost_tags`.
        match: What that must be.
        amount: How much may be held and spent in one period, tokens.
        period: How long that lasts, by the calendar of UTC.
        warn_percent: At which part of the amount it warns, percent.
        hard_stop: It refuses tasks that may cost more than it leaves; else it only tells.
        revision: Grows with every change; the ETag.
        created_at: UTC.
        updated_at: UTC.
    """

    budget_id: str
    scope: str
    match: str
    amount: str
    period: str
    warn_percent: float
    hard_stop: bool
    revision: int
    created_at: datetime
    updated_at: datetime


class BudgetDetails(Answer, frozen=True, kw_only=True):
    """A budget, and its last periods (`periods`: the latest first, 24 at most).

    Attributes:
        budget_id: Its id.
        scope: What of a task is looked at: the `client` whom it belongs to, the `owner` of the
            wallet that pays, or one `tag` of its `cost_tags`.
        match: What that must be.
        amount: How much may be held and spent in one period, tokens.
        period: How long that lasts, by the calendar of UTC.
        warn_percent: At which part of the amount it warns, percent.
        hard_stop: It refuses tasks that may cost more than it leaves; else it only tells.
        revision: Grows with every change; the ETag.
        created_at: UTC.
        updated_at: UTC.
        current: What is used of the period of now.
        burn_rate: What was spent a day over the last 7 days, or since it was made (an hour at
            least), tokens.
        runway_seconds: How long what is left lasts at that pace; null: nothing is being spent.
        periods: The latest first, 24 at most.
    """

    budget_id: str
    scope: str
    match: str
    amount: str
    period: str
    warn_percent: float
    hard_stop: bool
    revision: int
    created_at: datetime
    updated_at: datetime
    current: PeriodUsed
    burn_rate: str
    runway_seconds: int | None
    periods: list[PeriodUsed]


class BudgetPage(Answer, frozen=True, kw_only=True):
    """Budgets (`next_cursor`: for the next page, if there is one; `total`: when asked for).

    Attributes:
        next_cursor: For the next page, if there is one.
        total: When asked for.
    """

    items: list[Budget]
    next_cursor: str | None
    total: int | None = None
