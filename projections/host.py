"""All read models of a node: kept up to date, waited for, looked at, rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import MappingProxyType

import anyio
from msgspec.structs import replace

from aia_mas.application.event_log.errors import EventLogError
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.fold_snapshots import FoldSnapshots
from aia_mas.application.event_log.leases import LeaseKeeper
from aia_mas.application.event_log.postgres_log import PostgresEventLog
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tiers
from aia_mas.projections.agent_directory import AgentDirectory
from aia_mas.projections.agent_items import agent_items
from aia_mas.projections.agent_performance import AgentPerformances
from aia_mas.projections.catching_up import CatchingUp
from aia_mas.projections.communication.messages import Messages
from aia_mas.projections.economy.budget_items import BUDGET_ITEMS
from aia_mas.projections.economy.budgets import BudgetBoard
from aia_mas.projections.economy.economy_view import EconomyView
from aia_mas.projections.economy.governance import Governance
from aia_mas.projections.economy.incentives import IncentiveBoard
from aia_mas.projections.economy.ledger import Ledger
from aia_mas.projections.economy.proposal_items import PROPOSAL_ITEMS
from aia_mas.projections.economy.stakes import Stakes
from aia_mas.projections.lag import lag_of
from aia_mas.projections.metrics_figures import Lag, Metrics
from aia_mas.projections.rebuilding import rebuild
from aia_mas.projections.registry import READ_MODELS, LiveView, ReadModel
from aia_mas.projections.runner import ProjectionRunner
from aia_mas.projections.snapshot_reading import Reading, Wanted, reading
from aia_mas.projections.status import ReadModelStatus, prune, statuses
from aia_mas.projections.system_metrics import SystemMetrics
from aia_mas.projections.table import Projection
from aia_mas.projections.task_board import TaskBoard
from aia_mas.projections.task_items import TASK_ITEMS


class UnknownReadModel(EventLogError):
    """There is no read model of this name."""

    code = "unknown_read_model"


class ProjectionHost:
    """The read models of one node.

    Attributes:
        directory: Queries about agents.
        board: Queries about tasks.
        performances: Queries about the work of agents.
        budgets: Queries about budgets.
        incentives: Queries about incentive programs.
        ledger: Queries about accounts and transfers.
        stakes: Queries about stakes.
        governance: Queries about proposals, votes and delegations.
        messages: Queries about messages.
        metrics: Figures about the system.
        economy: Figures about the economy, and everybody in it.
    """

    def __init__(
        self,
        log: PostgresEventLog,
        keeper: LeaseKeeper,
        snapshots: FoldSnapshots,
        models: Sequence[ReadModel] = READ_MODELS,
        folded_elsewhere: Mapping[str, FoldHost] = MappingProxyType({}),
        tiers: Tiers = DEFAULT_TIERS,
    ) -> None:
        """Wire the read models; nothing is folded until ``run``.

        Args:
            log: The log to fold, in whose database the tables are.
            keeper: Decides which node keeps the tables.
            snapshots: Where snapshots of live views are kept.
            models: Which ones.
            folded_elsewhere: Hosts of views that somebody else runs, by their names.
            tiers: Which stake makes which tier.
        """
        conninfo = log.pool.conninfo
        assert isinstance(conninfo, str)
        self._log = log
        self._conninfo = conninfo
        self._agent_items = agent_items(tiers)
        self._models = {model.name: model for model in models}
        self._runners = {
            model.name: ProjectionRunner(model, log, log.pool, keeper, conninfo)
            for model in models
            if isinstance(model, Projection)
        }
        self._own_views = {
            model.name: FoldHost(log, model.make(), snapshots, categories=model.categories)
            for model in models
            if isinstance(model, LiveView) and model.name not in folded_elsewhere
        }
        self._views = {**self._own_views, **folded_elsewhere}
        self._caught_up = {model.name: CatchingUp() for model in models}
        self.directory = AgentDirectory(log.pool, tiers)
        self.board = TaskBoard(log.pool)
        self.performances = AgentPerformances(log.pool)
        self.budgets = BudgetBoard(log.pool)
        self.incentives = IncentiveBoard(log.pool)
        self.ledger = Ledger(log.pool)
        self.stakes = Stakes(log.pool)
        self.governance = Governance(log.pool)
        self.messages = Messages(log.pool)
        metrics = self._views[SystemMetrics.name].fold
        assert isinstance(metrics, SystemMetrics)
        self.metrics = metrics
        economy = self._views[EconomyView.name].fold
        assert isinstance(economy, EconomyView)
        self.economy = economy

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the read models."""
        return tuple(self._models)

    @property
    def lease_names(self) -> tuple[str, ...]:
        """The leases under which nodes keep read models."""
        return tuple(runner.lease_name for runner in self._runners.values())

    async def run(self) -> None:
        """Keep all of them up to date until cancelled."""
        async with anyio.create_task_group() as tasks:
            for runner in self._runners.values():
                tasks.start_soon(runner.run)
            for view in self._own_views.values():
                tasks.start_soon(view.run)
            for name, catching_up in self._caught_up.items():
                reached = (
                    self._views[name].reached
                    if name in self._views
                    else (self._runners[name].progress.reached)
                )
                tasks.start_soon(catching_up.follow, self._log.feed, reached)

    @property
    def behind(self) -> tuple[str, ...]:
        """The read models that have not caught up with the log once since this node started."""
        return tuple(name for name, model in self._caught_up.items() if not model.done)

    async def caught_up(self, name: str, timeout: float) -> bool:
        """Wait until a read model has caught up with the log once since this node started.

        Before that a new version is still being built: what stands in it is true, but not all.

        Returns:
            False when ``timeout`` seconds passed first.

        Raises:
            UnknownReadModel: There is none of this name.
        """
        self._model(name)
        return await self._caught_up[name].wait(timeout)

    async def wait_for(self, name: str, position: int, timeout: float) -> bool:
        """Wait until a read model has come to a position, whichever node keeps it.

        Returns:
            False when ``timeout`` seconds passed first.

        Raises:
            UnknownReadModel: There is none of this name.
        """
        self._model(name)
        if name in self._runners:
            return await self._runners[name].progress.reached(position, timeout)
        return await self._views[name].reached(position, timeout)

    def lags(self, now: datetime) -> list[Lag]:
        """Return how far each read model is behind the log, as this node knows both.

        Of a table that another node keeps, that is what this one has last seen of it.
        """
        feed = self._log.feed
        lags = []
        for name, model in self._models.items():
            if isinstance(model, Projection):
                position = self._runners[name].progress.position
                lags.append(lag_of(name, "table", position, feed, now))
            else:
                lags.append(lag_of(name, model.kind, self._views[name].position, feed, now))
        return lags

    def snapshot_of_tasks(self, wanted: Wanted, limit: int) -> AbstractAsyncContextManager[Reading]:
        """Open the list of tasks; see ``snapshot_reading``."""
        return reading(self._conninfo, TASK_ITEMS, wanted, limit, self._log.pool)

    def snapshot_of_agents(
        self, wanted: Wanted, limit: int
    ) -> AbstractAsyncContextManager[Reading]:
        """Open the list of agents; see ``snapshot_reading``."""
        return reading(self._conninfo, self._agent_items, wanted, limit, self._log.pool)

    def snapshot_of_proposals(
        self, wanted: Wanted, limit: int
    ) -> AbstractAsyncContextManager[Reading]:
        """Open the list of proposals; see ``snapshot_reading``."""
        return reading(self._conninfo, PROPOSAL_ITEMS, wanted, limit, self._log.pool)

    def snapshot_of_budgets(
        self, wanted: Wanted, limit: int
    ) -> AbstractAsyncContextManager[Reading]:
        """Open the list of budgets; see ``snapshot_reading``."""
        return reading(self._conninfo, BUDGET_ITEMS, wanted, limit, self._log.pool)

    def system_metrics(self, now: datetime) -> Metrics:
        """Return the figures of the whole system, with how far this node's read models are."""
        return replace(self.metrics.current(now), lag=self.lags(now))

    async def status(self) -> list[ReadModelStatus]:
        """Return how far all of them have come."""
        result = await statuses(self._log.pool, list(self._models.values()))
        for index, status in enumerate(result):
            view = self._views.get(status.name)
            if view is not None and view.position > status.checkpoint:
                # The view here is further than its snapshot.
                result[index] = replace(
                    status,
                    checkpoint=view.position,
                    head=max(status.head, view.position),
                    lag=max(status.head - view.position, 0),
                )
        return result

    async def rebuild(self, name: str, moved: Callable[[int], None] = lambda _: None) -> int:
        """Build a read model anew from position 0 beside the live one, then swap it in.

        Args:
            name: Which one.
            moved: Told how far it has come, every now and then.

        Returns:
            The position of the new one.

        Raises:
            UnknownReadModel: There is none of this name.
            PoisonousEvent: An event cannot be folded into a table.
            FoldStopped: An event cannot be folded into a view.
            RebuildRunning: It is being rebuilt already.
        """
        model = self._model(name)
        if isinstance(model, Projection):
            return await rebuild(model, self._log, self._conninfo, moved)
        return await self._views[name].rebuild(model.make(), moved)

    async def prune(self) -> list[str]:
        """Remove what older releases read; returns the names of what was removed."""
        return await prune(self._log.pool, list(self._models.values()))

    def _model(self, name: str) -> ReadModel:
        try:
            return self._models[name]
        except KeyError:
            names = ", ".join(self._models)
            raise UnknownReadModel(f"{name!r} is none of {names}") from None
