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


class CostDue(msgspec.Struct, frozen=True, kw_only=True):
    """A task that was completed, and is to be paid for.

    Attributes:
        task_id: Which task.
        agent_id: Whom it is paid to.
        hold: What was set aside for it.
        cost: What it cost, base units; no more than was set aside is paid.
    """

    task_id: str
    agent_id: str
    hold: CostHold
    cost: int


class PayCost(msgspec.Struct, frozen=True, kw_only=True):
    """Pay for a completed task (``due``: what, and whom)."""

    due: CostDue


class ReleaseCost(msgspec.Struct, frozen=True, kw_only=True):
    """Let go what was set aside for a task that came to nothing."""

    task_id: str
    hold: CostHold
