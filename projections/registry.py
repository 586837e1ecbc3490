"""Every read model of the system, in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from aia_mas.application.event_log.fold import Fold
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.communication.messages_fold import MESSAGES
from aia_mas.projections.economy.budgets_fold import BUDGETS
from aia_mas.projections.economy.economy_view import EconomyView
from aia_mas.projections.economy.governance_fold import GOVERNANCE
from aia_mas.projections.economy.incentives_fold import INCENTIVES
from aia_mas.projections.economy.ledger_fold import LEDGER
from aia_mas.projections.economy.stakes import STAKES
from aia_mas.projections.economy.task_rewards import TASK_REWARDS
from aia_mas.projections.performance_fold import AGENT_PERFORMANCE
from aia_mas.projections.system_metrics import SystemMetrics
from aia_mas.projections.table import Projection
from aia_mas.projections.task_board_fold import TASK_BOARD


class LiveView(NamedTuple):
    """A read model in memory, folded by every node for itself.

    Attributes:
        name: What people call it.
        version: Raised whenever its snapshots no longer fit.
        make: Makes the empty view.
        categories: The kinds of streams that concern it.
        kind: ``process``: what a process decides on, which is looked after like a view.
    """

    name: str
    version: int
    make: Callable[[], Fold]
    categories: frozenset[str]
    kind: Literal["view", "process"] = "view"


ReadModel = Projection | LiveView

READ_MODELS: Final[tuple[ReadModel, ...]] = (
    AGENT_DIRECTORY,
    TASK_BOARD,
    AGENT_PERFORMANCE,
    BUDGETS,
    INCENTIVES,
    LEDGER,
    STAKES,
    TASK_REWARDS,
    GOVERNANCE,
    MESSAGES,
    LiveView(
        SystemMetrics.name, SystemMetrics.version, SystemMetrics, frozenset({"agent", "task"})
    ),
    LiveView(EconomyView.name, EconomyView.version, EconomyView, EconomyView.categories),
)
"""What ``ProjectionHost`` keeps up to date."""
