"""Every to-do list of the settlement, in one place."""

from __future__ import annotations

from typing import Final

from aia_mas.domain.economy.budgets.due import CostsDue
from aia_mas.domain.economy.incentives.programs import Programs
from aia_mas.domain.economy.ledger.expiring import ExpiringHolds
from aia_mas.domain.economy.staking.absences import Absences
from aia_mas.domain.economy.staking.dues import StakeDues
from aia_mas.domain.economy.staking.earnings import StakingEarnings
from aia_mas.domain.economy.todo import OpenOrders, TodoList

TODO_LISTS: Final[tuple[type[TodoList], ...]] = (
    OpenOrders,
    CostsDue,
    ExpiringHolds,
    Programs,
    StakeDues,
    Absences,
    StakingEarnings,
)
"""What the settlement folds and works off; snapshots name them by their names."""
