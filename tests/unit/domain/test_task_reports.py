"""What an agent tells while it works and when it is done: progress, results, what they cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aia_mas.domain.orchestration.task_commands import CompleteTask, FailTask, RecordProgress
from aia_mas.domain.orchestration.task_events import TaskFailed, TaskProgressed, Usage
from aia_mas.domain.orchestration.task_specification import CostPolicy
from aia_mas.domain.orchestration.task_status import TaskStatus

from .task_stories import (
    ASSIGNED,
    NOW,
    RUNNING,
    STARTED,
    act,
    assigned,
    completed,
    failed,
    refused,
    started,
    submitted,
)

SECOND = timedelta(seconds=1)


def report(**fields: Any) -> RecordProgress:
    progress: RecordProgress = act(RecordProgress, **fields)
    return progress


def told(**fields: Any) -> TaskProgressed:
    return TaskProgressed(**{"agent_id": "a1", "attempt": 1, "at": NOW, **fields})


def cost(units: int) -> CompleteTask:
    command: CompleteTask = act(CompleteTask, usage=Usage(cost=units))
    return command


# ------------------------------------------------------------------------------------ progress


def test_one_report_tells_all_there_is(a_task):
    everything = {"percent": 5.0, "message": "m", "partial": {"rows": [1]}, "log": ("a", "", "ü")}
    a_task.given(*RUNNING).when(report(**everything)).then(told(**everything))


def test_what_says_nothing_new_leaves_no_event(a_task):
    a_task.given(*RUNNING).when(report(percent=5.0, message="m")).then(
        told(percent=5.0, message="m")
    )
    a_task.at(NOW + 60 * SECOND)
    for nothing in ({}, {"percent": 5.0}, {"message": "m"}, {"percent": 5.0, "message": "m"}):
        a_task.when(report(**nothing)).then()


@pytest.mark.parametrize("news", [{"message": "n"}, {"partial": 0}, {"log": ("line",)}])
def test_words_results_and_lines_are_always_news(a_task, news):
    a_task.given(*RUNNING, told(percent=5.0, message="m"))
    a_task.when(report(percent=5.0, **news)).then(told(percent=5.0, **news))


def test_small_steps_in_a_short_while_leave_one_event(a_task):
    a_task.given(*RUNNING, told(percent=5.0))
    a_task.when(report(percent=5.9)).then()
    a_task.when(report(percent=6.0)).then(told(percent=6.0))
    a_task.at(NOW + SECOND).when(report(percent=6.1)).then(told(percent=6.1, at=NOW + SECOND))
    # The clock was set back: what was told then may be from long ago.
    a_task.at(NOW - SECOND).when(report(percent=6.2)).then(told(percent=6.2, at=NOW - SECOND))


def test_a_new_attempt_tells_its_own_story(a_task):
    a_task.given(*RUNNING, told(percent=5.0), failed(), assigned(2), started(2))
    a_task.when(act(RecordProgress, lease="L2", percent=5.0)).then(told(attempt=2, percent=5.0))


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"percent": -1.0}, "invalid_value", "percent"),
        ({"percent": float("nan")}, "invalid_value", "percent"),
        ({"message": "x" * 10_001}, "invalid_text", "message"),
        ({"partial": {"a": "\0"}}, "invalid_text", "partial"),
        ({"partial": "x" * 70_000}, "invalid_value", "partial"),
        ({"log": ("x",) * 101}, "invalid_value", "log"),
        ({"log": ("x", "x" * 1_001)}, "invalid_text", "log.1"),
        ({"log": ("\0",)}, "invalid_text", "log.0"),
    ],
)
def test_a_report_has_bounds(a_task, fields, code, field):
    a_task.given(*RUNNING).when(report(**fields)).then_refused(code, field=field)


# ---------------------------------------------------------------------------------------- cost


def test_a_result_within_its_bound_is_not_flagged(a_task):
    a_task.given(submitted(max_cost=10), ASSIGNED, STARTED).when(cost(10))
    a_task.then(completed(usage=Usage(cost=10)))


def test_an_excess_is_flagged(a_task):
    a_task.given(submitted(max_cost=10), ASSIGNED, STARTED).when(cost(11))
    a_task.then(completed(usage=Usage(cost=11), over_max_cost=True))


def test_an_excess_is_refused_where_the_policy_says_so_and_the_attempt_goes_on(a_task):
    spec = submitted(max_cost=10, cost_policy=CostPolicy.REFUSE)
    a_task.given(spec, ASSIGNED, STARTED).when(cost(11))
    a_task.then_refused(
        "cost_exceeded",
        type(refused("L1", "complete"))(
            agent_id="a1", lease="L1", action="complete", reason="cost_exceeded", at=NOW
        ),
    )
    assert (a_task.state.status, a_task.state.lease) == ("running", "L1")
    a_task.when(cost(10)).then(completed(usage=Usage(cost=10)))


def test_without_a_cost_of_its_own_the_price_counts(a_task):
    """The agent takes 7; that was within the bound when it was assigned."""
    spec = submitted(max_cost=6, cost_policy=CostPolicy.REFUSE)
    a_task.given(spec, ASSIGNED, STARTED)
    a_task.when(act(CompleteTask))
    assert a_task.decision.refusal.code == "cost_exceeded"
    a_task.when(act(CompleteTask, usage=Usage(tokens_in=5)))
    assert a_task.decision.refusal.code == "cost_exceeded"


def test_without_a_bound_nothing_is_too_much(a_task):
    a_task.given(submitted(cost_policy=CostPolicy.REFUSE), ASSIGNED, STARTED).when(cost(10**30))
    a_task.then(completed(usage=Usage(cost=10**30)))


# --------------------------------------------------------------------------------- retry policy


def test_some_errors_are_final(a_task):
    a_task.given(submitted(non_retryable_codes=("bad_input",)), ASSIGNED, STARTED)
    a_task.when(act(FailTask, error_code="bad_input"))
    a_task.then(
        failed(retry_in=None, error_code="bad_input", outcome=TaskStatus.FAILED), result="failed"
    )


@pytest.mark.parametrize(
    ("fraction", "random", "wait"),
    [(0.5, 0.0, 8.0), (0.5, 1.0, 4.0), (0.0, 1.0, 8.0), (1.0, 0.75, 2.0), (0.5, 7.0, 8.0)],
)
def test_a_wait_is_shortened_by_at_most_the_task_s_fraction(a_task, fraction, random, wait):
    spec = submitted(backoff_base_seconds=8.0, backoff_jitter=fraction)
    a_task.given(spec, ASSIGNED, STARTED).when(act(FailTask, jitter=random))
    event = a_task.decision.events[0][1]
    assert isinstance(event, TaskFailed)
    assert event.retry_at == NOW + wait * SECOND
