"""An agent asks while it works, somebody answers, and the task goes on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aia_mas.domain.kernel import Role
from aia_mas.domain.orchestration.task_commands import (
    AskForInput,
    CancelTask,
    CompleteTask,
    GiveInput,
    RecordProgress,
    ReleaseTask,
    StartTask,
)
from aia_mas.domain.orchestration.task_events import (
    TaskCancelled,
    TaskCompleted,
    TaskInputGiven,
    TaskInputRequested,
    TaskProgressed,
)
from aia_mas.domain.orchestration.task_input import MAX_QUESTIONS
from aia_mas.domain.orchestration.task_status import ReleaseReason, TaskStatus

from .task_stories import ASSIGNED, NOW, RUNNING, STARTED, SUBMITTED, act, refused, released

HELD = {"task_id": "t1", "agent_id": "a1", "lease": "L1"}


def ask(question: str = "which?", **fields: Any) -> AskForInput:
    return AskForInput(**{**HELD, "question": question, **fields})


def give(answer: Any = "this", **fields: Any) -> GiveInput:
    return GiveInput(task_id="t1", answer=answer, **fields)


def requested(number: int = 1, question: str = "which?", **fields: Any) -> TaskInputRequested:
    return TaskInputRequested(
        agent_id="a1", attempt=1, number=number, question=question, at=NOW, **fields
    )


def given(number: int = 1, answer: Any = "this", by: str = "alice") -> TaskInputGiven:
    return TaskInputGiven(agent_id="a1", attempt=1, number=number, answer=answer, by=by, at=NOW)


WAITING = (*RUNNING, requested())


def test_a_question_is_answered_and_the_task_goes_on(a_task):
    a_task.given(*RUNNING).when(ask(choices=("this", "that"), schema={"type": "string"}))
    a_task.then(requested(choices=("this", "that"), schema={"type": "string"}), result=1)
    assert (a_task.state.status, a_task.state.live) == ("input_required", True)

    a_task.when(give()).then(given())

    assert (a_task.state.status, a_task.state.question) == ("running", None)
    assert (a_task.state.asked, a_task.state.answered) == (1, 1)


def test_who_asks_has_evidently_started(a_task):
    a_task.given(SUBMITTED, ASSIGNED).when(ask()).then(STARTED, requested())


def test_an_attempt_may_ask_again_and_again(a_task):
    a_task.given(*WAITING, given()).when(ask("and now?")).then(requested(2, "and now?"), result=2)
    a_task.when(give(number=2)).then(given(2))


def test_the_open_question_repeated_changes_nothing(a_task):
    a_task.given(*WAITING).when(ask()).then(result=1)
    a_task.when(ask("another?")).then_refused("input_pending")


def test_there_is_an_end_to_questions(a_task):
    a_task.given(*RUNNING, requested(MAX_QUESTIONS), given(MAX_QUESTIONS))
    a_task.when(ask("one more?")).then_refused("too_many_questions")


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (ask(""), "invalid_text", "question"),
        (ask("\0"), "invalid_text", "question"),
        (ask("x" * 10_001), "invalid_text", "question"),
        (ask(choices=("",)), "invalid_text", "choices.0"),
        (ask(choices=tuple(str(n) for n in range(257))), "invalid_value", "choices"),
        (ask(schema={"x": "y" * 20_000}), "invalid_value", "schema"),
    ],
)
def test_a_question_has_bounds(a_task, command, code, field):
    a_task.given(*RUNNING).when(command).then_refused(code, field=field)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"a": float("nan")}, "invalid_value"),
        ("\0", "invalid_text"),
        ("x" * 20_000, "invalid_value"),
    ],
)
def test_an_answer_has_bounds(a_task, answer, code):
    a_task.given(*WAITING).when(give(answer)).then_refused(code, field="answer")


def test_an_answer_is_one_of_the_choices(a_task):
    a_task.given(*RUNNING, requested(choices=("yes", "no")))
    a_task.when(give("perhaps")).then_refused("invalid_value", field="answer")
    a_task.when(give(["yes"])).then_refused("invalid_value", field="answer")
    a_task.when(give("no")).then(given(answer="no"))


@pytest.mark.parametrize(
    ("subject", "role"),
    [("alice", Role.CLIENT), ("ops", Role.OPERATOR), ("root", Role.ADMIN), ("a2", Role.AGENT)],
)
def test_owner_operators_and_other_agents_answer(a_task, subject, role):
    a_task.given(*WAITING).by(subject, role).when(give()).then(given(by=subject))


@pytest.mark.parametrize(
    ("subject", "role"), [("bob", Role.CLIENT), ("bob", Role.VIEWER), ("a1", Role.AGENT)]
)
def test_others_and_the_one_who_asked_do_not(a_task, subject, role):
    a_task.given(*WAITING).by(subject, role).when(give()).then_refused("permission_denied")


def test_an_answer_that_nobody_waits_for_is_refused(a_task):
    a_task.when(give()).then_refused("task_not_found")
    a_task.given(*RUNNING).when(give()).then_refused("input_not_awaited")
    a_task.given(requested(), given()).when(give()).then_refused("input_not_awaited")
    a_task.given(requested(2)).when(give(number=1)).then_refused("input_not_awaited")


def test_an_agent_may_go_on_without_the_answer(a_task):
    a_task.given(*WAITING).when(act(StartTask)).then()
    progressed = TaskProgressed(agent_id="a1", attempt=1, percent=5.0, waiting=True, at=NOW)
    a_task.when(act(RecordProgress, percent=5.0)).then(progressed)
    assert a_task.state.status is TaskStatus.INPUT_REQUIRED
    a_task.when(act(CompleteTask)).then(
        TaskCompleted(agent_id="a1", attempt=1, lease="L1", completed_at=NOW)
    )
    a_task.when(give()).then_refused("input_not_awaited")


def test_a_question_ends_with_its_attempt(a_task):
    gone = ReleaseReason.AGENT_OFFLINE
    a_task.given(*WAITING).when(ReleaseTask(task_id="t1", attempt=1, reason=gone))
    a_task.then(released(reason=gone), result="queued")
    assert (a_task.state.question, a_task.state.spent) == (None, 1)
    a_task.when(give()).then_refused("input_not_awaited")
    a_task.when(ask()).then_refused("stale_lease", refused("L1", "ask"))


def test_a_waiting_task_can_be_called_off(a_task):
    a_task.given(*WAITING).when(CancelTask(task_id="t1"))
    a_task.then(TaskCancelled(agent_id="a1", attempt=1, by="alice", at=NOW))
    assert (a_task.state.status, a_task.state.question) == ("cancelled", None)


@pytest.mark.parametrize("reason", ["not_started", "lease_expired", "timed_out"])
def test_a_waiting_task_is_not_taken_by_the_clock(a_task, reason):
    """Whoever watches the clock may not know yet that it was stopped."""
    release = ReleaseTask(task_id="t1", attempt=1, reason=ReleaseReason(reason))
    a_task.given(*WAITING).at(NOW + timedelta(hours=1)).when(release)
    a_task.then_refused("assignment_obsolete")
