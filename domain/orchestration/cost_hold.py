"""What is set aside to pay for a task: out of whose wallet, and in which budgets it counts."""

from __future__ import annotations

import msgspec


class BudgetShare(msgspec.Struct, frozen=True, array_like=True):
    """A budget in which the cost of a task counts, and in which of its periods."""

    budget_id: str
    period: str


class CostHold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is set aside for one round of attempts at a task.

    Attributes:
        transfer_id: The pending transfer.
        payer: Whose wallet it comes from.
        amount: How much, base units: the most that the task may cost.
        budgets: In which budgets it counts.
    """

    transfer_id: str
    payer: str
    amount: int
    budgets: tuple[BudgetShare, ...] = ()
