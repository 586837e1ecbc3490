"""What happens to a task beside being worked on; events of task streams."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from aia_mas.domain.kernel.event import Event
from aia_mas.domain.orchestration.task_specification import Priority


class TaskReprioritised(Event, frozen=True, kw_only=True):
    """The task is of another class from here on.

    Attributes:
        priority: The new class.
        since: When the task entered the queue, UTC; its place is counted from there.
        by: By whom.
        reason: Why.
        at: When, UTC.
    """

    topic: ClassVar[str] = "task.reprioritised.v1"
    priority: Priority
    since: datetime
    by: str
    reason: str = ""
    at: datetime


class TaskRated(Event, frozen=True, kw_only=True):
    """The client told what the result is worth, once and for all.

    Attributes:
        agent_id: Whose result it is.
        attempt: Of which attempt.
        rating: 0..1.
        comment: For people.
        by: Who rated.
        at: When, UTC.
    """

    topic: ClassVar[str] = "task.rated.v1"
    agent_id: str
    attempt: int
    rating: float
    comment: str = ""
    by: str
    at: datetime


class TaskResultRefused(Event, frozen=True, kw_only=True):
    """An agent acted with a lease that is over, or cost too much; nothing else came of it.

    Attributes:
        agent_id: Who.
        lease: The lease it gave.
        action: What it wanted to do: start, progress, ask, complete or fail.
        reason: The code of the refusal.
        at: When, UTC.
    """

    topic: ClassVar[str] = "task.result_refused.v1"
    agent_id: str
    lease: str
    action: str
    reason: str
    at: datetime
