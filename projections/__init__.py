"""Read models: each one's tables or live view, its fold and its queries."""

from aia_mas.projections.agent_directory import Agent, AgentDirectory, AgentFilter
from aia_mas.projections.agent_performance import AgentPerformances
from aia_mas.projections.host import ProjectionHost, UnknownReadModel
from aia_mas.projections.listing import Page
from aia_mas.projections.metrics_history import MetricsPoint
from aia_mas.projections.status import ReadModelStatus
from aia_mas.projections.system_metrics import Metrics, SystemMetrics
from aia_mas.projections.task_board import Task, TaskBoard, TaskFilter

__all__ = [
    "Agent",
    "AgentDirectory",
    "AgentFilter",
    "AgentPerformances",
    "Metrics",
    "MetricsPoint",
    "Page",
    "ProjectionHost",
    "ReadModelStatus",
    "SystemMetrics",
    "Task",
    "TaskBoard",
    "TaskFilter",
    "UnknownReadModel",
]
