"""A task as its events tell it: where it stands, who holds it, what is left to try."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from aia_mas.domain.economy.rewards.terms import RewardTerms
from aia_mas.domain.kernel.event import Event, State
from aia_mas.domain.kernel.ids import stream_of
from aia_mas.domain.orchestration.cost_hold import CostHold
from aia_mas.domain.orchestration.task_events import (
    EVENTS,
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
    TaskSubmitted,
)
from aia_mas.domain.orchestration.task_specification import TaskTerms, terms_of
from aia_mas.domain.orchestration.task_status import BEGUN, LIVE, TaskStatus

__all__ = ["EVENTS", "LIVE", "TaskState", "TaskStatus", "evolve", "task_stream"]

REMEMBERED_LEASES = 16
"""How many ended leases a task knows, to tell a late agent from a strange one."""


class Report(State, frozen=True, kw_only=True):
    """The last that was told of the progress of an attempt (see ``TaskProgressed``)."""

    percent: float | None
    message: str
    at: datetime


class Question(State, frozen=True, kw_only=True):
    """What an agent wants to know (see ``TaskInputRequested``)."""

    text: str
    choices: tuple[str, ...]
    schema: Any = None


class TaskState(State, frozen=True, kw_only=True):
    """A task, folded from its stream.

    Attributes:
        status: Where it stands.
        terms: The rules it was submitted with.
        owner: The subject of the principal it belongs to.
        attempt: The number of the last attempt, 0 before the first.
        agent_id: Who holds it, or finished it; None while it waits.
        lease: The fencing token of that attempt.
        price: What that attempt costs, base units.
        tries: Attempts since the submission or the last retry by hand; the backoff grows by them.
        spent: Those of them that count against ``max_attempts``.
        ended_leases: The leases of the last attempts that are over, newest last.
        refusals: How many refused results were recorded.
        since: When it entered the queue, UTC: by its submission or the last retry by hand.
        report: The last report on the attempt in force.
        question: What its agent waits to be told.
        asked: How many questions were asked, ever.
        answered: The number of the last one that was answered, 0 before the first.
        rated: Its result was rated.
        hold: What was set aside to pay for it, last.
        holds: How often something was, ever.
        reward: What the last attempt earns beside its price.
        unfunded: Why that earns nothing.
    """

    status: TaskStatus
    terms: TaskTerms
    owner: str
    attempt: int = 0
    agent_id: str | None = None
    lease: str | None = None
    price: int = 0
    tries: int = 0
    spent: int = 0
    ended_leases: tuple[str, ...] = ()
    refusals: int = 0
    since: datetime
    report: Report | None = None
    question: Question | None = None
    asked: int = 0
    answered: int = 0
    rated: bool = False
    hold: CostHold | None = None
    holds: int = 0
    reward: RewardTerms | None = None
    unfunded: str = ""

    @property
    def live(self) -> bool:
        """Whether an agent holds it."""
        return self.status in LIVE

    @property
    def unfinished(self) -> bool:
        """Whether anything can still come of it without a retry by hand."""
        return self.status is TaskStatus.QUEUED or self.status in LIVE


def task_stream(task_id: str) -> str:
    """Return the stream id of a task."""
    return stream_of("task", task_id)


def evolve(state: TaskState | None, event: Event) -> TaskState:
    """Fold one event of the stream into the state.

    Raises:
        KeyError: The event is none of a task's.
    """
    return _FOLDS[type(event)](state, event)


def _submitted(_state: TaskState | None, event: TaskSubmitted) -> TaskState:
    return TaskState(
        status=TaskStatus.QUEUED,
        terms=terms_of(event.spec),
        owner=event.owner,
        since=event.submitted_at,
        hold=event.hold,
        holds=int(event.hold is not None),
    )


def _assigned(state: TaskState, event: TaskAssigned) -> TaskState:
    return replace(
        state,
        status=TaskStatus.ASSIGNED,
        attempt=event.attempt,
        agent_id=event.agent_id,
        lease=event.lease,
        price=event.price,
        tries=state.tries + 1,
        report=None,
        question=None,
        reward=event.reward,
        unfunded=event.unfunded,
    )


def _started(state: TaskState, _event: TaskStarted) -> TaskState:
    return replace(state, status=TaskStatus.RUNNING)


def _ended(state: TaskState, event: TaskFailed | TaskReleased) -> TaskState:
    # An attempt that was taken away before it began is no fault of the task: it costs it nothing.
    counts = isinstance(event, TaskFailed) or (state.status in BEGUN and event.lost)
    return replace(
        state,
        status=event.outcome,
        terms=_terms_after(state, event),
        question=None,
        agent_id=None,
        lease=None,
        price=0,
        spent=state.spent + counts,
        ended_leases=_ended_leases(state),
    )


def _requeued(state: TaskState, event: TaskRequeued) -> TaskState:
    return replace(
        state,
        status=TaskStatus.QUEUED,
        terms=event.terms,
        agent_id=None,
        lease=None,
        price=0,
        tries=0,
        spent=0,
        ended_leases=_ended_leases(state),
        since=event.at,
        question=None,
        hold=event.hold,
        holds=state.holds + (event.hold is not None),
    )


def _progressed(state: TaskState, event: TaskProgressed) -> TaskState:
    last = state.report
    report = Report(
        percent=last.percent if last and event.percent is None else event.percent,
        message=last.message if last and not event.message else event.message,
        at=event.at,
    )
    return replace(state, report=report)


def _input_requested(state: TaskState, event: TaskInputRequested) -> TaskState:
    question = Question(text=event.question, choices=event.choices, schema=event.schema)
    return replace(state, status=TaskStatus.INPUT_REQUIRED, question=question, asked=event.number)


def _input_given(state: TaskState, event: TaskInputGiven) -> TaskState:
    return replace(state, status=TaskStatus.RUNNING, question=None, answered=event.number)


def _reprioritised(state: TaskState, event: TaskReprioritised) -> TaskState:
    return replace(state, terms=replace(state.terms, priority=event.priority))


def _rated(state: TaskState, _event: TaskRated) -> TaskState:
    return replace(state, rated=True)


def _result_refused(state: TaskState, _event: TaskResultRefused) -> TaskState:
    return replace(state, refusals=state.refusals + 1)


def _to(status: TaskStatus) -> Callable[[TaskState, Event], TaskState]:
    return lambda state, _event: replace(state, status=status, question=None)


def _terms_after(state: TaskState, event: TaskFailed | TaskReleased) -> TaskTerms:
    if isinstance(event, TaskFailed) or not event.excluded:
        return state.terms
    wanted = state.terms.requirements
    excluded = (*wanted.excluded_agents, event.agent_id)
    return replace(state.terms, requirements=replace(wanted, excluded_agents=excluded))


def _ended_leases(state: TaskState) -> tuple[str, ...]:
    if state.lease is None:
        return state.ended_leases
    return (*state.ended_leases, state.lease)[-REMEMBERED_LEASES:]


# Any: each fold takes its own event type, and the first one takes no state.
_FOLDS: dict[type[Event], Callable[[Any, Any], TaskState]] = {
    TaskSubmitted: _submitted,
    TaskAssigned: _assigned,
    TaskStarted: _started,
    TaskProgressed: _progressed,
    TaskInputRequested: _input_requested,
    TaskInputGiven: _input_given,
    TaskReprioritised: _reprioritised,
    TaskRated: _rated,
    TaskCompleted: _to(TaskStatus.COMPLETED),
    TaskFailed: _ended,
    TaskReleased: _ended,
    TaskCancelled: _to(TaskStatus.CANCELLED),
    TaskExpired: _to(TaskStatus.EXPIRED),
    TaskRequeued: _requeued,
    TaskResultRefused: _result_refused,
}
