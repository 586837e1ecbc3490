"""What can keep a worker from its work, and what is refused to it."""

from __future__ import annotations


class WorkerError(Exception):
    """The worker cannot go on."""


class Rejected(WorkerError):
    """The server does not take this worker: its token, its rights or what it declares are wrong.

    Attributes:
        code: The stable code of the problem, or the reason of the close code.
        detail: For people.
    """

    def __init__(self, code: str, detail: str) -> None:
        """Tell why (``code`` for programs, ``detail`` for people)."""
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Replaced(WorkerError):
    """Another program has connected as this agent, and serves it from now on."""


class Unregistered(WorkerError):
    """Somebody has unregistered this agent while it was at work."""


class TaskLost(Exception):
    """The task is no longer this worker's: it was cancelled, or given to somebody else.

    Handlers in threads get it from their context; in coroutines ``asyncio.CancelledError`` says it.
    """


LOST = frozenset(
    {
        "not_assigned_to_agent",
        "stale_lease",
        "task_already_completed",
        "task_already_finished",
        "task_cancelled",
        "task_not_found",
    }
)
"""Codes by which a report is refused when the attempt is over."""
