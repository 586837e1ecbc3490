"""The topic ``tasks``: every event of a task, without payloads, results and lease tokens."""

from __future__ import annotations

from datetime import datetime

from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.domain.economy.rewards.telling import ToldReward, told_reward
from aia_mas.domain.kernel import Event
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskInputGiven,
    TaskInputRequested,
    TaskProgressed,
    TaskRated,
    TaskReleased,
    TaskReprioritised,
    TaskRequeued,
    TaskResultRefused,
    TaskStarted,
    TaskStatus,
    TaskSubmitted,
)
from aia_mas.interfaces.realtime.facts import FactTopic, Keys, Update


class TaskUpdate(Update, kw_only=True, omit_defaults=True):
    """The ``data`` of a ``task_update``; a member is there where the event tells it.

    A result may be large and a lease is between the system and one agent: who needs them asks for
    the task.

    Attributes:
        task_id: Which task.
        status: Where the event leaves it.
        agent_id: Who has it, had it, or tried to.
        attempt: Which attempt.
        task_type: The kind of work.
        priority: Its class.
        owner: Whose it is.
        percent: How far it is, 0..100.
        message: What the agent says, for people.
        question: What the agent asks; whoever answers asks for the task.
        number: Which question was asked or answered.
        rating: What the client thinks of the result, 0..1.
        reward: What the attempt is promised from the reward pool beside its price.
        over_max_cost: The result cost more than the task may.
        quality: The agent's own estimate, 0..1.
        error_code: The agent's word for what went wrong.
        reason: Why it was released, cancelled or refused.
        action: What a refused agent wanted to do.
        retry_at: When the next attempt may begin, UTC.
    """

    task_id: str
    status: str | None = None
    agent_id: str | None = None
    attempt: int | None = None
    task_type: str | None = None
    priority: str | None = None
    owner: str | None = None
    percent: float | None = None
    message: str | None = None
    question: str | None = None
    number: int | None = None
    rating: float | None = None
    reward: ToldReward | None = None
    over_max_cost: bool | None = None
    quality: float | None = None
    error_code: str | None = None
    reason: str | None = None
    action: str | None = None
    retry_at: datetime | None = None


_ATTEMPT = ("agent_id", "attempt")

# The status that an event leads to ("": it says so itself; None: it changes none), and what of the
# event is told under its own name.
_TOLD: dict[type[Event], tuple[str | None, tuple[str, ...]]] = {
    TaskSubmitted: (TaskStatus.QUEUED, ("owner",)),
    TaskAssigned: (TaskStatus.ASSIGNED, _ATTEMPT),
    TaskStarted: (TaskStatus.RUNNING, _ATTEMPT),
    TaskProgressed: (TaskStatus.RUNNING, (*_ATTEMPT, "percent", "message")),
    TaskInputRequested: (TaskStatus.INPUT_REQUIRED, (*_ATTEMPT, "question", "number")),
    TaskInputGiven: (TaskStatus.RUNNING, (*_ATTEMPT, "number")),
    TaskCompleted: (TaskStatus.COMPLETED, (*_ATTEMPT, "quality")),
    TaskFailed: ("", (*_ATTEMPT, "error_code", "message", "retry_at")),
    TaskReleased: ("", (*_ATTEMPT, "reason", "retry_at")),
    TaskCancelled: (TaskStatus.CANCELLED, (*_ATTEMPT, "reason")),
    TaskExpired: (TaskStatus.EXPIRED, _ATTEMPT),
    TaskRequeued: (TaskStatus.QUEUED, ("attempt",)),
    TaskReprioritised: (None, ("priority", "reason")),
    TaskRated: (None, (*_ATTEMPT, "rating")),
    TaskResultRefused: (None, ("agent_id", "action", "reason")),
}


def _describe(name: str, task_id: str, recorded: RecordedEvent) -> tuple[Update, Keys]:
    event = recorded.event
    status, told = _TOLD[type(event)]
    update = TaskUpdate(
        event=name,
        version=recorded.version,
        at=recorded.recorded_at,
        actor=recorded.actor,
        task_id=task_id,
        status=event.outcome if status == "" else status,
    )
    for field in told:
        setattr(update, field, getattr(event, field))
    if type(event) is TaskSubmitted:
        update.task_type, update.priority = event.spec.task_type, event.spec.priority
    elif type(event) is TaskAssigned:
        update.reward = told_reward(event.reward, event.unfunded)
    elif type(event) is TaskCompleted and event.over_max_cost:
        update.over_max_cost = True
    elif type(event) is TaskProgressed and event.waiting:
        update.status = TaskStatus.INPUT_REQUIRED
    elif type(event) is TaskRequeued:
        update.task_type, update.priority = event.terms.task_type, event.terms.priority
    return update, Keys(task_id, update.agent_id, update.task_type, update.status)


TASKS = FactTopic(
    "tasks",
    category="task",
    frame_type="task_update",
    events=_TOLD,
    statuses=frozenset(TaskStatus),
    describe=_describe,
)
"""Subscribe to it for ``task_update`` frames."""
