"""A client rates a result, once."""

from __future__ import annotations

import pytest

from aia_mas.domain.kernel import Role
from aia_mas.domain.orchestration.task_commands import RateTask
from aia_mas.domain.orchestration.task_events import TaskRated

from .task_stories import FINISHED, NOW, RUNNING

GOOD = RateTask(task_id="t1", rating=0.75, comment="good")


def rated(by: str = "alice") -> TaskRated:
    return TaskRated(agent_id="a1", attempt=1, rating=0.75, comment="good", by=by, at=NOW)


def test_a_result_is_rated_once(a_task):
    a_task.given(*FINISHED["completed"]).when(GOOD).then(rated())
    a_task.when(GOOD).then_refused("already_rated")
    a_task.by("ops", Role.OPERATOR).when(GOOD).then_refused("already_rated")


def test_operators_rate_any(a_task):
    a_task.given(*FINISHED["completed"]).by("ops", Role.OPERATOR).when(GOOD).then(rated("ops"))


@pytest.mark.parametrize("role", [Role.CLIENT, Role.AGENT, Role.VIEWER])
def test_others_rate_none(a_task, role):
    a_task.given(*FINISHED["completed"]).by("bob", role).when(GOOD)
    a_task.then_refused("permission_denied")


def test_no_agent_rates_its_own_result(a_task):
    """It may own a task that it submitted, and get it."""
    spec = FINISHED["completed"][0]
    own = type(spec)(spec=spec.spec, submitted_at=NOW, owner="a1")
    a_task.given(own, *FINISHED["completed"][1:]).by("a1", Role.AGENT).when(GOOD)
    a_task.then_refused("permission_denied")


@pytest.mark.parametrize("ending", ["failed", "dead", "cancelled", "expired"])
def test_only_a_result_can_be_rated(a_task, ending):
    a_task.given(*FINISHED[ending]).when(GOOD).then_refused("task_not_completed")


def test_unfinished_and_unknown_tasks_cannot_be_rated(a_task):
    a_task.when(GOOD).then_refused("task_not_found")
    a_task.given(*RUNNING).when(GOOD).then_refused("task_not_completed")


@pytest.mark.parametrize("rating", [-0.1, 1.1, float("nan")])
def test_a_rating_is_from_0_to_1(a_task, rating):
    a_task.given(*FINISHED["completed"]).when(RateTask(task_id="t1", rating=rating))
    a_task.then_refused("invalid_value", field="rating")


def test_all_mistakes_are_told(a_task):
    a_task.given(*FINISHED["completed"]).when(RateTask(task_id="t1", rating=2.0, comment="\0"))
    a_task.then_refused("invalid_value", field="rating")
    assert [each.field for each in a_task.decision.refusal.all] == ["rating", "comment"]


def test_a_comment_has_bounds(a_task):
    a_task.given(*FINISHED["completed"])
    a_task.when(RateTask(task_id="t1", rating=1.0, comment="\0"))
    a_task.then_refused("invalid_text", field="comment")
