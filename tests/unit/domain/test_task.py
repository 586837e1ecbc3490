"""A task: submission, assignment, execution, failure, release, ending."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from aia_mas.domain.kernel import Role
from aia_mas.domain.kernel.money import MAX_AMOUNT
from aia_mas.domain.orchestration.agent_events import (
    AgentDrained,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.labels import Comparator, LabelCondition
from aia_mas.domain.orchestration.task_commands import (
    Assignment,
    AssignTask,
    CancelTask,
    CompleteTask,
    ExpireTask,
    FailTask,
    RecordProgress,
    ReleaseTask,
    RetryTask,
    StartTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCancelled,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskProgressed,
    TaskReleased,
    TaskRequeued,
    TaskResultRefused,
    TaskStarted,
    TaskSubmitted,
    Usage,
)
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
    required_skills,
    terms_of,
)
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
PLAIN = TaskSpecification(task_type="analysis", max_attempts=2)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def submitted(**spec: Any) -> TaskSubmitted:
    fields = {"task_type": "analysis", "max_attempts": 2, **spec}
    return TaskSubmitted(spec=TaskSpecification(**fields), submitted_at=NOW, owner="alice")


def assigned(attempt: int = 1, agent_id: str = "a1") -> TaskAssigned:
    return TaskAssigned(
        agent_id=agent_id,
        attempt=attempt,
        lease=f"L{attempt}",
        lease_seconds=60.0,
        assigned_at=NOW,
        price=7,
    )


def started(attempt: int = 1, agent_id: str = "a1") -> TaskStarted:
    return TaskStarted(agent_id=agent_id, attempt=attempt, lease=f"L{attempt}", started_at=NOW)


def completed(**changes: Any) -> TaskCompleted:
    fields = {"agent_id": "a1", "attempt": 1, "lease": "L1", "completed_at": NOW}
    return TaskCompleted(**{**fields, **changes})


def failed(attempt: int = 1, *, retry_in: float | None = 1.0, **changes: Any) -> TaskFailed:
    fields = {
        "agent_id": "a1",
        "attempt": attempt,
        "error_code": "failed",
        "retryable": True,
        "retry_at": None if retry_in is None else after(retry_in),
        "outcome": TaskStatus.QUEUED,
        "failed_at": NOW,
    }
    return TaskFailed(**{**fields, **changes})


def released(attempt: int = 1, *, retry_in: float | None = None, **changes: Any) -> TaskReleased:
    fields = {
        "agent_id": "a1",
        "attempt": attempt,
        "reason": ReleaseReason.AGENT_OFFLINE,
        "retry_at": None if retry_in is None else after(retry_in),
        "outcome": TaskStatus.QUEUED,
        "released_at": NOW,
    }
    return TaskReleased(**{**fields, **changes})


def refused(lease: str, action: str, agent_id: str = "a1") -> TaskResultRefused:
    return TaskResultRefused(
        agent_id=agent_id, lease=lease, action=action, reason="stale_lease", at=NOW
    )


SUBMITTED, ASSIGNED, STARTED = submitted(), assigned(), started()
RUNNING = (SUBMITTED, ASSIGNED, STARTED)
REGISTERED = AgentRegistered(capabilities=Capabilities(), owner="bob", registered_at=NOW)
FINISHED = {
    "completed": (*RUNNING, completed()),
    "failed": (*RUNNING, failed(retry_in=None, retryable=False, outcome=TaskStatus.FAILED)),
    "dead": (*RUNNING, failed(retry_in=None, outcome=TaskStatus.DEAD)),
    "cancelled": (SUBMITTED, TaskCancelled(by="alice", at=NOW)),
    "expired": (submitted(deadline=LATER), TaskExpired(at=LATER)),
}


def act(kind: type, lease: str = "L1", agent_id: str = "a1", **changes: Any) -> Any:
    return kind(task_id="t1", agent_id=agent_id, lease=lease, **changes)


def assign(attempt: int = 1, **changes: Any) -> AssignTask:
    fields = {"task_id": "t1", "agent_id": "a1", "lease": f"L{attempt}", "price": 7}
    return AssignTask(**{**fields, "attempt": attempt, "lease_seconds": 60.0, **changes})


# ---------------------------------------------------------------------------------- submission


def test_a_plain_life_takes_four_events(a_task):
    a_task.when(SubmitTask(task_id="t1", spec=PLAIN)).then(SUBMITTED, result="queued")
    a_task.beside(REGISTERED).when(assign()).then(ASSIGNED)
    a_task.when(act(StartTask)).then(STARTED)
    a_task.when(act(CompleteTask, result={"n": 1})).then(completed(result={"n": 1}))

    assert a_task.state.status is TaskStatus.COMPLETED


def test_submission_and_assignment_may_be_one(a_task):
    assignment = Assignment(agent_id="a1", lease="L1", lease_seconds=60.0, price=7)

    a_task.beside(REGISTERED).when(SubmitTask(task_id="t1", spec=PLAIN, assignment=assignment))
    a_task.then(SUBMITTED, ASSIGNED, result="assigned")


@pytest.mark.parametrize(
    "agent_events",
    [(), (REGISTERED, AgentWentOffline(at=NOW)), (REGISTERED, AgentSuspended(at=NOW))],
)
def test_a_submission_outlives_an_obsolete_assignment(a_task, agent_events):
    assignment = Assignment(agent_id="a1", lease="L1", lease_seconds=60.0)

    a_task.beside(*agent_events).when(SubmitTask(task_id="t1", spec=PLAIN, assignment=assignment))
    a_task.then(SUBMITTED, result="queued")


def test_a_task_is_submitted_once(a_task):
    a_task.given(SUBMITTED).when(SubmitTask(task_id="t1", spec=PLAIN))
    a_task.then_refused("task_already_submitted")


@pytest.mark.parametrize(
    ("spec", "code", "field"),
    [
        ({"task_type": ""}, "invalid_text", "task_type"),
        ({"task_type": "x" * 129}, "invalid_text", "task_type"),
        ({"description": "x" * 10_001}, "invalid_text", "description"),
        ({"description": "\0"}, "invalid_text", "description"),
        ({"payload": {"a": ["\0"]}}, "invalid_text", "payload"),
        ({"payload": {"\0": 1}}, "invalid_text", "payload"),
        ({"payload": {1: 1}}, "invalid_text", "payload"),
        ({"payload": float("inf")}, "invalid_value", "payload"),
        ({"max_cost": -1}, "negative_amount", "max_cost"),
        ({"max_cost": MAX_AMOUNT + 1}, "amount_too_large", "max_cost"),
        ({"deadline": NOW}, "invalid_value", "deadline"),
        ({"deadline": LATER.replace(tzinfo=None)}, "invalid_value", "deadline"),
        ({"deadline": LATER, "not_before": LATER}, "invalid_value", "not_before"),
        ({"not_before": LATER.replace(tzinfo=None)}, "invalid_value", "not_before"),
        ({"timeout_seconds": 0.5}, "invalid_value", "timeout_seconds"),
        ({"timeout_seconds": float("nan")}, "invalid_value", "timeout_seconds"),
        ({"lease_seconds": 0.0}, "invalid_value", "lease_seconds"),
        ({"lease_seconds": 86_401.0}, "invalid_value", "lease_seconds"),
        ({"max_attempts": 0}, "invalid_value", "max_attempts"),
        ({"backoff_base_seconds": -1.0}, "invalid_value", "backoff_base_seconds"),
        ({"backoff_factor": 0.5}, "invalid_value", "backoff_factor"),
        ({"backoff_cap_seconds": float("inf")}, "invalid_value", "backoff_cap_seconds"),
        ({"lease_seconds": -1.0}, "invalid_value", "lease_seconds"),
        ({"max_attempts": 101}, "invalid_value", "max_attempts"),
        ({"backoff_cap_seconds": 0.5}, "invalid_value", "backoff_cap_seconds"),
        ({"backoff_jitter": 1.5}, "invalid_value", "backoff_jitter"),
        ({"non_retryable_codes": ("a", "")}, "invalid_text", "non_retryable_codes.1"),
        ({"dedup_key": ""}, "invalid_text", "dedup_key"),
        ({"tags": ("",)}, "invalid_text", "tags.0"),
        ({"payer": ""}, "invalid_text", "payer"),
        ({"parent": "x" * 256}, "invalid_text", "parent"),
        ({"correlation": "\0"}, "invalid_text", "correlation"),
        (
            {"requirements": Requirements(skills={"x": 1.5})},
            "invalid_skill_level",
            "requirements.skills.x",
        ),
        (
            {"requirements": Requirements(labels={"": ""})},
            "invalid_text",
            "requirements.labels",
        ),
        *(
            ({"requirements": Requirements(labels=labels)}, code, f"requirements.labels{field}")
            for labels, code, field in (
                ((LabelCondition(""),), "invalid_text", ".0.key"),
                ((LabelCondition("a"),), "invalid_label_comparator", ".0.value"),
                ((LabelCondition("a", Comparator.IN),), "invalid_label_comparator", ".0.values"),
                (
                    (LabelCondition("a", Comparator.IN, "x", ("x",)),),
                    "invalid_label_comparator",
                    ".0.value",
                ),
                (
                    (LabelCondition("a", Comparator.IN, values=("x", "y" * 129)),),
                    "invalid_text",
                    ".0.values.1",
                ),
                (
                    (LabelCondition("a", Comparator.EQUAL, "x", ("x",)),),
                    "invalid_label_comparator",
                    ".0.values",
                ),
                *(
                    (
                        (LabelCondition("a", value="x"), LabelCondition("a", op, operand)),
                        "invalid_label_comparator",
                        ".1.value",
                    )
                    for op in map(Comparator, (">", ">=", "<", "<="))
                    for operand in ("large", "", "1e3", "0x1", " 1", "1" * 19)
                ),
                ((LabelCondition("a", value="x", preferred=True),) * 17, "invalid_value", ""),
                ((LabelCondition("a", value="x"),) * 257, "invalid_value", ""),
            )
        ),
        (
            {"requirements": Requirements(resources={"gpu": -0.5})},
            "invalid_resource_amount",
            "requirements.resources.gpu",
        ),
        (
            {"requirements": Requirements(resources={"gpu": float("nan")})},
            "invalid_resource_amount",
            "requirements.resources.gpu",
        ),
        (
            {"requirements": Requirements(sticky_key="")},
            "invalid_text",
            "requirements.sticky_key",
        ),
        (
            {"requirements": Requirements(sticky_key="x" * 256)},
            "invalid_text",
            "requirements.sticky_key",
        ),
        (
            {"requirements": Requirements(excluded_agents=("a b",))},
            "invalid_id",
            "requirements.excluded_agents.0",
        ),
        (
            {"requirements": Requirements(preferred_agents=("a",) * 257)},
            "invalid_value",
            "requirements.preferred_agents",
        ),
    ],
)
def test_bad_specifications_are_refused(a_task, spec, code, field):
    spec = TaskSpecification(**{"task_type": "analysis", **spec})

    a_task.when(SubmitTask(task_id="t1", spec=spec)).then_refused(code, field=field)


def test_payloads_are_not_nested_without_end(a_task):
    payload: Any = 0
    for _ in range(65):
        payload = [payload]

    a_task.when(SubmitTask(task_id="t1", spec=TaskSpecification(task_type="x", payload=payload)))
    a_task.then_refused("invalid_value", field="payload")


def test_skills_may_be_a_list_of_names():
    assert required_skills(["a", "b"]) == {"a": 0.0, "b": 0.0}
    assert required_skills({"a": 0.5}) == {"a": 0.5}


def test_classes_are_offsets_in_time():
    offsets = [priority.offset_seconds for priority in Priority]

    assert offsets == [0.0, 10.0, 60.0, 600.0, 3600.0]


# ---------------------------------------------------------------------------------- assignment


@pytest.mark.parametrize(
    ("task_events", "agent_events", "attempt"),
    [
        ((), (REGISTERED,), 1),
        ((SUBMITTED, ASSIGNED), (REGISTERED,), 2),
        (RUNNING, (REGISTERED,), 2),
        (FINISHED["completed"], (REGISTERED,), 2),
        ((SUBMITTED,), (REGISTERED,), 2),
        ((SUBMITTED,), (), 1),
        ((SUBMITTED,), (REGISTERED, AgentWentOffline(at=NOW)), 1),
        ((SUBMITTED,), (REGISTERED, AgentDrained(at=NOW)), 1),
        ((SUBMITTED,), (REGISTERED, AgentSuspended(at=NOW)), 1),
        ((SUBMITTED,), (REGISTERED, AgentUnregistered(at=NOW)), 1),
    ],
)
def test_assignments_overtaken_by_events_are_refused(a_task, task_events, agent_events, attempt):
    a_task.given(*task_events).beside(*agent_events).when(assign(attempt))
    a_task.then_refused("assignment_obsolete")


def test_nothing_is_assigned_past_its_deadline(a_task):
    a_task.given(submitted(deadline=LATER)).beside(REGISTERED).at(LATER).when(assign())
    a_task.then_refused("assignment_obsolete")


# ----------------------------------------------------------------------------------- execution


def test_a_lost_reply_to_a_start_is_harmless(a_task):
    a_task.given(SUBMITTED, ASSIGNED).when(act(StartTask)).then(STARTED)
    a_task.when(act(StartTask)).then()


def test_progress_takes_up_the_work(a_task):
    progress = act(RecordProgress, percent=40.0, message="reading")
    progressed = TaskProgressed(agent_id="a1", attempt=1, percent=40.0, message="reading", at=NOW)

    a_task.given(SUBMITTED, ASSIGNED).when(progress).then(STARTED, progressed)
    a_task.when(progress).then()


def test_completion_without_a_start_counts(a_task):
    a_task.given(SUBMITTED, ASSIGNED).when(act(CompleteTask)).then(completed())


def test_a_second_completion_is_told_so(a_task):
    a_task.given(*FINISHED["completed"]).when(act(CompleteTask))
    a_task.then_refused("task_already_completed")


@pytest.mark.parametrize("kind", [StartTask, RecordProgress, CompleteTask, FailTask])
def test_another_agent_is_turned_away(a_task, kind):
    a_task.given(*RUNNING)
    a_task.when(act(kind, agent_id="a2")).then_refused("not_assigned_to_agent")
    a_task.when(act(kind, agent_id="a2", lease="x")).then_refused("not_assigned_to_agent")


@pytest.mark.parametrize("kind", [StartTask, RecordProgress, CompleteTask, FailTask])
def test_an_unknown_task_is_not_found(a_task, kind):
    a_task.when(act(kind)).then_refused("task_not_found")


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (StartTask, "start"),
        (RecordProgress, "progress"),
        (CompleteTask, "complete"),
        (FailTask, "fail"),
    ],
)
@pytest.mark.parametrize(
    "since",
    [
        (released(),),
        (released(), assigned(2, "a2")),
        (released(), assigned(2, "a1"), started(2, "a1")),
        (failed(), assigned(2, "a2"), completed(agent_id="a2", attempt=2, lease="L2")),
        (released(outcome=TaskStatus.DEAD),),
    ],
)
def test_a_stale_lease_is_recorded_and_changes_nothing(a_task, kind, action, since):
    before = a_task.given(*RUNNING, *since).state

    a_task.when(act(kind)).then_refused("stale_lease", refused("L1", action))
    changed = {
        name
        for name in before.__struct_fields__
        if getattr(before, name) != getattr(a_task.state, name)
    }
    assert changed == {"refusals"}


def test_a_lease_made_up_by_the_holder_is_stale(a_task):
    a_task.given(*RUNNING).when(act(CompleteTask, lease="x"))
    a_task.then_refused("stale_lease", refused("x", "complete"))


def test_refusals_are_recorded_ten_times_at_most(a_task):
    a_task.given(*RUNNING, released())
    for _ in range(10):
        a_task.when(act(CompleteTask)).then_refused("stale_lease", refused("L1", "complete"))
    a_task.when(act(CompleteTask)).then_refused("stale_lease")


def test_a_task_remembers_its_last_leases_only(a_task):
    a_task.given(SUBMITTED)
    for attempt in range(1, 19):
        a_task.given(assigned(attempt), released(attempt))

    assert a_task.state.ended_leases == tuple(f"L{n}" for n in range(3, 19))
    a_task.when(act(CompleteTask, lease="L2")).then_refused("not_assigned_to_agent")


@pytest.mark.parametrize("ending", ["cancelled", "expired"])
def test_the_holder_of_a_task_called_off_learns_that(a_task, ending):
    events = {"cancelled": TaskCancelled(by="x", at=NOW), "expired": TaskExpired(at=NOW)}

    code = {"cancelled": "task_cancelled", "expired": "task_already_finished"}[ending]

    a_task.given(*RUNNING, events[ending]).when(act(CompleteTask))
    a_task.then_refused(code, msgspec.structs.replace(refused("L1", "complete"), reason=code))
    assert a_task.state.status == ending
    assert a_task.decision.refusal.facts == {"status": ending}


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (act(RecordProgress, percent=100.1), "invalid_value", "percent"),
        (act(RecordProgress, message="\0"), "invalid_text", "message"),
        (act(CompleteTask, quality=1.1), "invalid_value", "quality"),
        (act(CompleteTask, quality=float("nan")), "invalid_value", "quality"),
        (act(CompleteTask, result=["\0"]), "invalid_text", "result"),
        (act(CompleteTask, usage=Usage(tokens_in=-1)), "invalid_value", "usage.tokens_in"),
        (act(CompleteTask, usage=Usage(cost=-1)), "negative_amount", "usage.cost"),
        (act(CompleteTask, usage=Usage(model="m" * 129)), "invalid_text", "usage.model"),
        (act(FailTask, error_code=""), "invalid_text", "error_code"),
        (act(FailTask, message="x" * 10_001), "invalid_text", "message"),
    ],
)
def test_what_agents_send_is_bounded(a_task, command, code, field):
    a_task.given(*RUNNING).when(command).then_refused(code, field=field)


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
    }
    retry_in = None if reason in at_once else 1.0

    a_task.given(submitted(max_attempts=1), ASSIGNED)
    a_task.when(ReleaseTask(task_id="t1", attempt=1, reason=reason))
    a_task.then(released(reason=reason, retry_in=retry_in), result="queued")
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
    a_task.when(RetryTask(task_id="t1", deadline=later)).then_refused("invalid_value")
    a_task.when(RetryTask(task_id="t1", deadline=new, by="ops"))
    assert a_task.decision.events[0][1].terms.deadline == new
    assert spec.deadline == LATER


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
