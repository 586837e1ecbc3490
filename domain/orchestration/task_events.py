"""What can happen to a task; the events of the streams ``task/<task_id>``."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.orchestration.cost_hold import CostHold
from aia_mas.domain.orchestration.scoring.candidates import Candidate
from aia_mas.domain.orchestration.scoring.failures import PolicyFailure
from aia_mas.domain.orchestration.task_care_events import (
    TaskRated,
    TaskReprioritised,
    TaskResultRefused,
)
from aia_mas.domain.orchestration.task_input_events import TaskInputGiven, TaskInputRequested
from aia_mas.domain.orchestration.task_specification import TaskSpecification, TaskTerms
from aia_mas.domain.orchestration.task_status import (
    AT_NO_COST,
    BEFORE_ITS_START,
    ReleaseReason,
    TaskStatus,
)

__all__ = [
    "EVENTS",
    "ReleaseReason",
    "TaskAssigned",
    "TaskCancelled",
    "TaskCompleted",
    "TaskExpired",
    "TaskFailed",
    "TaskInputGiven",
    "TaskInputRequested",
    "TaskProgressed",
    "TaskRated",
    "TaskReleased",
    "TaskReprioritised",
    "TaskRequeued",
    "TaskResultRefused",
    "TaskStarted",
    "TaskStatus",
    "TaskSubmitted",
    "Usage",
]


class Usage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an attempt consumed, by the agent's own account (``cost``: base units)."""

    model: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    cost: int = 0


class TaskSubmitted(Event, frozen=True, kw_only=True):
    """A client asked for work.

    Attributes:
        spec: What it asked for.
        submitted_at: When, UTC.
        owner: The subject of the principal it belongs to.
        hold: What was set aside to pay for it, in the same commit; None: nothing.
    """

    topic: ClassVar[str] = "task.submitted.v1"
    spec: TaskSpecification
    submitted_at: datetime
    owner: str
    hold: CostHold | None = None


class TaskAssigned(Event, frozen=True, kw_only=True):
    """An attempt was given to an agent; what it was chosen on stands here.

    Attributes:
        agent_id: To whom.
        attempt: Which attempt, from 1.
        lease: The fencing token of this attempt.
        lease_seconds: How long it may go unheard of, seconds.
        assigned_at: When, UTC.
        price: What the agent takes for it, base units.
        policy: The name of the rule that chose.
        considered: How many agents qualified and had room.
        load: The share of the agent's places in use before this one, 0..1.
        revision: That of the rules of assignment, which gives the weights; 0: the defaults.
        seed: What chance was drawn from.
        candidates: The shortlist that the rule chose from, the best first; empty in events of
            former releases.
        failure: The rule that should have chosen, where that failed.
        agents: How many agents were registered; 0 in events of former releases.
        with_room: How many of them were active, online and had a place left, suited or not.
        reward: What the attempt earns beside that price; None: nothing.
        unfunded: Why it earns nothing; empty where none is offered.
    """

    topic: ClassVar[str] = "task.assigned.v1"
    agent_id: str
    attempt: int
    lease: str
    lease_seconds: float
    assigned_at: datetime
    price: int = 0
    policy: str = ""
    considered: int = 0
    load: float = 0.0
    revision: int = 0
    seed: int = 0
    candidates: tuple[Candidate, ...] = ()
    failure: PolicyFailure | None = None
    agents: int = 0
    with_room: int = 0
    reward: RewardTerms | None = None
    unfunded: str = ""


class TaskStarted(Event, frozen=True, kw_only=True):
    """The agent took up the work."""

    topic: ClassVar[str] = "task.started.v1"
    agent_id: str
    attempt: int
    lease: str
    started_at: datetime


class TaskProgressed(Event, frozen=True, kw_only=True):
    """The agent told how far it is; what it left out is as it was.

    Attributes:
        agent_id: Who.
        attempt: Which attempt.
        percent: How far, 0..100, if it knows.
        message: For people.
        partial: What there is of the result, any JSON.
        log: Lines of its log since the last report.
        waiting: It waits for an answer meanwhile.
        at: When, UTC.
    """

    topic: ClassVar[str] = "task.progressed.v1"
    agent_id: str
    attempt: int
    percent: float | None = None
    message: str = ""
    partial: Any = None
    log: tuple[str, ...] = ()
    waiting: bool = False
    at: datetime


class TaskCompleted(Event, frozen=True, kw_only=True):
    """The agent delivered.

    Attributes:
        agent_id: Who.
        attempt: Which attempt.
        lease: Its fencing token.
        result: Any JSON.
        quality: The agent's own estimate, 0..1.
        usage: What the attempt consumed, if it tells.
        over_max_cost: It cost more than the task's ``max_cost``.
        completed_at: When, UTC.
    """

    topic: ClassVar[str] = "task.completed.v1"
    agent_id: str
    attempt: int
    lease: str
    result: Any = None
    quality: float | None = None
    usage: Usage | None = None
    over_max_cost: bool = False
    completed_at: datetime


class TaskFailed(Event, frozen=True, kw_only=True):
    """The agent gave up an attempt.

    Attributes:
        agent_id: Who.
        attempt: Which attempt.
        error_code: The agent's word for it.
        message: For people.
        retryable: Another attempt might do better.
        retry_at: When the next one may begin, UTC; None: at once, or never.
        outcome: ``queued`` (tried again), ``failed`` (no use) or ``dead`` (no attempts left).
        failed_at: When, UTC.
    """

    topic: ClassVar[str] = "task.failed.v1"
    agent_id: str
    attempt: int
    error_code: str
    message: str = ""
    retryable: bool
    retry_at: datetime | None = None
    outcome: TaskStatus
    failed_at: datetime


class TaskReleased(Event, frozen=True, kw_only=True):
    """An attempt was taken from its agent.

    Attributes:
        agent_id: From whom.
        attempt: Which attempt.
        reason: Why.
        retry_at: As in ``TaskFailed``.
        outcome: As in ``TaskFailed``.
        begun: The agent had taken the work up; in events of former releases that is not known.
        excluded: The agent gets no further attempt at this task.
        by: Who ordered it; empty: the system by its rules.
        note: Why they did.
        released_at: When, UTC.
    """

    topic: ClassVar[str] = "task.released.v1"
    agent_id: str
    attempt: int
    reason: ReleaseReason
    retry_at: datetime | None = None
    outcome: TaskStatus
    begun: bool = True
    excluded: bool = False
    by: str = ""
    note: str = ""
    released_at: datetime

    @property
    def lost(self) -> bool:
        """Whether the agent lost it while it ran: that counts against its task, and its record."""
        return self.begun and self.reason not in _NO_FAULT


class TaskCancelled(Event, frozen=True, kw_only=True):
    """The task was called off.

    Attributes:
        agent_id: Who had it, if anyone.
        attempt: The last attempt, 0 when there was none.
        reason: Why.
        by: By whom.
        at: When, UTC.
    """

    topic: ClassVar[str] = "task.cancelled.v1"
    agent_id: str | None = None
    attempt: int = 0
    reason: str = ""
    by: str
    at: datetime


class TaskExpired(Event, frozen=True, kw_only=True):
    """The deadline passed while the task was unfinished.

    Attributes:
        agent_id: Who had it, if anyone.
        attempt: The last attempt, 0 when there was none.
        at: When, UTC.
    """

    topic: ClassVar[str] = "task.expired.v1"
    agent_id: str | None = None
    attempt: int = 0
    at: datetime


class TaskRequeued(Event, frozen=True, kw_only=True):
    """A finished task is tried again with all its attempts.

    Attributes:
        attempt: The last attempt made; the next one is the one after it.
        terms: The rules from here on (a deadline that has passed is gone from them).
        by: By whom.
        at: When, UTC.
        owner: The subject of the principal it belongs to; empty in older events.
        hold: What was set aside to pay for it, in the same commit; None: nothing.
    """

    topic: ClassVar[str] = "task.requeued.v1"
    attempt: int
    terms: TaskTerms
    by: str
    at: datetime
    owner: str = ""
    hold: CostHold | None = None


_NO_FAULT = AT_NO_COST | BEFORE_ITS_START

EVENTS: tuple[type[Event], ...] = (
    TaskSubmitted,
    TaskAssigned,
    TaskStarted,
    TaskProgressed,
    TaskCompleted,
    TaskRated,
    TaskFailed,
    TaskReleased,
    TaskCancelled,
    TaskExpired,
    TaskRequeued,
    TaskInputRequested,
    TaskInputGiven,
    TaskReprioritised,
    TaskResultRefused,
)
"""Every event of a task stream, for the topic registry."""
