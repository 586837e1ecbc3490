"""The queue over HTTP: limits of keys, pauses, bounds, figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import jwt
import pytest

API = "/mas/api/v1"
TASKS = f"{API}/agents/tasks"


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: nobody else's tasks are in its queue."""
    return start_for_module()


def register(client: httpx.Client, agent_id: str, places: int) -> None:
    body = {"agent_id": agent_id, "skills": {agent_id: 1.0}, "max_concurrent_tasks": places}
    assert client.post(f"{API}/agents/register", json=body).status_code == 201


def submit(client: httpx.Client, skill: str, **fields: Any) -> dict[str, Any]:
    """Submit a task for whoever has a skill that nobody else has."""
    body = {"task_type": "work", "requirements": {"skills": [skill]}, **fields}
    answer = client.post(f"{TASKS}/submit", json=body)
    assert answer.status_code == 201, answer.text
    task: dict[str, Any] = answer.json()
    return task


def held(client: httpx.Client, agent_id: str, count: int) -> list[dict[str, Any]]:
    """Return the tasks of an agent, once it has so many (bounded)."""
    for _ in range(500):
        items = client.post(f"{API}/agents/{agent_id}/claim", json={"limit": 50, "wait": 0.05})
        found: list[dict[str, Any]] = items.json()["items"]
        if len(found) >= count:
            return found
    raise AssertionError(f"{agent_id} never had {count} tasks")


def reasons(client: httpx.Client, task_id: str) -> dict[str, Any]:
    explained = client.get(f"{TASKS}/{task_id}/explain").json()
    return {each["code"]: each.get("facts", {}) for each in explained["waiting"]}


def complete(client: httpx.Client, task: dict[str, Any]) -> None:
    attempt = {"agent_id": task["agent_id"], "lease": task["lease"]}
    url = f"{TASKS}/{task['task_id']}"
    assert client.post(f"{url}/start", json=attempt).status_code == 200
    assert client.post(f"{url}/complete", json=attempt).status_code == 200


def test_a_key_is_limited_seen_and_changed_live(client: httpx.Client, unique: str) -> None:
    key = f"key:{unique}"
    register(client, unique, places=10)
    tasks = [submit(client, unique, concurrency_key=key, concurrency_limit=1) for _ in range(4)]
    free = submit(client, unique)
    first, other = sorted(held(client, unique, 2), key=lambda each: each["task_id"])
    assert {first["task_id"], other["task_id"]} == {tasks[0]["task_id"], free["task_id"]}

    facts = reasons(client, tasks[1]["task_id"])["concurrency_limit"]
    assert facts == {"key": key, "held": 1, "limit": 1, "queued": 3}
    seen = client.get(f"{TASKS}/limits/{key}").json()
    assert (seen["running"], seen["queued"], seen["max_concurrent"]) == (1, 3, None)

    url = f"{TASKS}/limits/{key}"
    limited = client.put(url, json={"max_concurrent": 2})
    assert limited.json() == {
        "key": key, "max_concurrent": 2, "rate": None, "per_seconds": None,
    }  # fmt: skip
    assert len(held(client, unique, 3)) == 3
    complete(client, first)
    assert tasks[2]["task_id"] in {each["task_id"] for each in held(client, unique, 3)}

    listed = client.get(f"{TASKS}/limits", params={"limit": 500}).json()
    assert key in {each["key"] for each in listed["items"]}
    removed = client.delete(url)
    assert (removed.status_code, removed.json()["max_concurrent"]) == (200, None)
    assert client.get(f"{TASKS}/limits/nobody:{unique}").status_code == 404
    said = client.request("DELETE", url, json={"reason": "none is taken"})
    assert (said.status_code, said.json()["code"]) == (422, "unknown_field")


def test_limits_come_in_pages(client: httpx.Client, unique: str) -> None:
    keys = [f"{unique}.{n}" for n in range(3)]
    for key in keys:
        assert client.put(f"{TASKS}/limits/{key}", json={"max_concurrent": 1}).status_code == 200
    found, cursor = [], None
    while True:
        parameters = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get(f"{TASKS}/limits", params=parameters).json()
        found += [each["key"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == sorted(found)
    assert set(keys) <= set(found)
    counted = client.get(f"{TASKS}/limits", params={"total": True}).json()
    assert counted["total"] == len(found)


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("k", {}, "invalid_value"),
        ("k", {"rate": 0, "per_seconds": 1}, "invalid_value"),
        ("k", {"rate": 5}, "invalid_value"),
        ("k", {"max_concurrent": 1, "more": 1}, "unknown_field"),
        ("a%20b", {"max_concurrent": 1}, "invalid_id"),
    ],
)
def test_a_bad_limit_is_a_problem(
    client: httpx.Client, path: str, body: dict[str, Any], code: str
) -> None:
    answer = client.put(f"{TASKS}/limits/{path}", json=body)

    assert answer.status_code == 422
    assert code in {answer.json()["code"], *(e["code"] for e in answer.json()["errors"])}


def test_a_bad_key_of_a_task_is_a_problem(client: httpx.Client) -> None:
    for fields, field in (
        ({"concurrency_key": "a b"}, "concurrency_key"),
        ({"concurrency_limit": 1}, "concurrency_limit"),
        ({"concurrency_key": "k", "concurrency_limit": 0}, "concurrency_limit"),
    ):
        answer = client.post(f"{TASKS}/submit", json={"task_type": "t", **fields})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field


def test_a_type_is_paused_with_a_reason_and_resumed(client: httpx.Client, unique: str) -> None:
    register(client, unique, places=5)
    body = {"task_type": unique, "reason": "the model is broken"}
    paused = client.post(f"{TASKS}/pause", json=body)
    assert paused.status_code == 200
    task = submit(client, unique, task_type=unique)
    assert task["status"] == "queued"
    facts = reasons(client, task["task_id"])["paused"]
    assert (facts["reason"], facts["by"]) == ("the model is broken", "dev")
    listed = client.get(f"{TASKS}/pauses").json()["items"]
    assert [each["reason"] for each in listed if each["task_type"] == unique] == [body["reason"]]
    figures = client.get(f"{TASKS}/queue").json()
    assert figures["paused"] >= 1

    resumed = client.post(f"{TASKS}/resume", json={"task_type": unique})
    assert unique not in {each["task_type"] for each in resumed.json()["items"]}
    assert held(client, unique, 1)[0]["task_id"] == task["task_id"]


def test_the_whole_fleet_is_paused_and_what_runs_goes_on(
    start_node: Callable[..., Any], unique: str
) -> None:
    client = start_node().client
    register(client, unique, places=5)
    submit(client, unique)
    (running,) = held(client, unique, 1)
    assert client.post(f"{TASKS}/pause").status_code == 200
    waiting = submit(client, unique)
    assert waiting["status"] == "queued"
    complete(client, running)
    assert client.get(f"{TASKS}/{waiting['task_id']}").json()["status"] == "queued"

    assert client.post(f"{TASKS}/resume").status_code == 200
    assert held(client, unique, 1)[0]["task_id"] == waiting["task_id"]


def test_a_full_queue_says_when_to_come_again(start_node: Callable[..., Any], unique: str) -> None:
    client = start_node(max_queued_tasks=3).client
    for _ in range(3):
        submit(client, unique)
    body = {"task_type": "work", "requirements": {"skills": [unique]}}
    headers = {"Idempotency-Key": unique}
    refused = client.post(f"{TASKS}/submit", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_full")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.json()["retry_after"] == int(refused.headers["retry-after"])
    batch = client.post(f"{TASKS}/submit-batch", json={"tasks": [body, body]}).json()
    assert [item["status"] for item in batch["items"]] == [429, 429]
    assert all(1 <= item["problem"]["retry_after"] <= 60 for item in batch["items"])
    whole = client.post(f"{TASKS}/submit-batch", json={"tasks": [body], "atomic": True})
    assert whole.status_code == 429

    register(client, unique, places=10)
    held(client, unique, 3)
    accepted = client.post(f"{TASKS}/submit", json=body, headers=headers)
    assert (accepted.status_code, "idempotent-replayed" in accepted.headers) == (201, False)


def test_the_queue_in_figures(start_node: Callable[..., Any], unique: str) -> None:
    client = start_node().client
    submit(client, unique, priority="low")
    submit(client, unique, task_type="other")
    submit(client, unique, not_before="2999-01-01T00:00:00Z")
    figures = client.get(f"{TASKS}/queue").json()

    assert (figures["queued"], figures["held"], figures["paused"]) == (3, 1, 0)
    assert figures["by_priority"] == {
        "critical": 0, "high": 0, "normal": 2, "low": 1, "maintenance": 0,
    }  # fmt: skip
    assert figures["by_owner"] == [{"name": "dev", "queued": 3}]
    assert figures["by_type"] == [
        {"name": "work", "queued": 2},
        {"name": "other", "queued": 1},
    ]
    assert figures["oldest_seconds"] >= 0
    assert (figures["drain_seconds"], figures["drain_unknown"]) == (None, "too_few_completions")


def test_only_operators_pause_and_limit(start_node: Callable[..., Any], unique: str) -> None:
    secret = "s" * 32
    client = start_node(jwt_secret=secret).client
    claims = {"sub": "alice", "roles": ["client"], "exp": 4_000_000_000}
    headers = {"Authorization": f"Bearer {jwt.encode(claims, secret, 'HS256')}"}
    limit = f"{TASKS}/limits/{unique}"
    for method, url in (
        ("POST", f"{TASKS}/pause"),
        ("POST", f"{TASKS}/resume"),
        ("PUT", limit),
        ("DELETE", limit),
    ):
        body = {"max_concurrent": 1} if method == "PUT" else None
        answer = client.request(method, url, json=body, headers=headers)
        assert answer.status_code == 403
    assert client.get(f"{TASKS}/queue", headers=headers).status_code == 200
