"""What can be asked of budgets."""

from __future__ import annotations

import msgspec

from aia_mas.domain.economy.budgets.terms import BudgetKey, BudgetTerms
from aia_mas.domain.kernel.precondition import UNCONDITIONAL, Precondition
from aia_mas.domain.orchestration.cost_hold import CostHold


class CreateBudget(msgspec.Struct, frozen=True, kw_only=True):
    """Make a budget (``budget_id``: one that no other has)."""

    budget_id: str
    terms: BudgetTerms


class SetBudget(msgspec.Struct, frozen=True, kw_only=True):
    """Make a budget, or change how much it is and what happens at its end."""

    budget_id: str
    terms: BudgetTerms
    precondition: Precondition = UNCONDITIONAL


class RemoveBudget(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a budget (``key``: what it is about, as the application knows it)."""

    budget_id: str
    key: BudgetKey | None = None
    precondition: Precondition = UNCONDITIONAL


class ReleaseCost(msgspec.Struct, frozen=True, kw_only=True):
    """Let go what was set aside for a task that came to nothing."""

    task_id: str
    hold: CostHold
