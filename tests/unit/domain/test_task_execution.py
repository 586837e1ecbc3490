"""A task: what its agent does with it, and what others may not."""

import msgspec
import pytest

from aia_mas.domain.orchestration.task_commands import (
    CompleteTask,
    FailTask,
    RecordProgress,
    StartTask,
)
from aia_mas.domain.orchestration.task_events import (
    TaskCancelled,
    TaskExpired,
    TaskProgressed,
    Usage,
)
from aia_mas.domain.orchestration.task_status import TaskStatus

from .task_stories import (
    ASSIGNED,
    FINISHED,
    NOW,
    RUNNING,
    STARTED,
    SUBMITTED,
    act,
    assigned,
    completed,
    failed,
    refused,
    released,
    started,
)

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
