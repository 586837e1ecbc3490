"""The rows of the budgets, field by field as in migration 0014; amounts in base units, as text."""

from __future__ import annotations

from datetime import datetime

import msgspec


class BudgetRow(msgspec.Struct, gc=False):
    """A row of ``budgets_v1``: a budget as it was set."""

    budget_id: str
    scope: str
    match: str
    amount: str
    period: str
    warn_ppm: int
    hard: bool
    revision: int
    removed: bool
    created_at: datetime
    updated_at: datetime
    created_position: int
    position: int


class UseRow(msgspec.Struct, gc=False):
    """A row of ``budgets_v1_uses``: what is used of a period (``tasks``: how many count in it)."""

    key: str
    budget_id: str
    period: str
    held: str = "0"
    spent: str = "0"
    tasks: int = 0
    warned_at: datetime | None = None
    exceeded_at: datetime | None = None
    position: int = 0


class DayRow(msgspec.Struct, gc=False):
    """A row of ``budgets_v1_days``: what was spent on a day (``tasks``: for how many)."""

    key: str
    budget_id: str
    day: str
    spent: str = "0"
    tasks: int = 0
