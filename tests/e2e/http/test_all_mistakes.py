"""A body that breaks several rules is told of all of them in one answer."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .nodes import QUIET, assigned
from .problems import AGENT, API, TASK, head, is_problem

SUBMISSION = {
    "task_type": "x",
    "requirements": {
        "skills": {"sql": 2},
        "labels": [{"key": "a", "op": ">", "value": "many"}],
        "min_tier": "wooden",
    },
    "lease_seconds": -1,
    "deadline": "2020-01-01T00:00:00Z",
    "dedup_key": "",
}
MISTAKES = {
    "requirements.skills.sql": "invalid_skill_level",
    "requirements.labels.0.value": "invalid_label_comparator",
    "requirements.min_tier": "unknown_tier",
    "lease_seconds": "invalid_lease_seconds",
    "deadline": "deadline_passed",
    "dedup_key": "invalid_text",
}


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node on which nothing happens by itself, so that the log stands still between requests."""
    return start_for_module(**QUIET)


def told(problem: dict[str, Any]) -> dict[str, str]:
    for error in problem["errors"]:
        assert error["pointer"] == "/" + error["field"].replace(".", "/")
    assert problem["code"] == problem["errors"][0]["code"]
    return {error["field"]: error["code"] for error in problem["errors"]}


@pytest.mark.parametrize(
    ("fields", "mistakes"),
    [
        ({}, {}),
        ({"max_cost": "1e3"}, {"max_cost": "invalid_amount"}),
        ({"max_cost": -1}, {"max_cost": "negative_amount"}),
        ({"not_before": "9999-12-31T23:59:59-23:00"}, {"not_before": "invalid_value"}),
        (
            {"retry": {"max_attempts": 10**9, "factor": 0, "cap_seconds": 0, "base_seconds": 9}},
            {
                "retry.max_attempts": "invalid_retry_policy",
                "retry.factor": "invalid_retry_policy",
                "retry.cap_seconds": "invalid_retry_policy",
            },
        ),
        ({"retry": {"jitter": 1}, "max_attempts": 3}, {"max_attempts": "invalid_value"}),
    ],
)
def test_a_submission(
    client: httpx.Client, fields: dict[str, Any], mistakes: dict[str, str]
) -> None:
    before = head(client)

    answer = client.post(TASK, json={**SUBMISSION, **fields})

    assert answer.status_code == 422
    assert told(is_problem(answer)) == {**MISTAKES, **mistakes}
    assert head(client) == before


def test_an_item_of_a_batch(client: httpx.Client) -> None:
    batch = {"tasks": [{**SUBMISSION, "max_cost": " 1"}]}

    answer = client.post(f"{API}/agents/tasks/submit-batch", json=batch)

    (item,) = answer.json()["items"]
    assert told(item["problem"]) == {**MISTAKES, "max_cost": "invalid_amount"}


def test_an_agent_at_every_door(client: httpx.Client, unique: str) -> None:
    client.put(f"{API}/agents/{unique}", json={})
    wrong = {"cost_per_task": "1_0", "endpoint": "nowhere", "max_concurrent_tasks": 0}
    mistakes = {
        "cost_per_task": "invalid_amount",
        "endpoint": "invalid_endpoint",
        "max_concurrent_tasks": "invalid_value",
    }
    before = head(client)

    registered = client.post(AGENT, json={"agent_id": "a b", "initial_stake": "+1", **wrong})
    put = client.put(f"{API}/agents/{unique}", json=wrong)
    changed = client.patch(f"{API}/agents/{unique}", json=wrong)

    also = {"agent_id": "invalid_id", "initial_stake": "invalid_amount"}
    assert told(is_problem(registered)) == {**mistakes, **also}
    assert told(is_problem(put)) == told(is_problem(changed)) == mistakes
    assert head(client) == before


@pytest.mark.parametrize(
    ("method", "path", "body", "mistakes"),
    [
        ("put", "tasks/limits/a%20b", {"rate": 0}, ("key", "rate", "per_seconds")),
        ("put", "tasks/limits/a", {"rate": 0}, ("rate", "per_seconds")),
        ("post", "tasks/pause", {"task_type": "", "reason": "x" * 1001}, ("task_type", "reason")),
        (
            "post",
            "bulk/drain",
            {"filter": {"status": [], "tier": ["wooden", "tin"], "min_level": 0.5}},
            ("filter.status", "filter.tier.0", "filter.tier.1", "filter.min_level"),
        ),
        (
            "post",
            "tasks/bulk/cancel",
            {"filter": {"priority": [], "since": "9999-12-31T23:59:59-23:00"}},
            ("filter.priority", "filter.since"),
        ),
        ("get", "?min_level=2&skill=x&tier=wooden", None, ("min_level",)),
        (
            "get",
            "?label=a&label_op=%3E&label_value=x&tier=wooden",
            None,
            ("label_value", "tier"),
        ),
    ],
)
def test_the_other_doors(
    client: httpx.Client, method: str, path: str, body: Any, mistakes: tuple[str, ...]
) -> None:
    before = head(client)

    answer = client.request(method, f"{API}/agents/{path}", json=body)

    assert tuple(error["field"] for error in is_problem(answer)["errors"]) == mistakes
    assert head(client) == before


def test_a_rating(client: httpx.Client, unique: str) -> None:
    client.put(f"{API}/agents/{unique}", json={"labels": {"for": unique}})
    wanted = {"task_type": "x", "requirements": {"labels": {"for": unique}}}
    task = client.post(TASK, json=wanted).json()["task_id"]
    lease = assigned(client, task)["lease"]
    done = {"agent_id": unique, "lease": lease}
    assert client.post(f"{API}/agents/tasks/{task}/complete", json=done).status_code == 200

    wrong = {"rating": 2, "comment": "x" * 10_001}
    answer = client.post(f"{API}/agents/tasks/{task}/rate", json=wrong)

    assert told(is_problem(answer)) == {"rating": "invalid_value", "comment": "invalid_text"}


def test_a_refusal_that_is_given_again_tells_of_all_again(
    client: httpx.Client, unique: str
) -> None:
    headers = {"idempotency-key": unique}

    first = client.post(TASK, json=SUBMISSION, headers=headers)
    again = client.post(TASK, json=SUBMISSION, headers=headers)

    assert again.headers["idempotent-replayed"] == "true"
    assert told(again.json()) == told(first.json()) == MISTAKES


def test_a_heartbeat_and_a_claim(client: httpx.Client, unique: str) -> None:
    client.put(f"{API}/agents/{unique}", json={})
    beat = {"load": 2, "metrics": {"": 1}, "tasks": ["a", "a b"]}

    heartbeat = client.post(f"{API}/agents/{unique}/heartbeat", json=beat)
    claim = client.post(f"{API}/agents/{unique}/claim", json={"limit": 0, "wait": -1})

    assert told(is_problem(heartbeat)) == {
        "load": "invalid_value",
        "metrics": "invalid_text",
        "tasks.1": "invalid_id",
    }
    assert told(is_problem(claim)) == {"limit": "invalid_value", "wait": "invalid_value"}
