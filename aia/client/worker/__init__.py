"""Workers: programs whose functions do the tasks of an agent."""

from aia.client.types import ClaimedTask
from aia.client.types import ReportedUsage as Usage
from aia.client.worker.context import Context, ThreadContext
from aia.client.worker.errors import Rejected, Replaced, TaskLost, Unregistered, WorkerError
from aia.client.worker.outcomes import Fail, Result
from aia.client.worker.worker import Worker

__all__ = [
    "ClaimedTask",
    "Context",
    "Fail",
    "Rejected",
    "Replaced",
    "Result",
    "TaskLost",
    "ThreadContext",
    "Unregistered",
    "Usage",
    "Worker",
    "WorkerError",
]
