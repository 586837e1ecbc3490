"""The groups of operations that the client has."""

from __future__ import annotations

import time
from collections.abc import Sequence

from aia.client.asynchronous.operations.agent_reads import AsyncAgentReads
from aia.client.asynchronous.operations.agent_registry import AsyncAgentRegistry
from aia.client.asynchronous.operations.agent_supervision import AsyncAgentSupervision
from aia.client.asynchronous.operations.audit import AsyncAudit
from aia.client.asynchronous.operations.health_checks import AsyncHealthChecks
from aia.client.asynchronous.operations.key_limits import AsyncKeyLimits
from aia.client.asynchronous.operations.metrics_reads import AsyncMetricsReads
from aia.client.asynchronous.operations.policies import AsyncPolicies
from aia.client.asynchronous.operations.queue import AsyncQueue
from aia.client.asynchronous.operations.task_bulk_care import AsyncTaskBulkCare
from aia.client.asynchronous.operations.task_care import AsyncTaskCare
from aia.client.asynchronous.operations.task_reads import AsyncTaskReads
from aia.client.asynchronous.operations.task_reports import AsyncTaskReports
from aia.client.asynchronous.operations.task_submissions import AsyncTaskSubmissions
from aia.client.asynchronous.streams import AsyncStream
from aia.client.configuration import API
from aia.client.errors import HistoryLost
from aia.client.types import Task, TaskStatus
from aia.client.types.live import AgentUpdate, MetricsUpdate, TaskUpdate
from aia.client.writing import segment

__all__ = [
    "AsyncAgents",
    "AsyncAudit",
    "AsyncHealthChecks",
    "AsyncKeyLimits",
    "AsyncMetrics",
    "AsyncPolicies",
    "AsyncQueue",
    "AsyncTasks",
]

ENDED = frozenset({"completed", "failed", "cancelled", "expired", "dead"})
"""Statuses that a task leaves only when somebody has it tried again."""


class AsyncAgents(AsyncAgentRegistry, AsyncAgentSupervision, AsyncAgentReads):
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


class AsyncMetrics(AsyncMetricsReads):
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

    async def wait(self, task_id: str, timeout: float | None = None) -> Task:
        """Return a task once it has ended, one way or another: look at its ``status``.

        It is not asked for again and again: a live stream tells when there is something to read.

        Args:
            task_id: Which.
            timeout: How long to wait at most, seconds; None: as long as it takes.

        Raises:
            TimeoutError: It has not ended in time.
            ConnectionFailed: The server was away for too long, or until then.
            NotFound: There is no such task.

        Example::

            task = await client.tasks.submit("data_analysis", payload={"quarter": "Q3"})
            done = await client.tasks.wait(task.task_id, timeout=60)
            print(done.status, done.result)
        """
        until = None if timeout is None else time.monotonic() + timeout
        query = {"topic": ["tasks"], "task_id": task_id, "status": sorted(ENDED)}
        while True:
            async with AsyncStream[TaskUpdate](self._connection, query, until=until) as updates:
                try:
                    # First listen, then look: so nothing happens in between unseen.
                    await updates.begin()
                    task = await self._then(task_id, updates.position, until)
                    if task.status in ENDED:
                        return task
                    async for update in updates:
                        task = await self._then(task_id, update.position, until)
                        if task.status in ENDED:  # nobody has it tried again
                            return task
                except HistoryLost:
                    continue

    async def _then(self, task_id: str, position: int, until: float | None) -> Task:
        """Return a task as it stands at a position, or later."""
        path = f"{API}/agents/tasks/{segment(task_id)}"
        return await self._connection.read(path, Task, {"min_position": position}, until=until)
