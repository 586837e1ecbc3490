"""Tasks are moved by hand: to another class, or away from their agents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from aia_mas.domain.kernel import Role
from aia_mas.domain.orchestration.task_commands import ReassignTask, ReprioritiseTask, RetryTask
from aia_mas.domain.orchestration.task_events import TaskReleased, TaskReprioritised
from aia_mas.domain.orchestration.task_specification import Priority
from aia_mas.domain.orchestration.task_status import ReleaseReason

from .task_stories import ASSIGNED, FINISHED, NOW, RUNNING, STARTED, SUBMITTED, released, submitted

LATER = NOW + timedelta(hours=1)


def to(priority: Priority, **fields: Any) -> ReprioritiseTask:
    return ReprioritiseTask(task_id="t1", priority=priority, **fields)


def reassign(**fields: Any) -> ReassignTask:
    return ReassignTask(**{"task_id": "t1", **fields})


def taken(**fields: Any) -> TaskReleased:
    reason = ReleaseReason.REASSIGNED
    return released(**{"reason": reason, "excluded": True, "by": "alice", **fields})


def test_a_waiting_task_gets_another_class_and_keeps_its_seniority(a_task):
    a_task.given(SUBMITTED).at(LATER).when(to(Priority.HIGH, reason="r"))
    a_task.then(
        TaskReprioritised(priority=Priority.HIGH, since=NOW, by="alice", reason="r", at=LATER)
    )
    assert a_task.state.terms.priority is Priority.HIGH
    a_task.when(to(Priority.HIGH)).then()


def test_after_a_retry_by_hand_its_seniority_begins_anew(a_task):
    a_task.given(*FINISHED["dead"]).at(LATER).when(RetryTask(task_id="t1"))
    a_task.then(a_task.decision.events[0][1]).when(to(Priority.LOW))
    a_task.then(TaskReprioritised(priority=Priority.LOW, since=LATER, by="alice", at=LATER))


def test_the_class_of_a_held_task_counts_for_its_next_attempt(a_task):
    a_task.given(*RUNNING).when(to(Priority.LOW))
    a_task.then(TaskReprioritised(priority=Priority.LOW, since=NOW, by="alice", at=NOW))
    assert a_task.state.status == "running"


def test_a_task_is_taken_from_its_agent_at_no_cost(a_task):
    a_task.given(submitted(max_attempts=1), ASSIGNED, STARTED).when(reassign(reason="slow"))
    a_task.then(taken(note="slow"), result="queued")
    assert (a_task.state.spent, a_task.state.agent_id) == (0, None)
    assert a_task.state.terms.requirements.excluded_agents == ("a1",)


def test_the_agent_may_get_it_again_if_it_is_not_excluded(a_task):
    a_task.given(SUBMITTED, ASSIGNED).when(reassign(exclude_current=False))
    a_task.then(taken(excluded=False, begun=False), result="queued")
    assert a_task.state.terms.requirements.excluded_agents == ()


@pytest.mark.parametrize("command", [to(Priority.LOW), reassign()])
def test_only_owner_and_operators_move_a_task(a_task, command):
    a_task.given(*RUNNING).by("bob", Role.CLIENT).when(command).then_refused("permission_denied")
    a_task.by("ops", Role.OPERATOR).when(command)
    assert a_task.decision.refusal is None


@pytest.mark.parametrize("ending", list(FINISHED))
def test_what_is_finished_stays_where_it_is(a_task, ending):
    a_task.given(*FINISHED[ending]).when(to(Priority.LOW)).then_refused("task_already_finished")
    a_task.when(reassign()).then_refused("task_not_held")


def test_a_waiting_task_has_no_agent_to_be_taken_from(a_task):
    a_task.given(SUBMITTED).when(reassign()).then_refused("task_not_held")


@pytest.mark.parametrize("command", [to(Priority.LOW, reason="\0"), reassign(reason="x" * 10_001)])
def test_a_reason_has_bounds(a_task, command):
    a_task.when(command).then_refused("task_not_found")
    a_task.given(*RUNNING).when(command).then_refused("invalid_text", field="reason")
