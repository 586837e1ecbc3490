"""Idempotency keys: the first answer to a key is given again, and nothing is done twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from .nodes import NOBODY_S

API = "/mas/api/v1"
REGISTER = f"{API}/agents/register"
SUBMIT = f"{API}/agents/tasks/submit"


def done_by_others(client: httpx.Client) -> list[str]:
    """What happened that no process of the system did by itself."""
    events = client.get(f"{API}/audit/events", params={"limit": 500}).json()["items"]
    return [event["topic"] for event in events if not event["actor"].startswith("system:")]


def test_the_same_key_gets_the_first_answer_again(client: httpx.Client, unique: str) -> None:
    key = {"idempotency-key": unique}
    body = {"task_type": "x", "description": unique, **NOBODY_S}

    first = client.post(SUBMIT, json=body, headers=key)
    again = client.post(SUBMIT, json=body, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    for header in ("location", "x-event-position"):
        assert first.headers[header] == again.headers[header]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"


def test_a_refusal_is_remembered_as_well(client: httpx.Client, unique: str) -> None:
    key = {"idempotency-key": unique}
    body = {"agent_id": unique, "skills": {"x": 2}}

    first = client.post(REGISTER, json=body, headers=key)
    again = client.post(REGISTER, json=body, headers=key)

    assert first.status_code == again.status_code == 422
    assert first.json()["code"] == again.json()["code"] == "invalid_skill_level"
    assert first.json()["errors"][0]["field"] == again.json()["errors"][0]["field"]
    assert again.headers["idempotent-replayed"] == "true"


def test_a_retried_registration_is_no_duplicate(client: httpx.Client, unique: str) -> None:
    key = {"idempotency-key": unique}
    body = {"agent_id": unique}

    first = client.post(REGISTER, json=body, headers=key)
    client.patch(f"{API}/agents/{unique}", json={"max_concurrent_tasks": 7})
    again = client.post(REGISTER, json=body, headers=key)

    assert again.status_code == 201
    assert again.json() == first.json()
    assert again.headers["etag"] == '"rev-1"'


def test_a_key_for_another_body_or_path_is_refused(
    start_node: Callable[..., Any], unique: str
) -> None:
    client = start_node().client
    key = {"idempotency-key": unique}
    client.post(SUBMIT, json={"task_type": "x"}, headers=key)
    before = done_by_others(client)

    other_body = client.post(SUBMIT, json={"task_type": "y"}, headers=key)
    other_path = client.post(REGISTER, json={"agent_id": unique}, headers=key)

    for answer in (other_body, other_path):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert done_by_others(client) == before == ["task.submitted.v1"]


def test_a_key_used_twice_at_once_counts_once(node: Any, unique: str) -> None:
    def submit(_: int) -> httpx.Response:
        with node.new_client() as client:
            return client.post(
                SUBMIT, json={"task_type": unique, **NOBODY_S}, headers={"idempotency-key": unique}
            )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submit, range(16)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    listed = node.client.get(f"{API}/agents/tasks", params={"task_type": unique, "total": True})
    assert listed.json()["total"] == 1


def test_a_batch_with_a_key_is_submitted_once(client: httpx.Client, unique: str) -> None:
    body = {"tasks": [{"task_type": each, **NOBODY_S} for each in (unique, "", unique)]}
    key = {"idempotency-key": unique}

    first = client.post(f"{API}/agents/tasks/submit-batch", json=body, headers=key)
    again = client.post(f"{API}/agents/tasks/submit-batch", json=body, headers=key)

    assert again.headers["idempotent-replayed"] == "true"
    ids = [
        [item["task"]["task_id"] for item in answer.json()["items"] if "task" in item]
        for answer in (first, again)
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 2


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "ä".encode()])
def test_a_key_is_printable_and_short(client: httpx.Client, key: str | bytes) -> None:
    answer = client.post(SUBMIT, json={"task_type": "x"}, headers={"idempotency-key": key})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


@pytest.mark.parametrize(
    "path",
    [
        "communication/tickets",
        "agents/nobody/webhook/test",
        "agents/nobody/heartbeat",
        "agents/nobody/claim",
    ],
)
def test_a_bad_key_is_refused_where_none_is_needed(client: httpx.Client, path: str) -> None:
    answer = client.post(f"{API}/{path}", headers={"idempotency-key": ""})

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


def test_a_long_key_is_fine(client: httpx.Client, unique: str) -> None:
    key = {"idempotency-key": unique.ljust(255, "k")}

    assert client.post(SUBMIT, json={"task_type": "x", **NOBODY_S}, headers=key).status_code == 201


def test_every_command_takes_a_key(client: httpx.Client, unique: str) -> None:
    path = f"{API}/agents/{unique}"
    client.put(path, json={})
    for method, where, body in (
        ("PATCH", path, {"max_concurrent_tasks": 2}),
        ("POST", f"{path}/suspend", {"reason": "x"}),
        ("POST", f"{path}/activate", None),
        ("DELETE", path, None),
    ):
        key = {"idempotency-key": f"{unique}:{method}:{where}"}
        first = client.request(method, where, json=body, headers=key)
        again = client.request(method, where, json=body, headers=key)
        assert (first.status_code, first.content) == (again.status_code, again.content)
        assert again.headers["idempotent-replayed"] == "true"
