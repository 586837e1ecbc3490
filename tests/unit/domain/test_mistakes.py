"""A refusal tells of all values that are not allowed, of each field the first mistake."""

from datetime import UTC, datetime

import pytest

from aia_mas.application.engine.outcomes import of_item, restored
from aia_mas.domain.kernel.errors import DomainError, InvalidValue
from aia_mas.domain.kernel.mistakes import MOST, Mistakes
from aia_mas.domain.orchestration.bounds import check_text
from aia_mas.domain.orchestration.capabilities import Capabilities, check_capabilities
from aia_mas.domain.orchestration.labels import Comparator, LabelCondition
from aia_mas.domain.orchestration.specification_checks import check_specification
from aia_mas.domain.orchestration.task_specification import Requirements, TaskSpecification

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def told(error: InvalidValue) -> dict[str, str]:
    return {each.field: each.code for each in error.all}


def test_all_mistakes_of_a_specification_are_told() -> None:
    spec = TaskSpecification(
        task_type="",
        description="\ud800",
        requirements=Requirements(
            skills={"sql": 2.0},
            labels=(
                LabelCondition("cores", Comparator.ABOVE, "many"),
                LabelCondition("zone", value="eu"),
                LabelCondition("", value="x"),
            ),
            resources={"gpu": float("nan")},
            min_tier="wooden",
            preferred_agents=("a", "a b"),
        ),
        max_cost=-1,
        lease_seconds=-5.0,
        max_attempts=0,
        backoff_base_seconds=10.0,
        backoff_cap_seconds=1.0,
        deadline=datetime(2020, 1, 1, tzinfo=UTC),
        concurrency_limit=3,
        dedup_key="",
    )

    with pytest.raises(InvalidValue) as refused:
        check_specification(spec, NOW)

    assert told(refused.value) == {
        "task_type": "invalid_text",
        "description": "invalid_text",
        "requirements.skills.sql": "invalid_skill_level",
        "requirements.labels.0.value": "invalid_label_comparator",
        "requirements.labels.2.key": "invalid_text",
        "requirements.preferred_agents.1": "invalid_id",
        "requirements.min_tier": "unknown_tier",
        "requirements.resources.gpu": "invalid_resource_amount",
        "max_cost": "negative_amount",
        "lease_seconds": "invalid_lease_seconds",
        "max_attempts": "invalid_retry_policy",
        "backoff_cap_seconds": "invalid_retry_policy",
        "deadline": "deadline_passed",
        "concurrency_limit": "invalid_value",
        "dedup_key": "invalid_text",
    }


def test_all_mistakes_of_capabilities_are_told() -> None:
    wrong = Capabilities(
        skills={"x": -1.0}, max_concurrent_tasks=0, endpoint="nowhere", labels={"": "x"}
    )

    with pytest.raises(InvalidValue) as refused:
        check_capabilities(wrong)

    assert told(refused.value) == {
        "skills.x": "invalid_skill_level",
        "max_concurrent_tasks": "invalid_value",
        "labels": "invalid_text",
        "endpoint": "invalid_endpoint",
    }


def test_a_field_is_told_of_once_and_an_answer_stays_short() -> None:
    mistakes = Mistakes()
    for field in ("a", "a", *map(str, range(100))):
        mistakes.check(check_text, "", field, shortest=1)

    with pytest.raises(InvalidValue) as refused:
        mistakes.refuse()

    assert [each.field for each in refused.value.all] == ["a", *map(str, range(MOST - 1))]


def test_without_mistakes_nothing_is_refused() -> None:
    mistakes = Mistakes()

    assert mistakes.check(int, "7") == 7
    mistakes.refuse()
    assert not mistakes


def test_a_stored_refusal_still_tells_of_all() -> None:
    mistakes = Mistakes()
    for field in ("a", "b"):
        mistakes.check(check_text, "", field, shortest=1)
    with pytest.raises(InvalidValue) as refused:
        mistakes.refuse()

    ((again,), _) = restored(of_item(refused.value))

    assert isinstance(again, DomainError)
    assert [(each.field, each.code, each.detail) for each in again.all] == [  # type: ignore[attr-defined]
        (each.field, each.code, each.detail) for each in refused.value.all
    ]


def test_a_refusal_that_an_older_release_stored_is_restored() -> None:
    ((again,), _) = restored(b'R["invalid_text","A title","too long","owner",{}]')

    assert isinstance(again, DomainError)
    assert (again.code, again.field, len(again.all)) == ("invalid_text", "owner", 1)  # type: ignore[attr-defined]
