"""What is asked of the read models of a node, wherever these are kept."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from aia_mas.projections.agent_directory import AgentFilter
from aia_mas.projections.agent_performance import Performance
from aia_mas.projections.agent_view import Agent
from aia_mas.projections.economy.budgets import BudgetQueries
from aia_mas.projections.economy.economy_view import EconomyView
from aia_mas.projections.economy.governance_queries import GovernanceQueries
from aia_mas.projections.economy.incentives import IncentiveQueries
from aia_mas.projections.economy.queries import LedgerQueries
from aia_mas.projections.economy.stakes import StakeQueries
from aia_mas.projections.listing import Found, Page
from aia_mas.projections.metrics_figures import Metrics
from aia_mas.projections.snapshot_reading import Reading, Wanted
from aia_mas.projections.status import ReadModelStatus
from aia_mas.projections.system_metrics import SystemMetrics
from aia_mas.projections.task_board import TaskFilter
from aia_mas.projections.task_view import Task


class AgentQueries(Protocol):
    """Queries about agents; see ``AgentDirectory``."""

    async def get(self, agent_id: str) -> Agent | None:
        """Return an agent, unregistered ones included."""
        ...

    async def find(self, agent_id: str) -> Found[Agent]:
        """Return the same, and the position at which it stood so."""
        ...

    async def list(
        self,
        filters: AgentFilter = ...,
        sort: str = "agent_id",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Agent]:
        """Return one page of agents."""
        ...

    async def ids(self, filters: AgentFilter, limit: int) -> Sequence[str]:
        """Return the ids of agents, in their order, at most ``limit``."""
        ...

    async def count(self, filters: AgentFilter = ...) -> int:
        """Return how many agents there are."""
        ...


class TaskQueries(Protocol):
    """Queries about tasks; see ``TaskBoard``."""

    async def get(self, task_id: str) -> Task | None:
        """Return a task."""
        ...

    async def find(self, task_id: str) -> Found[Task]:
        """Return the same, and the position at which it stood so."""
        ...

    async def list(
        self,
        filters: TaskFilter = ...,
        sort: str = "-submitted_at",
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Task]:
        """Return one page of tasks."""
        ...

    async def ids(self, filters: TaskFilter, limit: int) -> Sequence[str]:
        """Return the ids of tasks, those submitted first, at most ``limit``."""
        ...

    async def count(self, filters: TaskFilter = ...) -> int:
        """Return how many tasks there are."""
        ...


class PerformanceQueries(Protocol):
    """Queries about the work of agents; see ``AgentPerformances``."""

    async def of(
        self, agent_id: str, since: datetime | None = None, task_type: str | None = None
    ) -> Performance:
        """Return what an agent did."""
        ...


class ReadModels(Protocol):
    """The read models of one node; see ``ProjectionHost``."""

    @property
    def directory(self) -> AgentQueries:
        """Queries about agents."""
        ...

    @property
    def board(self) -> TaskQueries:
        """Queries about tasks."""
        ...

    @property
    def performances(self) -> PerformanceQueries:
        """Queries about the work of agents."""
        ...

    @property
    def budgets(self) -> BudgetQueries:
        """Queries about budgets."""
        ...

    @property
    def incentives(self) -> IncentiveQueries:
        """Queries about incentive programs."""
        ...

    @property
    def ledger(self) -> LedgerQueries:
        """Queries about accounts and transfers."""
        ...

    @property
    def stakes(self) -> StakeQueries:
        """Queries about stakes."""
        ...

    @property
    def governance(self) -> GovernanceQueries:
        """Queries about proposals, votes and delegations."""
        ...

    @property
    def metrics(self) -> SystemMetrics:
        """Figures about the system."""
        ...

    @property
    def economy(self) -> EconomyView:
        """Figures about the economy, and everybody in it."""
        ...

    @property
    def lease_names(self) -> tuple[str, ...]:
        """The leases under which nodes keep read models."""
        ...

    @property
    def behind(self) -> tuple[str, ...]:
        """The read models that have not caught up with the log once since this node started."""
        ...

    async def run(self) -> None:
        """Keep all of them up to date until cancelled."""
        ...

    async def caught_up(self, name: str, timeout: float) -> bool:
        """Wait until a read model has caught up with the log once since this node started."""
        ...

    async def wait_for(self, name: str, position: int, timeout: float) -> bool:
        """Wait until a read model has come to a position; False: not in time."""
        ...

    def snapshot_of_tasks(self, wanted: Wanted, limit: int) -> AbstractAsyncContextManager[Reading]:
        """Open the list of tasks, submitted last first, at one position; so many at most."""
        ...

    def snapshot_of_agents(
        self, wanted: Wanted, limit: int
    ) -> AbstractAsyncContextManager[Reading]:
        """Open the list of agents, by id, at one position; so many at most."""
        ...

    def snapshot_of_proposals(
        self, wanted: Wanted, limit: int
    ) -> AbstractAsyncContextManager[Reading]:
        """Open the list of proposals, made last first, at one position; so many at most."""
        ...

    def snapshot_of_budgets(
        self, wanted: Wanted, limit: int
    ) -> AbstractAsyncContextManager[Reading]:
        """Open the list of budgets, by id, at one position; so many at most."""
        ...

    def system_metrics(self, now: datetime) -> Metrics:
        """Return the figures of the whole system, with how far this node's read models are."""
        ...

    async def status(self) -> list[ReadModelStatus]:
        """Return how far all of them have come."""
        ...
