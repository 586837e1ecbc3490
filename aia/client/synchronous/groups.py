# Written by `make client` from its asynchronous twin; changes are lost.
"""The groups of operations that the client has."""

from __future__ import annotations

from aia.client.synchronous.operations.agent_reads import AgentReads
from aia.client.synchronous.operations.agent_registry import AgentRegistry
from aia.client.synchronous.operations.agent_supervision import AgentSupervision
from aia.client.synchronous.operations.audit import Audit
from aia.client.synchronous.operations.health_checks import HealthChecks
from aia.client.synchronous.operations.key_limits import KeyLimits
from aia.client.synchronous.operations.metrics_reads import MetricsReads
from aia.client.synchronous.operations.policies import Policies
from aia.client.synchronous.operations.queue import Queue
from aia.client.synchronous.operations.task_bulk_care import TaskBulkCare
from aia.client.synchronous.operations.task_care import TaskCare
from aia.client.synchronous.operations.task_reads import TaskReads
from aia.client.synchronous.operations.task_reports import TaskReports
from aia.client.synchronous.operations.task_submissions import TaskSubmissions

__all__ = [
    "Agents",
    "Audit",
    "HealthChecks",
    "KeyLimits",
    "MetricsReads",
    "Policies",
    "Queue",
    "Tasks",
]


class Agents(AgentRegistry, AgentSupervision, AgentReads):
    """Who does the work: registration, signs of life, work to be had, how it went."""


class Tasks(TaskSubmissions, TaskReports, TaskCare, TaskBulkCare, TaskReads):
    """The work: submitted, worked on, steered, explained."""
