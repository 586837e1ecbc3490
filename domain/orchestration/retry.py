"""When a task is tried again, and when it is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from aia_mas.domain.orchestration.task import TaskState
from aia_mas.domain.orchestration.task_status import (
    AT_NO_COST,
    BEGUN,
    ReleaseReason,
    TaskStatus,
)

_AGENT_GONE = frozenset({ReleaseReason.AGENT_OFFLINE, ReleaseReason.AGENT_UNREGISTERED})


class Outcome(NamedTuple):
    """What becomes of a task after an attempt.

    Attributes:
        status: Queued, failed or dead.
        retry_at: When the next attempt may begin, UTC; None: at once, or never.
    """

    status: TaskStatus
    retry_at: datetime | None = None


def after_failure(
    state: TaskState, error_code: str, *, retryable: bool, jitter: float, now: datetime
) -> Outcome:
    """Return what becomes of a task whose agent gave up (``jitter``: 0..1)."""
    if not retryable or error_code in state.terms.non_retryable_codes:
        return Outcome(TaskStatus.FAILED)
    if state.spent + 1 >= state.terms.max_attempts:
        return Outcome(TaskStatus.DEAD)
    return _queued_again(state, jitter, now)


def after_release(
    state: TaskState, reason: ReleaseReason, *, jitter: float, now: datetime
) -> Outcome:
    """Return what becomes of a task that was taken from its agent (``jitter``: 0..1).

    An attempt that never began does not count against the task, so it is always queued again.
    """
    if reason in AT_NO_COST:
        return Outcome(TaskStatus.QUEUED)
    if state.status in BEGUN and state.spent + 1 >= state.terms.max_attempts:
        return Outcome(TaskStatus.DEAD)
    if reason in _AGENT_GONE:
        # Another agent may do at once what this one can do no more.
        return Outcome(TaskStatus.QUEUED)
    return _queued_again(state, jitter, now)


def _queued_again(state: TaskState, jitter: float, now: datetime) -> Outcome:
    delay = backoff_seconds(state, jitter)
    return Outcome(TaskStatus.QUEUED, now + timedelta(seconds=delay) if delay else None)


def backoff_seconds(state: TaskState, jitter: float) -> float:
    """Return the wait after the attempt under way, seconds: exponential, capped, then jittered.

    Args:
        state: The task during that attempt.
        jitter: 0 waits in full, 1 shorter by the task's whole ``backoff_jitter`` (at 0.5: "equal
            jitter", at 1: "full jitter", M. Brooker, AWS 2015); outside of 0..1 it counts as 0.
    """
    terms = state.terms
    # The exponent is bounded so that the power cannot overflow; every cap is reached before.
    exponent = min(max(state.tries - 1, 0), 64)
    delay = min(
        terms.backoff_base_seconds * terms.backoff_factor**exponent, terms.backoff_cap_seconds
    )
    return delay * (1.0 - terms.backoff_jitter * jitter if 0.0 <= jitter <= 1.0 else 1.0)
