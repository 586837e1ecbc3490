"""The groups of operations that the client has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing

from aia.client.asynchronous.operations.agent_reads import AsyncAgentReads
from aia.client.asynchronous.operations.agent_registry import AsyncAgentRegistry
from aia.client.asynchronous.operations.agent_supervision import AsyncAgentSupervision
from aia.client.asynchronous.operations.agent_webhooks import AsyncAgentWebhooks
from aia.client.asynchronous.operations.audit import AsyncAudit
from aia.client.asynchronous.operations.budget_methods import AsyncBudgetMethods
from aia.client.asynchronous.operations.connections import AsyncConnections
from aia.client.asynchronous.operations.delegation_methods import AsyncDelegationMethods
from aia.client.asynchronous.operations.economic_accounts import AsyncEconomicAccounts
from aia.client.asynchronous.operations.economic_reads import AsyncEconomicReads
from aia.client.asynchronous.operations.economic_stakes import AsyncEconomicStakes
from aia.client.asynchronous.operations.economic_supply import AsyncEconomicSupply
from aia.client.asynchronous.operations.economic_terms import AsyncEconomicTerms
from aia.client.asynchronous.operations.economic_transactions import AsyncEconomicTransactions
from aia.client.asynchronous.operations.economic_transfers import AsyncEconomicTransfers
from aia.client.asynchronous.operations.health_checks import AsyncHealthChecks
from aia.client.asynchronous.operations.incentive_methods import AsyncIncentiveMethods
from aia.client.asynchronous.operations.key_limits import AsyncKeyLimits
from aia.client.asynchronous.operations.message_metrics import AsyncMessageMetrics
from aia.client.asynchronous.operations.metrics_reads import AsyncMetricsReads
from aia.client.asynchronous.operations.policies import AsyncPolicies
from aia.client.asynchronous.operations.proposal_methods import AsyncProposalMethods
from aia.client.asynchronous.operations.queue import AsyncQueue
from aia.client.asynchronous.operations.revocations import AsyncRevocations
from aia.client.asynchronous.operations.task_bulk_care import AsyncTaskBulkCare
from aia.client.asynchronous.operations.task_care import AsyncTaskCare
from aia.client.asynchronous.operations.task_reads import AsyncTaskReads
from aia.client.asynchronous.operations.task_reports import AsyncTaskReports
from aia.client.asynchronous.operations.task_submissions import AsyncTaskSubmissions
from aia.client.asynchronous.operations.vote_methods import AsyncVoteMethods
from aia.client.asynchronous.streams import AsyncStream
from aia.client.asynchronous.waiting import ends_of
from aia.client.types import Task, TaskStatus
from aia.client.types.live import (
    AgentSnapshot,
    AgentUpdate,
    BudgetUpdate,
    EconomicUpdate,
    MetricsUpdate,
    ProposalUpdate,
    TaskSnapshot,
    TaskUpdate,
)

__all__ = [
    "AsyncAgents",
    "AsyncAudit",
    "AsyncBudgets",
    "AsyncConnections",
    "AsyncEconomy",
    "AsyncGovernance",
    "AsyncHealthChecks",
    "AsyncIncentives",
    "AsyncKeyLimits",
    "AsyncMetrics",
    "AsyncPolicies",
    "AsyncQueue",
    "AsyncRevocations",
    "AsyncTasks",
]


class AsyncAgents(AsyncAgentRegistry, AsyncAgentSupervision, AsyncAgentReads, AsyncAgentWebhooks):
    """Who does the work: registration, signs of life, work to be had, how it went."""

    def updates(
        self,
        *,
        agent_id: str | Sequence[str] | None = None,
        status: str | Sequence[str] | None = None,
        event: str | Sequence[str] | None = None,
        after: int | None = None,
        place: str | None = None,
        patience: float | None = None,
    ) -> AsyncStream[AgentUpdate]:
        """Return a live stream of what happens to agents; see ``client.stream``.

        Example::

            async with client.agents.updates(status="offline") as updates:
                async for update in updates:
                    print(update.agent_id, "went offline at", update.at)
        """
        query = {
            "topic": ["agents"],
            "agent_id": agent_id,
            "status": status,
            "event": event,
            "after": after,
        }
        return AsyncStream(self._connection, query, place=place, patience=patience)

    def watch(
        self,
        *,
        agent_id: str | Sequence[str] | None = None,
        status: str | Sequence[str] | None = None,
        place: str | None = None,
        patience: float | None = None,
    ) -> AsyncStream[AgentSnapshot | AgentUpdate]:
        """Return how agents stand, in pages, and then what happens to them.

        A page with ``first`` says that it is all told anew, as after a restore from a backup.

        Example::

            agents: dict[str, ToldAgent] = {}
            async with client.agents.watch() as updates:
                async for update in updates:
                    if isinstance(update, AgentUpdate):
                        print(update.agent_id, update.event)
                        continue
                    if update.first:
                        agents.clear()
                    agents.update({agent.agent_id: agent for agent in update.items})
        """
        query = {"topic": ["agents"], "agent_id": agent_id, "status": status, "snapshot": True}
        return AsyncStream(self._connection, query, place=place, patience=patience)


class AsyncEconomy(
    AsyncEconomicReads,
    AsyncEconomicTransactions,
    AsyncEconomicTerms,
    AsyncEconomicAccounts,
    AsyncEconomicTransfers,
    AsyncEconomicStakes,
    AsyncEconomicSupply,
):
    """Tokens: who has them, who stakes them, who earns them."""

    def updates(self, *, patience: float | None = None) -> AsyncStream[EconomicUpdate]:
        """Return a live stream of the economy's figures, at once and whenever they change.

        Example::

            async with client.economy.updates() as updates:
                async for update in updates:
                    print(update.summary.tokens["AIA"].circulating)
        """
        return AsyncStream(self._connection, {"topic": ["economy"]}, patience=patience)


class AsyncBudgets(AsyncBudgetMethods):
    """Budgets: what may be spent on tasks, by client, owner or tag."""

    def updates(
        self,
        *,
        event: str | Sequence[str] | None = None,
        status: str | Sequence[str] | None = None,
        after: int | None = None,
        place: str | None = None,
        patience: float | None = None,
    ) -> AsyncStream[BudgetUpdate]:
        """Return a live stream of what happens to budgets; see ``client.stream``.

        Example::

            async with client.budgets.updates(status=["warned", "exceeded"]) as updates:
                async for update in updates:
                    print(update.budget_id, update.used, "of", update.amount)
        """
        query = {"topic": ["budgets"], "event": event, "status": status, "after": after}
        return AsyncStream(self._connection, query, place=place, patience=patience)


class AsyncIncentives(AsyncIncentiveMethods):
    """Incentive programs."""


class AsyncGovernance(AsyncProposalMethods, AsyncVoteMethods, AsyncDelegationMethods):
    """Proposals, votes, and who votes for whom."""

    def updates(
        self,
        *,
        proposal_id: str | Sequence[str] | None = None,
        agent_id: str | Sequence[str] | None = None,
        status: str | Sequence[str] | None = None,
        event: str | Sequence[str] | None = None,
        after: int | None = None,
        place: str | None = None,
        patience: float | None = None,
    ) -> AsyncStream[ProposalUpdate]:
        """Return a live stream of what happens to proposals, votes included; see ``client.stream``.

        Example::

            async with client.governance.updates(event="vote.cast") as updates:
                async for update in updates:
                    print(update.voter, "votes", update.choice)
        """
        query = {
            "topic": ["proposals"],
            "proposal_id": proposal_id,
            "agent_id": agent_id,
            "status": status,
            "event": event,
            "after": after,
        }
        return AsyncStream(self._connection, query, place=place, patience=patience)


class AsyncMetrics(AsyncMetricsReads, AsyncMessageMetrics):
    """Figures of the whole system."""

    def updates(self, *, patience: float | None = None) -> AsyncStream[MetricsUpdate]:
        """Return a live stream of the figures, at once and whenever they change.

        Example::

            async with client.metrics.updates() as updates:
                async for update in updates:
                    print(update.metrics.tasks.queue_depth)
        """
        return AsyncStream(self._connection, {"topic": ["metrics"]}, patience=patience)


class AsyncTasks(
    AsyncTaskSubmissions, AsyncTaskReports, AsyncTaskCare, AsyncTaskBulkCare, AsyncTaskReads
):
    """The work: submitted, worked on, steered, explained."""

    def updates(
        self,
        *,
        task_id: str | Sequence[str] | None = None,
        agent_id: str | Sequence[str] | None = None,
        task_type: str | Sequence[str] | None = None,
        status: TaskStatus | Sequence[TaskStatus] | None = None,
        event: str | Sequence[str] | None = None,
        after: int | None = None,
        place: str | None = None,
        patience: float | None = None,
    ) -> AsyncStream[TaskUpdate]:
        """Return a live stream of what happens to tasks; see ``client.stream``.

        Example::

            async with client.tasks.updates(task_id=task.task_id) as updates:
                async for update in updates:
                    print(update.event, update.status, update.percent)
        """
        query = {
            "topic": ["tasks"],
            "task_id": task_id,
            "agent_id": agent_id,
            "task_type": task_type,
            "status": status,
            "event": event,
            "after": after,
        }
        return AsyncStream(self._connection, query, place=place, patience=patience)

    def watch(
        self,
        *,
        task_id: str | Sequence[str] | None = None,
        agent_id: str | Sequence[str] | None = None,
        task_type: str | Sequence[str] | None = None,
        status: TaskStatus | Sequence[TaskStatus] | None = None,
        place: str | None = None,
        patience: float | None = None,
    ) -> AsyncStream[TaskSnapshot | TaskUpdate]:
        """Return how tasks stand, in pages, and then what happens to them.

        A page with ``first`` says that it is all told anew, as after a restore from a backup. Mind
        that a filter of updates sees only what stands in the event.

        Example::

            tasks: dict[str, ToldTask] = {}
            async with client.tasks.watch() as updates:
                async for update in updates:
                    if isinstance(update, TaskUpdate):
                        print(update.task_id, update.status)
                        continue
                    if update.first:
                        tasks.clear()
                    tasks.update({each.task_id: each for each in update.items})
        """
        query = {
            "topic": ["tasks"],
            "task_id": task_id,
            "agent_id": agent_id,
            "task_type": task_type,
            "status": status,
            "snapshot": True,
        }
        return AsyncStream(self._connection, query, place=place, patience=patience)

    async def wait(self, task_id: str, timeout: float | None = None) -> Task:
        """Return a task once it has ended, one way or another: look at its ``status``.

        It is not asked for again and again: a live stream tells when there is something to read.
        For many tasks take ``as_ended``, which is one stream for all of them.

        Args:
            task_id: Which.
            timeout: How long to wait at most, seconds; None: as long as it takes.

        Raises:
            TimeoutError: It has not ended in time.
            ConnectionFailed: The server was away for too long, or until then.
            NotFound: There is no such task.

        Example::

            sent = await client.tasks.submit("data_analysis", payload={"quarter": "Q3"})
            done = await client.tasks.wait(sent.task_id, timeout=60)
            print(done.status, done.result)
        """
        async with aclosing(ends_of(self._connection, [task_id], timeout)) as ends:
            return await anext(ends)

    async def as_ended(
        self, task_ids: Iterable[str], timeout: float | None = None
    ) -> AsyncIterator[Task]:
        """Iterate over tasks as they end, each once, in the order in which they do.

        Args:
            task_ids: Which.
            timeout: How long to wait for the last of them, seconds; None: as long as it takes.

        Raises:
            TimeoutError: Not all of them have ended in time.
            NotFound: One of them is none.
            ConnectionFailed: The server was away for too long, or until then.

        Example::

            batch = await client.tasks.submit_batch([{"task_type": "report"}] * 100)
            ids = [item.task.task_id for item in batch.items if item.task]
            async for ended in client.tasks.as_ended(ids, timeout=600):
                print(ended.task_id, ended.status)
        """
        async with aclosing(ends_of(self._connection, task_ids, timeout)) as ends:
            async for task in ends:
                yield task
