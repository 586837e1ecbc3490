"""A task: failures, releases, endings, and tries once more."""

from datetime import timedelta

import pytest

from aia_mas.domain.kernel import Role
from aia_mas.domain.orchestration.task_commands import (
    CancelTask,
    ExpireTask,
    FailTask,
    ReleaseTask,
    RetryTask,
)
from aia_mas.domain.orchestration.task_events import (
    TaskCancelled,
    TaskExpired,
    TaskRequeued,
)
from aia_mas.domain.orchestration.task_specification import (
    TaskSpecification,
    terms_of,
)
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

from .task_stories import (
    ASSIGNED,
    FINISHED,
    LATER,
    NOW,
    PLAIN,
    RUNNING,
    SUBMITTED,
    act,
    assigned,
    completed,
    failed,
    released,
    started,
    submitted,
)

# ------------------------------------------------------------------------------ failure, release


def test_a_failure_is_tried_again_until_attempts_run_out(a_task):
    a_task.given(*RUNNING).when(act(FailTask)).then(failed(retry_in=1.0), result="queued")
    a_task.given(assigned(2), started(2)).when(act(FailTask, "L2"))
    a_task.then(failed(2, retry_in=None, outcome=TaskStatus.DEAD), result="dead")


def test_a_failure_beyond_remedy_is_final(a_task):
    a_task.given(*RUNNING).when(act(FailTask, retryable=False, error_code="bad", message="m"))
    a_task.then(
        failed(
            retry_in=None,
            retryable=False,
            outcome=TaskStatus.FAILED,
            error_code="bad",
            message="m",
        )
    )


@pytest.mark.parametrize(
    ("attempt", "jitter", "seconds"),
    [
        (1, 0.0, 1.0),
        (2, 0.0, 2.0),
        (3, 0.0, 4.0),
        (4, 0.0, 5.0),
        (60, 0.0, 5.0),
        (1, 1.0, 0.5),
        (3, 0.5, 3.0),
        (1, float("nan"), 1.0),
        (1, -3.0, 1.0),
    ],
)
def test_the_wait_doubles_up_to_a_cap_and_is_jittered(a_task, attempt, jitter, seconds):
    a_task.given(submitted(max_attempts=100, backoff_cap_seconds=5.0))
    for earlier in range(1, attempt):
        a_task.given(assigned(earlier), failed(earlier))
    a_task.given(assigned(attempt)).when(act(FailTask, f"L{attempt}", jitter=jitter))
    a_task.then(failed(attempt, retry_in=seconds))


def test_no_wait_is_no_time(a_task):
    a_task.given(submitted(backoff_base_seconds=0.0), ASSIGNED).when(act(FailTask))
    a_task.then(failed(retry_in=None))


@pytest.mark.parametrize("reason", list(ReleaseReason))
def test_a_release_before_the_start_costs_no_attempt(a_task, reason):
    at_once = {
        ReleaseReason.AGENT_OFFLINE,
        ReleaseReason.AGENT_UNREGISTERED,
        ReleaseReason.REASSIGNED,
        ReleaseReason.AGENT_SUSPENDED,
        ReleaseReason.ENDPOINT_DISABLED,
    }
    retry_in = None if reason in at_once else 1.0

    a_task.given(submitted(max_attempts=1), ASSIGNED)
    a_task.when(ReleaseTask(task_id="t1", attempt=1, reason=reason))
    a_task.then(released(reason=reason, retry_in=retry_in, begun=False), result="queued")
    assert a_task.state.spent == 0
    assert a_task.state.attempt == 1


def test_a_release_after_the_start_costs_an_attempt(a_task):
    release = ReleaseTask(task_id="t1", attempt=1, reason=ReleaseReason.LEASE_EXPIRED)
    lost = ReleaseReason.LEASE_EXPIRED

    a_task.given(*RUNNING).when(release).then(released(reason=lost, retry_in=1.0))
    a_task.given(assigned(2), started(2))
    a_task.when(ReleaseTask(task_id="t1", attempt=2, reason=lost))
    a_task.then(released(2, reason=lost, outcome=TaskStatus.DEAD), result="dead")


@pytest.mark.parametrize(
    ("events", "attempt", "reason"),
    [
        ((SUBMITTED,), 1, ReleaseReason.AGENT_OFFLINE),
        ((*RUNNING,), 2, ReleaseReason.AGENT_OFFLINE),
        ((*RUNNING, failed(), assigned(2)), 1, ReleaseReason.AGENT_OFFLINE),
        (FINISHED["completed"], 1, ReleaseReason.LEASE_EXPIRED),
        (RUNNING, 1, ReleaseReason.NOT_STARTED),
        (RUNNING, 1, ReleaseReason.AGENT_SUSPENDED),
    ],
)
def test_a_release_of_an_attempt_that_is_over_is_refused(a_task, events, attempt, reason):
    a_task.given(*events).when(ReleaseTask(task_id="t1", attempt=attempt, reason=reason))
    a_task.then_refused("assignment_obsolete")


# -------------------------------------------------------------------------------------- endings


def test_cancelling_is_idempotent(a_task):
    cancel = CancelTask(task_id="t1", reason="r", by="ops")
    cancelled = TaskCancelled(agent_id="a1", attempt=1, reason="r", by="ops", at=NOW)

    a_task.given(*RUNNING).when(cancel).then(cancelled)
    a_task.when(cancel).then()


@pytest.mark.parametrize("ending", ["completed", "failed", "dead", "expired"])
def test_what_is_finished_cannot_be_cancelled(a_task, ending):
    a_task.given(*FINISHED[ending]).when(CancelTask(task_id="t1"))
    a_task.then_refused("task_already_finished")


def test_a_cancellation_is_bounded(a_task):
    a_task.given(SUBMITTED)
    a_task.when(CancelTask(task_id="t1", reason="\0")).then_refused("invalid_text", field="reason")


def test_expiry_needs_a_deadline_that_has_passed(a_task):
    expire = ExpireTask(task_id="t1")

    a_task.given(submitted(deadline=LATER), ASSIGNED)
    a_task.when(expire).then_refused("task_not_finished")
    a_task.at(LATER).when(expire).then(TaskExpired(agent_id="a1", attempt=1, at=LATER))
    a_task.when(expire).then()


def test_expiry_of_what_made_it_is_refused(a_task):
    a_task.given(*FINISHED["completed"]).when(ExpireTask(task_id="t1"))
    a_task.then_refused("task_already_finished")


@pytest.mark.parametrize("ending", ["failed", "dead", "cancelled"])
def test_a_retry_by_hand_renews_the_attempts(a_task, ending):
    events = FINISHED[ending]
    attempt = 1 if ending != "cancelled" else 0
    terms = terms_of(PLAIN)
    requeued = TaskRequeued(attempt=attempt, terms=terms, by="alice", at=NOW, owner="alice")

    a_task.given(*events).when(RetryTask(task_id="t1")).then(requeued)
    assert (a_task.state.tries, a_task.state.spent) == (0, 0)
    assert a_task.state.attempt == attempt
    a_task.when(RetryTask(task_id="t1")).then()


def test_a_retry_lifts_a_deadline_that_has_passed_or_sets_another(a_task):
    spec = submitted(deadline=LATER).spec
    free, later = TaskSpecification(task_type="analysis", max_attempts=2), LATER
    new = LATER + timedelta(hours=1)

    a_task.given(*FINISHED["expired"]).at(later).when(RetryTask(task_id="t1"))
    a_task.then(TaskRequeued(attempt=0, terms=terms_of(free), by="alice", at=later, owner="alice"))
    a_task.given(TaskCancelled(by="x", at=later))
    a_task.when(RetryTask(task_id="t1", deadline=later)).then_refused("deadline_passed")
    a_task.when(RetryTask(task_id="t1", deadline=new, by="ops"))
    assert a_task.decision.events[0][1].terms.deadline == new
    assert spec.deadline == LATER


@pytest.mark.parametrize("events", [(SUBMITTED,), RUNNING, FINISHED["completed"]])
def test_a_deadline_that_has_passed_is_a_mistake_wherever_the_task_stands(a_task, events):
    a_task.given(*events).when(RetryTask(task_id="t1", deadline=NOW)).then_refused(
        "deadline_passed"
    )


def test_a_retry_keeps_a_deadline_that_is_still_ahead(a_task):
    a_task.given(submitted(deadline=LATER), TaskCancelled(by="x", at=NOW))
    a_task.when(RetryTask(task_id="t1"))

    assert a_task.decision.events[0][1].terms.deadline == LATER


def test_only_what_ended_badly_is_tried_again(a_task):
    a_task.when(RetryTask(task_id="t1")).then_refused("task_not_found")
    a_task.given(*RUNNING).when(RetryTask(task_id="t1")).then_refused("task_not_finished")
    a_task.given(completed()).when(RetryTask(task_id="t1")).then_refused("task_already_finished")


@pytest.mark.parametrize(
    "command",
    [
        CancelTask(task_id="t1"),
        ExpireTask(task_id="t1"),
        ReleaseTask(task_id="t1", attempt=1, reason=ReleaseReason.TIMED_OUT),
    ],
)
def test_commands_about_an_unknown_task_find_nothing(a_task, command):
    a_task.when(command).then_refused("task_not_found")


@pytest.mark.parametrize(
    ("command", "before"),
    [
        (CancelTask(task_id="t1"), RUNNING),
        (CancelTask(task_id="t1"), FINISHED["cancelled"]),
        (RetryTask(task_id="t1"), FINISHED["dead"]),
        (RetryTask(task_id="t1"), (SUBMITTED,)),
    ],
)
def test_a_task_is_its_owners_to_call_off_and_to_try_again(a_task, command, before):
    a_task.given(*before)
    for subject, role in (("mallory", Role.CLIENT), ("a1", Role.AGENT), ("v", Role.VIEWER)):
        a_task.by(subject, role).when(command).then_refused("permission_denied")
    for subject, role in (("alice", Role.CLIENT), ("ops", Role.OPERATOR), ("root", Role.ADMIN)):
        assert a_task.by(subject, role).when(command).decision.refusal is None
