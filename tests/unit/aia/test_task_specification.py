"""A program's task specification becomes the same command as one that comes over HTTP."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from aia.agents.agent import AgentCapabilities
from aia.agents.task import TaskSpecification
from aia_mas.application.settings import Settings
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.orchestration.labels import Comparator, LabelCondition
from aia_mas.domain.orchestration.task_specification import CostPolicy, Priority
from aia_mas.interfaces.http.schemas.agents import AgentReplacement
from aia_mas.interfaces.http.schemas.tasks import TaskSubmission

SETTINGS = Settings()
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_retry_policy_and_a_cost_policy_are_taken_over() -> None:
    retry = {"max_attempts": 7, "base_seconds": 2.0, "non_retryable_codes": ["bad_input"]}
    task = TaskSpecification(task_type="t", retry=retry, cost_policy="refuse", max_cost="2.5")

    spec = task.submission(SETTINGS, NOW, "alice").spec

    assert (spec.max_attempts, spec.backoff_base_seconds, spec.backoff_factor) == (7, 2.0, 2.0)
    assert spec.non_retryable_codes == ("bad_input",)
    assert (spec.cost_policy, spec.max_cost) == (CostPolicy.REFUSE, 25 * 10**17)


def test_payer_and_dedup_key_are_taken_over() -> None:
    task = TaskSpecification(task_type="t", payer="budget", dedup_key="once")

    spec = task.submission(SETTINGS, NOW, "alice").spec

    assert (spec.payer, spec.dedup_key) == ("budget", "once")


def test_what_is_left_out_is_as_configured() -> None:
    spec = TaskSpecification(task_type="t").submission(SETTINGS, NOW, "alice").spec
    assert spec.max_attempts == SETTINGS.task_max_attempts
    assert (spec.cost_policy, spec.backoff_jitter) == (CostPolicy.FLAG, 0.5)


@pytest.mark.parametrize("retry", [{"max_attempts": 0}, {"max_attempts": "many"}, {"forever": 1}])
def test_a_policy_that_makes_no_sense_is_refused(retry: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        TaskSpecification(task_type="t", retry=retry).submission(SETTINGS, NOW, "alice")


@pytest.mark.parametrize(
    ("of_programs", "of_http", "own"),
    [
        (TaskSpecification, TaskSubmission, {"task_id"}),
        (AgentCapabilities, AgentReplacement, set()),
    ],
)
def test_programs_may_say_whatever_may_be_said_over_http(
    of_programs: type[msgspec.Struct], of_http: type[msgspec.Struct], own: set[str]
) -> None:
    assert set(of_programs.__struct_fields__) == {*of_http.__struct_fields__, *own}


def test_every_field_arrives() -> None:
    deadline, begin = NOW + timedelta(days=2), NOW + timedelta(days=1)
    task = TaskSpecification(
        task_type="t",
        description="d",
        requirements={
            "skills": {"sql": 0.5},
            "specializations": ["finance"],
            "labels": [{"key": "cores", "op": ">=", "value": 8, "preferred": True}],
            "data_sources": ["db"],
            "preferred_agents": ["a"],
            "excluded_agents": ["b"],
            "resources": {"gpu": 0.5},
            "min_tier": "gold",
            "sticky_key": "s",
        },
        max_cost="1.5",
        priority="high",
        payload={"x": [1]},
        deadline=deadline,
        not_before=begin,
        timeout_seconds=10.0,
        lease_seconds=5.0,
        max_attempts=7,
        backoff_base_seconds=2.0,
        backoff_factor=3.0,
        backoff_cap_seconds=40.0,
        backoff_jitter=0.25,
        non_retryable_codes=["bad"],
        cost_policy="refuse",
        dedup_key="once",
        tags=["a"],
        parent="p",
        correlation="c",
        concurrency_key="k",
        concurrency_limit=2,
    )

    command = task.submission(SETTINGS, NOW, "alice")

    spec, wanted = command.spec, command.spec.requirements
    assert (command.task_id, command.owner, spec.priority) == (task.task_id, "alice", Priority.HIGH)
    assert wanted.labels == (LabelCondition("cores", Comparator.AT_LEAST, "8", preferred=True),)
    assert (wanted.skills, wanted.specializations) == ({"sql": 0.5}, ("finance",))
    assert (wanted.data_sources, wanted.resources) == (("db",), {"gpu": 0.5})
    assert (wanted.preferred_agents, wanted.excluded_agents) == (("a",), ("b",))
    assert (wanted.min_tier, wanted.sticky_key) == ("gold", "s")
    assert (spec.max_cost, spec.cost_policy) == (15 * 10**17, CostPolicy.REFUSE)
    assert (spec.deadline, spec.not_before) == (deadline, begin)
    assert (spec.timeout_seconds, spec.lease_seconds, spec.max_attempts) == (10.0, 5.0, 7)
    assert (spec.backoff_base_seconds, spec.backoff_factor) == (2.0, 3.0)
    assert (spec.backoff_cap_seconds, spec.backoff_jitter) == (40.0, 0.25)
    assert (spec.non_retryable_codes, spec.dedup_key) == (("bad",), "once")
    assert (spec.tags, spec.parent, spec.correlation) == (("a",), "p", "c")
    assert (spec.concurrency_key, spec.concurrency_limit) == ("k", 2)
    assert (spec.description, spec.payload) == ("d", {"x": [1]})


def test_all_that_is_wrong_is_told() -> None:
    task = TaskSpecification(task_type="", max_cost="1e3", lease_seconds=-1.0)

    with pytest.raises(InvalidValue) as refused:
        task.submission(SETTINGS, NOW, "alice")

    told = {each.field: each.code for each in refused.value.all}
    assert told == {
        "task_type": "invalid_text",
        "max_cost": "invalid_amount",
        "lease_seconds": "invalid_lease_seconds",
    }
