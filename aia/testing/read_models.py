"""The read models of a system in memory: the folds of the product, kept without PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import anyio
from msgspec.structs import replace

from aia.testing.agent_directory import MemoryAgentDirectory
from aia.testing.budgets import MemoryBudgetBoard
from aia.testing.governance import MemoryGovernance
from aia.testing.incentives import MemoryIncentiveBoard
from aia.testing.ledger import MemoryLedger
from aia.testing.performances import MemoryAgentPerformances
from aia.testing.stakes import MemoryStakes
from aia.testing.tables import Tables
from aia.testing.task_board import MemoryTaskBoard
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.log import EventLog
from aia_mas.domain.orchestration.tiers import Tiers
from aia_mas.projections.agent_directory_fold import AGENT_DIRECTORY
from aia_mas.projections.catching_up import CatchingUp
from aia_mas.projections.economy.budgets_fold import BUDGETS
from aia_mas.projections.economy.economy_view import EconomyView
from aia_mas.projections.economy.governance_fold import GOVERNANCE
from aia_mas.projections.economy.incentives_fold import INCENTIVES
from aia_mas.projections.economy.ledger_fold import LEDGER
from aia_mas.projections.economy.stakes import STAKES
from aia_mas.projections.economy.task_rewards import TASK_REWARDS
from aia_mas.projections.lag import lag_of
from aia_mas.projections.metrics_figures import Metrics
from aia_mas.projections.performance_fold import AGENT_PERFORMANCE
from aia_mas.projections.registry import ReadModel
from aia_mas.projections.status import ReadModelStatus
from aia_mas.projections.system_metrics import SystemMetrics
from aia_mas.projections.table import Projection
from aia_mas.projections.task_board_fold import TASK_BOARD


class MemoryReadModels:
    """Answers as ``ProjectionHost`` does; every read model is a view in memory here."""

    lease_names: tuple[str, ...] = ()

    def __init__(
        self,
        log: EventLog,
        models: tuple[ReadModel, ...],
        folded: Mapping[str, FoldHost],
        tiers: Tiers,
    ) -> None:
        """Wire the read models; nothing is folded until ``run``.

        Args:
            log: The log to fold.
            models: Which ones.
            folded: Hosts of views that somebody else runs, by their names.
            tiers: Which stake makes which tier.
        """
        self._log = log
        self._models = models
        self._own = {model.name: _host(log, model) for model in models if model.name not in folded}
        self._views = {**self._own, **folded}
        self._caught_up = {model.name: CatchingUp() for model in models}
        agents, tasks, work, accounts = (
            self._tables(model)
            for model in (AGENT_DIRECTORY, TASK_BOARD, AGENT_PERFORMANCE, LEDGER)
        )
        self.directory = MemoryAgentDirectory(agents[0], tiers, lambda: agents[1].position)
        rewards, _ = self._tables(TASK_REWARDS)
        self.board = MemoryTaskBoard(tasks[0], rewards, lambda: tasks[1].position)
        self.performances = MemoryAgentPerformances(work[0], lambda: work[1].position)
        budgets, programs = (self._tables(model) for model in (BUDGETS, INCENTIVES))
        self.budgets = MemoryBudgetBoard(budgets[0], lambda: budgets[1].position)
        self.incentives = MemoryIncentiveBoard(programs[0], lambda: programs[1].position)
        self.ledger = MemoryLedger(accounts[0], lambda: accounts[1].position)
        self.stakes = MemoryStakes(*self._tables(STAKES))
        votes = self._tables(GOVERNANCE)
        self.governance = MemoryGovernance(votes[0], lambda: votes[1].position)
        self.snapshot_of_tasks = self.board.snapshot
        self.snapshot_of_agents = self.directory.snapshot
        self.snapshot_of_proposals = self.governance.snapshot
        self.snapshot_of_budgets = self.budgets.snapshot
        metrics = self._views[SystemMetrics.name].fold
        assert isinstance(metrics, SystemMetrics)
        self.metrics = metrics
        economy = self._views[EconomyView.name].fold
        assert isinstance(economy, EconomyView)
        self.economy = economy

    def _tables(self, projection: Projection) -> tuple[Tables, FoldHost]:
        host = self._own[projection.name]
        assert isinstance(host.fold, Tables)
        return host.fold, host

    async def run(self) -> None:
        """Keep all of them up to date until cancelled."""
        async with anyio.create_task_group() as tasks:
            for view in self._own.values():
                tasks.start_soon(view.run)
            for name, catching_up in self._caught_up.items():
                tasks.start_soon(catching_up.follow, self._log.feed, self._views[name].reached)

    @property
    def behind(self) -> tuple[str, ...]:
        """The read models that have not caught up with the log once."""
        return tuple(name for name, model in self._caught_up.items() if not model.done)

    async def caught_up(self, name: str, timeout: float) -> bool:
        """Wait until a read model has caught up with the log once."""
        return await self._caught_up[name].wait(timeout)

    async def wait_for(self, name: str, position: int, timeout: float) -> bool:
        """Wait until a read model has come to a position; False: not in time."""
        return await self._views[name].reached(position, timeout)

    def system_metrics(self, now: datetime) -> Metrics:
        """Return the figures of the whole system, with how far the read models are."""
        feed = self._log.feed
        lags = [
            lag_of(model.name, _kind(model), self._views[model.name].position, feed, now)
            for model in self._models
        ]
        return replace(self.metrics.current(now), lag=lags)

    async def status(self) -> list[ReadModelStatus]:
        """Return how far all of them have come."""
        head = self._log.feed.position
        return [
            ReadModelStatus(
                name=model.name,
                version=model.version,
                kind=_kind(model),
                checkpoint=view.position,
                head=head,
                lag=max(head - view.position, 0),
                parked=view.skipped,
            )
            for model in self._models
            for view in (self._views[model.name],)
        ]


def _host(log: EventLog, model: ReadModel) -> FoldHost:
    fold = Tables(model) if isinstance(model, Projection) else model.make()
    return FoldHost(log, fold, categories=model.categories)


def _kind(model: ReadModel) -> Literal["view", "process"]:
    return "view" if isinstance(model, Projection) else model.kind
