"""What can be asked of a task's aggregate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.cost_hold import CostHold
from aia_mas.domain.orchestration.queue_bounds import QueueStanding
from aia_mas.domain.orchestration.scoring.candidates import Candidate
from aia_mas.domain.orchestration.scoring.failures import PolicyFailure
from aia_mas.domain.orchestration.task_events import Usage
from aia_mas.domain.orchestration.task_specification import Priority, TaskSpecification
from aia_mas.domain.orchestration.task_status import ReleaseReason


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the dispatcher chose, and on what grounds; see ``TaskAssigned``.

    ``declared`` is what the agent declared when it was chosen: whoever has become another one since
    may not suit any more, or have less room. None: whatever it declares will do. ``reward``:
    without its time, which the task knows.
    """

    agent_id: str
    lease: str
    lease_seconds: float
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
    declared: Capabilities | None = None
    reward: RewardTerms | None = None
    unfunded: str = ""


class SubmitTask(msgspec.Struct, frozen=True, kw_only=True):
    """Submit a task and, when the dispatcher had someone at hand, assign it at once.

    Attributes:
        task_id: A new id (UUIDv7 text).
        spec: What is to be done.
        owner: Whom it belongs to; the caller when empty. With a ``dedup_key`` it is named.
        assignment: The first attempt. When its agent has gone the task is only submitted.
        key_holder: The last task submitted under its ``dedup_key``, as the application knows it.
        deduplicated: It is the earlier one of two with the same ``dedup_key``.
        queue: How full the queue is, where it is bounded; else None.
        budgets: The budgets in which its cost counts, as the application knows them.
        hold: What is set aside to pay for it; None: nothing.
    """

    task_id: str
    spec: TaskSpecification
    owner: str = ""
    assignment: Assignment | None = None
    key_holder: str | None = None
    deduplicated: bool = False
    queue: QueueStanding | None = None
    budgets: tuple[str, ...] = ()
    hold: CostHold | None = None


class AssignTask(msgspec.Struct, frozen=True, kw_only=True):
    """Give the next attempt to an agent.

    Attributes:
        task_id: Which task.
        attempt: The attempt to be made; refused when it is not the next one.

    The others are the fields of ``Assignment``.
    """

    task_id: str
    attempt: int
    agent_id: str
    lease: str
    lease_seconds: float
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
    declared: Capabilities | None = None
    reward: RewardTerms | None = None
    unfunded: str = ""


class StartTask(msgspec.Struct, frozen=True, kw_only=True):
    """Take up the work; repeating it with the same lease changes nothing."""

    task_id: str
    agent_id: str
    lease: str


class RecordProgress(msgspec.Struct, frozen=True, kw_only=True):
    """Tell how far it is; it also takes up the work (fields: see ``TaskProgressed``)."""

    task_id: str
    agent_id: str
    lease: str
    percent: float | None = None
    message: str = ""
    partial: Any = None
    log: tuple[str, ...] = ()


class AskForInput(msgspec.Struct, frozen=True, kw_only=True):
    """Ask whoever can answer, and wait; it also takes up the work (``TaskInputRequested``)."""

    task_id: str
    agent_id: str
    lease: str
    question: str
    choices: tuple[str, ...] = ()
    schema: Any = None


class GiveInput(msgspec.Struct, frozen=True, kw_only=True):
    """Answer what an agent asked.

    Attributes:
        task_id: Which task.
        answer: Any JSON.
        number: Which question is meant; None: the open one.
    """

    task_id: str
    answer: Any = None
    number: int | None = None


class CompleteTask(msgspec.Struct, frozen=True, kw_only=True):
    """Deliver (``result``: any JSON; ``quality``: the agent's own estimate, 0..1)."""

    task_id: str
    agent_id: str
    lease: str
    result: Any = None
    quality: float | None = None
    usage: Usage | None = None


class FailTask(msgspec.Struct, frozen=True, kw_only=True):
    """Give up an attempt.

    Attributes:
        task_id: Which task.
        agent_id: Who.
        lease: The attempt's fencing token.
        error_code: The agent's word for what went wrong.
        message: For people.
        retryable: Another attempt might do better.
        jitter: How much of its possible shortening the wait gets, random, 0..1.
    """

    task_id: str
    agent_id: str
    lease: str
    error_code: str = "failed"
    message: str = ""
    retryable: bool = True
    jitter: float = 0.0


class ReleaseTask(msgspec.Struct, frozen=True, kw_only=True):
    """Take an attempt from its agent; refused when it is over (``jitter``: see ``FailTask``)."""

    task_id: str
    attempt: int
    reason: ReleaseReason
    jitter: float = 0.0


class CancelTask(msgspec.Struct, frozen=True, kw_only=True):
    """Call the task off (``by``: by whom; the caller when empty)."""

    task_id: str
    reason: str = ""
    by: str = ""


class RateTask(msgspec.Struct, frozen=True, kw_only=True):
    """Tell what a result is worth (``rating``: 0..1; ``comment``: for people)."""

    task_id: str
    rating: float
    comment: str = ""


class ReprioritiseTask(msgspec.Struct, frozen=True, kw_only=True):
    """Move a task to another class."""

    task_id: str
    priority: Priority
    reason: str = ""


class ReassignTask(msgspec.Struct, frozen=True, kw_only=True):
    """Take a task from its agent (``exclude_current``: it gets no further attempt at it)."""

    task_id: str
    exclude_current: bool = True
    reason: str = ""


class ExpireTask(msgspec.Struct, frozen=True, kw_only=True):
    """Record that the deadline has passed; refused when it has not."""

    task_id: str


class Paying(msgspec.Struct, frozen=True, kw_only=True):
    """What of a task its payment is found by.

    Attributes:
        payer: Whose wallet pays.
        owner: Whom the task belongs to.
        cost_tags: Whose budgets it counts in.
        amount: What it may cost, base units.
        last: What was set aside for it last, if anything was.
        number: The number of what is to be set aside next, from 1.
    """

    payer: str
    owner: str
    cost_tags: tuple[str, ...] = ()
    amount: int
    last: CostHold | None = None
    number: int = 1


class RetryTask(msgspec.Struct, frozen=True, kw_only=True):
    """Queue a failed, dead, expired or cancelled task again with all its attempts.

    Attributes:
        task_id: Which task.
        by: By whom; the caller when empty.
        deadline: Its new deadline, UTC; None keeps the old one, or none when that has passed.
        paying: What of the task its payment is found by, as the application knows it; None: nobody
            pays for it.
        budgets: See ``SubmitTask``.
        hold: See ``SubmitTask``.
    """

    task_id: str
    by: str = ""
    deadline: datetime | None = None
    paying: Paying | None = None
    budgets: tuple[str, ...] = ()
    hold: CostHold | None = None
