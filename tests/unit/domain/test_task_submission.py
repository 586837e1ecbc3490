"""A task: its submission and its assignment."""

from typing import Any

import pytest

from aia_mas.domain.kernel.money import MAX_AMOUNT
from aia_mas.domain.orchestration.agent_events import (
    AgentDrained,
    AgentRegistered,
    AgentSuspended,
    AgentUnregistered,
    AgentUpdated,
    AgentWentOffline,
)
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.labels import Comparator, LabelCondition
from aia_mas.domain.orchestration.task_commands import (
    Assignment,
    CompleteTask,
    StartTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_specification import (
    Priority,
    Requirements,
    TaskSpecification,
    required_skills,
)
from aia_mas.domain.orchestration.task_status import TaskStatus

from .task_stories import (
    ASSIGNED,
    FINISHED,
    LATER,
    NOW,
    PLAIN,
    REGISTERED,
    RUNNING,
    STARTED,
    SUBMITTED,
    act,
    assign,
    completed,
    submitted,
)

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
        ({"task_type": " \t"}, "invalid_text", "task_type"),
        (
            {"requirements": Requirements(preferred_agents=("a", "b"), excluded_agents=("c", "b"))},
            "invalid_value",
            "requirements.excluded_agents.1",
        ),
        ({"description": "x" * 10_001}, "invalid_text", "description"),
        ({"description": "\0"}, "invalid_text", "description"),
        ({"payload": {"a": ["\0"]}}, "invalid_text", "payload"),
        ({"payload": {"\0": 1}}, "invalid_text", "payload"),
        ({"payload": {1: 1}}, "invalid_text", "payload"),
        ({"payload": float("inf")}, "invalid_value", "payload"),
        ({"max_cost": -1}, "negative_amount", "max_cost"),
        ({"max_cost": MAX_AMOUNT + 1}, "amount_too_large", "max_cost"),
        ({"deadline": NOW}, "deadline_passed", "deadline"),
        ({"deadline": LATER.replace(tzinfo=None)}, "invalid_value", "deadline"),
        ({"deadline": LATER, "not_before": LATER}, "invalid_value", "not_before"),
        ({"not_before": LATER.replace(tzinfo=None)}, "invalid_value", "not_before"),
        ({"timeout_seconds": 0.5}, "invalid_value", "timeout_seconds"),
        ({"timeout_seconds": float("nan")}, "invalid_value", "timeout_seconds"),
        ({"lease_seconds": 0.0}, "invalid_lease_seconds", "lease_seconds"),
        ({"lease_seconds": 86_401.0}, "invalid_lease_seconds", "lease_seconds"),
        ({"max_attempts": 0}, "invalid_retry_policy", "max_attempts"),
        ({"backoff_base_seconds": -1.0}, "invalid_retry_policy", "backoff_base_seconds"),
        ({"backoff_factor": 0.5}, "invalid_retry_policy", "backoff_factor"),
        ({"backoff_cap_seconds": float("inf")}, "invalid_retry_policy", "backoff_cap_seconds"),
        ({"lease_seconds": -1.0}, "invalid_lease_seconds", "lease_seconds"),
        ({"max_attempts": 101}, "invalid_retry_policy", "max_attempts"),
        ({"backoff_cap_seconds": 0.5}, "invalid_retry_policy", "backoff_cap_seconds"),
        ({"backoff_jitter": 1.5}, "invalid_retry_policy", "backoff_jitter"),
        ({"non_retryable_codes": ("a", "")}, "invalid_text", "non_retryable_codes.1"),
        ({"dedup_key": ""}, "invalid_text", "dedup_key"),
        ({"tags": ("",)}, "invalid_text", "tags.0"),
        ({"payer": "", "max_cost": 1}, "invalid_id", "payer"),
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


@pytest.mark.parametrize(
    "now",
    [
        {"max_concurrent_tasks": 1},
        {"max_concurrent_tasks": 2, "skills": {"python": 0.1}},
        {"max_concurrent_tasks": 2, "cost_per_task": 1},
        {"max_concurrent_tasks": 2, "resources": {"gpu": 0.5}},
    ],
)
def test_an_agent_that_became_another_one_on_the_way_gets_nothing(a_task, now):
    declared = Capabilities(max_concurrent_tasks=2)
    updated = AgentUpdated(capabilities=Capabilities(**now), revision=2)
    came_back = AgentRegistered(capabilities=Capabilities(**now), owner="bob", registered_at=NOW)

    a_task.given(SUBMITTED).beside(REGISTERED, updated).when(assign(declared=declared))
    a_task.then_refused("assignment_obsolete")
    a_task.beside(AgentUnregistered(at=NOW), came_back).when(assign(declared=declared))
    a_task.then_refused("assignment_obsolete")


def test_what_placement_does_not_ask_for_may_change_on_the_way(a_task):
    updated = AgentUpdated(capabilities=Capabilities(metadata={"build": 7}), revision=2)

    a_task.given(SUBMITTED).beside(REGISTERED, updated).when(assign(declared=Capabilities()))
    a_task.then(ASSIGNED)


def test_a_submission_outlives_an_agent_that_became_another_one(a_task):
    declared = Capabilities(max_concurrent_tasks=2)
    assignment = Assignment(agent_id="a1", lease="L1", lease_seconds=60.0, declared=declared)

    a_task.beside(REGISTERED)
    a_task.when(SubmitTask(task_id="t1", spec=PLAIN, assignment=assignment))
    a_task.then(SUBMITTED, result="queued")


def test_nothing_is_assigned_past_its_deadline(a_task):
    a_task.given(submitted(deadline=LATER)).beside(REGISTERED).at(LATER).when(assign())
    a_task.then_refused("assignment_obsolete")
