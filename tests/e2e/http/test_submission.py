"""What a submission may say: retry policies in two forms, keys that keep duplicates away."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from msgspec.structs import fields

from aia_mas.interfaces.http.schemas.task_care import FLAT
from aia_mas.interfaces.http.schemas.tasks import TaskSubmission

from .purses import fund

API = "/mas/api/v1"
TASKS = f"{API}/agents/tasks"


def submission(unique: str, **fields: Any) -> dict[str, Any]:
    return {"task_type": unique, "requirements": {"skills": [unique]}, **fields}


def submitted(client: httpx.Client, unique: str, **fields: Any) -> dict[str, Any]:
    answer = client.post(f"{TASKS}/submit", json=submission(unique, **fields))
    assert answer.status_code == 201, answer.text
    seen: dict[str, Any] = client.get(f"{TASKS}/{answer.json()['task_id']}").json()
    return seen


def policy(**changes: Any) -> dict[str, Any]:
    usual = {"max_attempts": 3, "base_seconds": 1.0, "factor": 2.0, "cap_seconds": 300.0}
    return {**usual, "jitter": 0.5, "non_retryable_codes": [], **changes}


def test_a_policy_is_said_flat_or_nested(client: httpx.Client, unique: str) -> None:
    flat = {
        "max_attempts": 5,
        "backoff_base_seconds": 600,
        "backoff_jitter": 0,
        "non_retryable_codes": ["bad"],
    }
    nested = {"max_attempts": 5, "base_seconds": 600, "jitter": 0, "non_retryable_codes": ["bad"]}
    same = policy(**nested, cap_seconds=600.0)

    assert submitted(client, unique)["retry"] == policy()
    assert submitted(client, unique, **flat)["retry"] == same
    assert submitted(client, unique, retry=nested)["retry"] == same
    assert submitted(client, unique, retry={})["retry"] == policy()


def test_what_was_submitted_can_be_read_again(client: httpx.Client, unique: str) -> None:
    said = {
        "task_type": unique,
        "description": "All of it",
        "requirements": {"skills": {unique: 0.5}, "excluded_agents": ["nobody"]},
        "payload": {"a": [1, None]},
        "priority": "high",
        "max_cost": "7.5",
        "payer": unique,
        "cost_tags": ["sales", "q3"],
        "deadline": "2100-01-01T00:00:00Z",
        "timeout_seconds": 100.0,
        "lease_seconds": 5.0,
        "retry": {
            "max_attempts": 4,
            "base_seconds": 2.0,
            "factor": 3.0,
            "cap_seconds": 60.0,
            "jitter": 0.25,
            "non_retryable_codes": ["bad_input"],
        },
        "cost_policy": "refuse",
        "dedup_key": unique,
        "not_before": "2099-01-01T00:00:00Z",
        "tags": ["a", "b"],
        "parent": "p",
        "correlation": "c",
        "concurrency_key": unique,
        "concurrency_limit": 3,
    }
    assert said.keys() == {field.name for field in fields(TaskSubmission)} - FLAT.keys()

    fund(client, unique, "7.5")

    answer = client.post(f"{TASKS}/submit", json=said)

    position = answer.headers["x-event-position"]
    task = client.get(answer.headers["location"], params={"min_position": position}).json()
    assert {name: task[name] for name in said} == said


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"retry": {"max_attempts": 101}}, "invalid_retry_policy", "retry.max_attempts"),
        ({"retry": {"max_attempts": 0}}, "invalid_retry_policy", "retry.max_attempts"),
        ({"retry": {"base_seconds": -1}}, "invalid_retry_policy", "retry.base_seconds"),
        ({"retry": {"factor": 0.5}}, "invalid_retry_policy", "retry.factor"),
        ({"retry": {"cap_seconds": 1e9}}, "invalid_retry_policy", "retry.cap_seconds"),
        (
            {"retry": {"base_seconds": 9, "cap_seconds": 3}},
            "invalid_retry_policy",
            "retry.cap_seconds",
        ),
        ({"retry": {"jitter": 2}}, "invalid_retry_policy", "retry.jitter"),
        (
            {"retry": {"non_retryable_codes": ["a", ""]}},
            "invalid_text",
            "retry.non_retryable_codes.1",
        ),
        ({"retry": {"forever": True}}, "unknown_field", "retry.forever"),
        ({"retry": {}, "max_attempts": 3}, "invalid_value", "max_attempts"),
        ({"max_attempts": 1_000_000}, "invalid_retry_policy", "max_attempts"),
        ({"backoff_cap_seconds": 0.5}, "invalid_retry_policy", "backoff_cap_seconds"),
        ({"backoff_jitter": -0.5}, "invalid_retry_policy", "backoff_jitter"),
        ({"lease_seconds": -60}, "invalid_lease_seconds", "lease_seconds"),
        ({"deadline": "2001-01-01T00:00:00Z"}, "deadline_passed", "deadline"),
        ({"cost_policy": "ignore"}, "invalid_value", "cost_policy"),
        ({"dedup_key": ""}, "invalid_text", "dedup_key"),
        ({"dedup_key": "x" * 256}, "invalid_text", "dedup_key"),
    ],
)
def test_what_makes_no_sense_is_named(
    client: httpx.Client, unique: str, fields: dict[str, Any], code: str, field: str
) -> None:
    answer = client.post(f"{TASKS}/submit", json=submission(unique, **fields))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code), answer.text
    assert problem["errors"][0]["field"] == field


def test_a_batch_has_at_most_a_thousand(client: httpx.Client, unique: str) -> None:
    tasks = [submission(unique)] * 1_001
    answer = client.post(f"{TASKS}/submit-batch", json={"tasks": tasks})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "tasks")
    assert client.get(TASKS, params={"task_type": unique}).json()["items"] == []


def test_an_unfinished_task_answers_for_its_key(client: httpx.Client, unique: str) -> None:
    body = submission(unique, dedup_key=unique)
    first = client.post(f"{TASKS}/submit", json=body)
    assert first.status_code == 201
    assert "deduplicated" not in first.json()

    again = client.post(f"{TASKS}/submit", json={**body, "priority": "low"})

    assert (again.status_code, again.json()) == (200, {**first.json(), "deduplicated": True})
    assert again.headers["location"] == first.headers["location"]
    task_id = first.json()["task_id"]
    assert client.get(f"{TASKS}/{task_id}").json()["dedup_key"] == unique
    client.post(f"{TASKS}/{task_id}/cancel")
    later = client.post(f"{TASKS}/submit", json=body)
    assert later.status_code == 201
    assert later.json()["task_id"] != task_id


def test_so_it_does_within_and_between_batches(client: httpx.Client, unique: str) -> None:
    tasks = [submission(unique, dedup_key=f"{unique}-{number % 3}") for number in range(9)]
    ids = []
    for _ in range(2):
        answer = client.post(f"{TASKS}/submit-batch", json={"tasks": tasks}).json()
        assert (answer["accepted"], answer["refused"]) == (9, 0)
        ids.append([item["task"]["task_id"] for item in answer["items"]])
        statuses = [item["status"] for item in answer["items"]]
        assert statuses == ([201] * 3 + [200] * 6 if len(ids) == 1 else [200] * 9)
    assert ids[0] == ids[0][:3] * 3 == ids[1]
    assert client.get(TASKS, params={"task_type": unique, "total": True}).json()["total"] == 3


def test_of_many_at_once_one_is_carried_out(client: httpx.Client, unique: str) -> None:
    body = submission(unique, dedup_key=unique)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(f"{TASKS}/submit", json=body), range(24)))

    assert sorted(answer.status_code for answer in answers) == [200] * 23 + [201]
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    assert client.get(TASKS, params={"task_type": unique, "total": True}).json()["total"] == 1


def test_the_same_idempotency_key_gets_the_first_answer(client: httpx.Client, unique: str) -> None:
    body = submission(unique, dedup_key=unique)
    first = client.post(f"{TASKS}/submit", json=body, headers={"idempotency-key": unique})
    second = client.post(f"{TASKS}/submit", json=body, headers={"idempotency-key": unique})
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_both_answers_to_a_submission_are_documented(client: httpx.Client) -> None:
    operation = client.get("/openapi.json").json()["paths"][f"{TASKS}/submit"]["post"]
    assert {"200", "201"} <= operation["responses"].keys()
