"""Every to-do list of the settlement, in one place."""

from __future__ import annotations

from typing import Final

from aia_mas.domain.economy.budgets.due import CostsDue
from aia_mas.domain.economy.governance.elections import Elections
from aia_mas.domain.economy.incentives.programs import Programs
from aia_mas.domain.economy.ledger.expiring import ExpiringHolds
from aia_mas.domain.economy.rewards.ahead import BlocksAhead
from aia_mas.domain.economy.rewards.due import RewardsDue
from aia_mas.domain.economy.staking.absences import Absences
from aia_mas.domain.economy.staking.dues import StakeDues
from aia_mas.domain.economy.staking.earnings import StakingEarnings
from aia_mas.domain.economy.supply.genesis import Genesis
from aia_mas.domain.economy.supply.old_stakes import OldStakes
from aia_mas.domain.economy.todo import OpenOrders, TodoList

TODO_LISTS: Final[tuple[type[TodoList], ...]] = (
    OpenOrders,
    CostsDue,
    ExpiringHolds,
    Programs,
    Genesis,
    OldStakes,
    BlocksAhead,
    RewardsDue,
    StakeDues,
    Absences,
    StakingEarnings,
    Elections,
)
"""What the settlement folds and works off; snapshots name them by their names."""
