"""The groups of operations that the client has."""

from __future__ import annotations

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

__all__ = [
    "AsyncAgents",
    "AsyncAudit",
    "AsyncHealthChecks",
    "AsyncKeyLimits",
    "AsyncMetricsReads",
    "AsyncPolicies",
    "AsyncQueue",
    "AsyncTasks",
]


class AsyncAgents(AsyncAgentRegistry, AsyncAgentSupervision, AsyncAgentReads):
    """Who does the work: registration, signs of life, work to be had, how it went."""


class AsyncTasks(
    AsyncTaskSubmissions, AsyncTaskReports, AsyncTaskCare, AsyncTaskBulkCare, AsyncTaskReads
):
    """The work: submitted, worked on, steered, explained."""
