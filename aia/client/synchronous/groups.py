# Written by `make client` from its asynchronous twin; changes are lost.
"""The groups of operations that the client has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from aia.client.synchronous.operations.agent_reads import AgentReads
from aia.client.synchronous.operations.agent_registry import AgentRegistry
from aia.client.synchronous.operations.agent_supervision import AgentSupervision
from aia.client.synchronous.operations.agent_webhooks import AgentWebhooks
from aia.client.synchronous.operations.audit import Audit
from aia.client.synchronous.operations.budget_methods import BudgetMethods
from aia.client.synchronous.operations.connections import Connections
from aia.client.synchronous.operations.delegation_methods import DelegationMethods
from aia.client.synchronous.operations.economic_accounts import EconomicAccounts
from aia.client.synchronous.operations.economic_reads import EconomicReads
from aia.client.synchronous.operations.economic_stakes import EconomicStakes
from aia.client.synchronous.operations.economic_supply import EconomicSupply
from aia.client.synchronous.operations.economic_terms import EconomicTerms
from aia.client.synchronous.operations.economic_transactions import EconomicTransactions
from aia.client.synchronous.operations.economic_transfers import EconomicTransfers
from aia.client.synchronous.operations.health_checks import HealthChecks
from aia.client.synchronous.operations.incentive_methods import IncentiveMethods
from aia.client.synchronous.operations.key_limits import KeyLimits
from aia.client.synchronous.operations.message_metrics import MessageMetrics
from aia.client.synchronous.operations.metrics_reads import MetricsReads
from aia.client.synchronous.operations.policies import Policies
from aia.client.synchronous.operations.proposal_methods import ProposalMethods
from aia.client.synchronous.operations.queue import Queue
from aia.client.synchronous.operations.revocations import Revocations
from aia.client.synchronous.operations.task_bulk_care import TaskBulkCare
from aia.client.synchronous.operations.task_care import TaskCare
from aia.client.synchronous.operations.task_reads import TaskReads
from aia.client.synchronous.operations.task_reports import TaskReports
from aia.client.synchronous.operations.task_submissions import TaskSubmissions
from aia.client.synchronous.operations.vote_methods import VoteMethods
from aia.client.synchronous.streams import Stream
from aia.client.synchronous.waiting import ends_of
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
    "Agents",
    "Audit",
    "Budgets",
    "Connections",
    "Economy",
    "Governance",
    "HealthChecks",
    "Incentives",
    "KeyLimits",
    "Metrics",
    "Policies",
    "Queue",
    "Revocations",
    "Tasks",
]


class Agents(AgentRegistry, AgentSupervision, AgentReads, AgentWebhooks):
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
    ) -> Stream[AgentUpdate]:
        """Return a live stream of what happens to agents; see ``client.stream``.

        Example::

            with client.agents.updates(status="offline") as updates:
                for update in updates:
                    print(update.agent_id, "went offline at", update.at)
        """
        query = {
            "topic": ["agents"],
            "agent_id": agent_id,
            "status": status,
            "event": event,
            "after": after,
        }
        return Stream(self._connection, query, place=place, patience=patience)

    def watch(
        self,
        *,
        agent_id: str | Sequence[str] | None = None,
        status: str | Sequence[str] | None = None,
        place: str | None = None,
        patience: float | None = None,
    ) -> Stream[AgentSnapshot | AgentUpdate]:
        """Return how agents stand, in pages, and then what happens to them.

        A page with ``first`` says that it is all told anew, as after a restore from a backup.

        Example::

            agents: dict[str, ToldAgent] = {}
            with client.agents.watch() as updates:
                for update in updates:
                    if isinstance(update, AgentUpdate):
                        print(update.agent_id, update.event)
                        continue
                    if update.first:
                        agents.clear()
                    agents.update({agent.agent_id: agent for agent in update.items})
        """
        query = {"topic": ["agents"], "agent_id": agent_id, "status": status, "snapshot": True}
        return Stream(self._connection, query, place=place, patience=patience)


class Economy(
    EconomicReads,
    EconomicTransactions,
    EconomicTerms,
    EconomicAccounts,
    EconomicTransfers,
    EconomicStakes,
    EconomicSupply,
):
    """Tokens: who has them, who stakes them, who earns them."""

    def updates(self, *, patience: float | None = None) -> Stream[EconomicUpdate]:
        """Return a live stream of the economy's figures, at once and whenever they change.

        Example::

            with client.economy.updates() as updates:
                for update in updates:
                    print(update.summary.tokens["AIA"].circulating)
        """
        return Stream(self._connection, {"topic": ["economy"]}, patience=patience)


class Budgets(BudgetMethods):
    """Budgets: what may be spent on tasks, by client, owner or tag."""

    def updates(
        self,
        *,
        event: str | Sequence[str] | None = None,
        status: str | Sequence[str] | None = None,
        after: int | None = None,
        place: str | None = None,
        patience: float | None = None,
    ) -> Stream[BudgetUpdate]:
        """Return a live stream of what happens to budgets; see ``client.stream``.

        Example::

            with client.budgets.updates(status=["warned", "exceeded"]) as updates:
                for update in updates:
                    print(update.budget_id, update.used, "of", update.amount)
        """
        query = {"topic": ["budgets"], "event": event, "status": status, "after": after}
        return Stream(self._connection, query, place=place, patience=patience)


class Incentives(IncentiveMethods):
    """Incentive programs."""


class Governance(ProposalMethods, VoteMethods, DelegationMethods):
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
    ) -> Stream[ProposalUpdate]:
        """Return a live stream of what happens to proposals, votes included; see ``client.stream``.

        Example::

            with client.governance.updates(event="vote.cast") as updates:
                for update in updates:
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
        return Stream(self._connection, query, place=place, patience=patience)


class Metrics(MetricsReads, MessageMetrics):
    """Figures of the whole system."""

    def updates(self, *, patience: float | None = None) -> Stream[MetricsUpdate]:
        """Return a live stream of the figures, at once and whenever they change.

        Example::

            with client.metrics.updates() as updates:
                for update in updates:
                    print(update.metrics.tasks.queue_depth)
        """
        return Stream(self._connection, {"topic": ["metrics"]}, patience=patience)


class Tasks(TaskSubmissions, TaskReports, TaskCare, TaskBulkCare, TaskReads):
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
    ) -> Stream[TaskUpdate]:
        """Return a live stream of what happens to tasks; see ``client.stream``.

        Example::

            with client.tasks.updates(task_id=task.task_id) as updates:
                for update in updates:
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
        return Stream(self._connection, query, place=place, patience=patience)

    def watch(
        self,
        *,
        task_id: str | Sequence[str] | None = None,
        agent_id: str | Sequence[str] | None = None,
        task_type: str | Sequence[str] | None = None,
        status: TaskStatus | Sequence[TaskStatus] | None = None,
        place: str | None = None,
        patience: float | None = None,
    ) -> Stream[TaskSnapshot | TaskUpdate]:
        """Return how tasks stand, in pages, and then what happens to them.

        A page with ``first`` says that it is all told anew, as after a restore from a backup. Mind
        that a filter of updates sees only what stands in the event.

        Example::

            tasks: dict[str, ToldTask] = {}
            with client.tasks.watch() as updates:
                for update in updates:
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
        return Stream(self._connection, query, place=place, patience=patience)

    def wait(self, task_id: str, timeout: float | None = None) -> Task:
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

            sent = client.tasks.submit("data_analysis", payload={"quarter": "Q3"})
            done = client.tasks.wait(sent.task_id, timeout=60)
            print(done.status, done.result)
        """
        with closing(ends_of(self._connection, [task_id], timeout)) as ends:
            return next(ends)

    def as_ended(self, task_ids: Iterable[str], timeout: float | None = None) -> Iterator[Task]:
        """Iterate over tasks as they end, each once, in the order in which they do.

        Args:
            task_ids: Which.
            timeout: How long to wait for the last of them, seconds; None: as long as it takes.

        Raises:
            TimeoutError: Not all of them have ended in time.
            NotFound: One of them is none.
            ConnectionFailed: The server was away for too long, or until then.

        Example::

            batch = client.tasks.submit_batch([{"task_type": "report"}] * 100)
            ids = [item.task.task_id for item in batch.items if item.task]
            for ended in client.tasks.as_ended(ids, timeout=600):
                print(ended.task_id, ended.status)
        """
        with closing(ends_of(self._connection, task_ids, timeout)) as ends:
            yield from ends
