"""Agents and tasks over HTTP, from the registration to the audit."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

API = "/mas/api/v1"


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: nobody else's tasks take the places of these agents."""
    return start_for_module()


def register(client: httpx.Client, agent_id: str, **fields: Any) -> dict[str, Any]:
    answer = client.post(f"{API}/agents/register", json={"agent_id": agent_id, **fields})
    assert answer.status_code == 201, answer.text
    agent: dict[str, Any] = answer.json()
    return agent


def submit(client: httpx.Client, skill: str, **fields: Any) -> dict[str, Any]:
    """Submit a task for whoever has a skill that nobody else has."""
    body = {"task_type": "work", "requirements": {"skills": [skill]}, **fields}
    answer = client.post(f"{API}/agents/tasks/submit", json=body)
    assert answer.status_code == 201, answer.text
    task: dict[str, Any] = answer.json()
    return task


def claim(client: httpx.Client, agent_id: str, wait: float = 20.0) -> list[dict[str, Any]]:
    answer = client.post(f"{API}/agents/{agent_id}/claim", json={"limit": 10, "wait": wait})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def work_for(client: httpx.Client, agent_id: str) -> dict[str, Any]:
    """Ask until there is a task; a dispatcher may have to think first."""
    return next(items[0] for _ in range(1000) if (items := claim(client, agent_id, wait=0.05)))


def test_the_guide_s_requests(client: httpx.Client, unique: str) -> None:
    agent_id = f"data_analyst_{unique}"
    registered = client.post(
        f"{API}/agents/register",
        json={
            "agent_id": agent_id,
            "specializations": ["data_analysis", "statistics"],
            "skills": {"python": 0.9, unique: 0.8},
            "max_concurrent_tasks": 3,
            "cost_per_task": 15.0,
            "initial_stake": 500.0,
        },
    )

    assert registered.status_code == 201
    assert registered.headers["location"] == f"{API}/agents/{agent_id}"
    assert registered.headers["etag"] == '"rev-1"'
    agent = registered.json()
    assert (agent["status"], agent["online"], agent["cost_per_task"]) == ("active", True, "15")

    submitted = client.post(
        f"{API}/agents/tasks/submit",
        json={
            "task_type": "data_analysis",
            "description": "Analyze sales data",
            "requirements": {"skills": [unique]},
            "payload": {"quarter": "Q3"},
            "max_cost": 50.0,
        },
    )
    assert submitted.status_code == 201
    task_id = submitted.json()["task_id"]
    assert submitted.headers["location"] == f"{API}/agents/tasks/{task_id}"

    work = work_for(client, agent_id)
    assert (work["task_id"], work["status"], work["attempt"]) == (task_id, "assigned", 1)
    assert (work["payload"], work["max_cost"]) == ({"quarter": "Q3"}, "50")
    proof = {"agent_id": agent_id, "lease": work["lease"]}
    path = f"{API}/agents/tasks/{task_id}"

    started = client.post(f"{path}/start", json=proof)
    progressed = client.post(f"{path}/progress", json={**proof, "percent": 40, "message": "half"})
    completed = client.post(
        f"{path}/complete",
        json={
            **proof,
            "result": {"rows": [1, 2]},
            "quality": 0.9,
            "usage": {"model": "m", "tokens_in": 10, "tokens_out": 5, "cost": "0.25"},
        },
    )

    statuses = [answer.json()["status"] for answer in (started, progressed, completed)]
    assert statuses == ["running", "running", "completed"]
    seen = client.get(path).json()
    assert (seen["status"], seen["result"], seen["quality"]) == (
        "completed", {"rows": [1, 2]}, 0.9,
    )  # fmt: skip
    assert seen["usage"] == {"model": "m", "tokens_in": 10, "tokens_out": 5, "cost": "0.25"}
    assert (seen["price"], seen["max_cost"], seen["agent_id"]) == ("15", "50", agent_id)
    performance = client.get(f"{API}/agents/{agent_id}/performance").json()
    assert (performance["completed"], performance["success_rate"]) == (1, 1.0)
    metrics = client.get(f"{API}/agents/metrics/system").json()
    assert metrics["tasks"]["completed"] >= 1
    assert client.get(f"{API}/agents/metrics/history").json()["items"]


def test_a_command_is_seen_by_the_next_query(client: httpx.Client, unique: str) -> None:
    for number in range(5):
        agent_id = f"{unique}-{number}"
        registered = client.put(f"{API}/agents/{agent_id}", json={"labels": {"n": unique}})
        position = registered.headers["x-event-position"]

        assert client.get(f"{API}/agents/{agent_id}").status_code == 200
        listed = client.get(
            f"{API}/agents", params={"label": "n", "label_value": unique, "min_position": position}
        )
        assert len(listed.json()["items"]) == number + 1


def test_claim_waits_for_work(client: httpx.Client, unique: str) -> None:
    register(client, unique, skills={unique: 0.5})
    asked = threading.Event()

    def ask() -> list[dict[str, Any]]:
        asked.set()
        return claim(client, unique)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ask)
        asked.wait()
        task = submit(client, unique)
        items = waiting.result(30)

    assert [item["task_id"] for item in items] == [task["task_id"]]
    # What is assigned and not started is given again, until it is started.
    assert claim(client, unique, wait=0) == items
    assert claim(client, unique, wait=0)[0]["lease"] == items[0]["lease"]


def test_a_claim_without_work_ends_empty(client: httpx.Client, unique: str) -> None:
    register(client, unique)

    assert claim(client, unique, wait=0) == []
    assert client.post(f"{API}/agents/{unique}/claim").json() == {"items": [], "lost": []}


def test_failing_and_trying_again(client: httpx.Client, unique: str) -> None:
    register(client, unique, skills={unique: 1})
    task_id = submit(client, unique, max_attempts=1)["task_id"]
    work = work_for(client, unique)
    proof = {"agent_id": unique, "lease": work["lease"]}
    path = f"{API}/agents/tasks/{task_id}"

    failed = client.post(f"{path}/fail", json={**proof, "error_code": "oom", "message": "too big"})
    assert failed.json()["status"] == "dead"
    assert client.get(path).json()["error"]["code"] == "oom"
    assert client.post(f"{path}/retry").json()["status"] in {"queued", "assigned"}
    again = work_for(client, unique)

    assert (again["task_id"], again["attempt"]) == (task_id, 2)
    assert again["lease"] != work["lease"]
    cancelled = client.post(f"{path}/cancel", json={"reason": "enough"})
    assert cancelled.json()["status"] == "cancelled"
    assert client.post(f"{path}/cancel").status_code == 200


def test_why_a_task_is_where_it_is(client: httpx.Client, unique: str) -> None:
    waiting = submit(client, unique)["task_id"]
    reasons = client.get(f"{API}/agents/tasks/{waiting}/explain").json()
    assert reasons["status"] == "queued"
    assert reasons["waiting"][0]["code"].startswith("no_agent")

    register(client, unique, skills={unique: 1}, cost_per_task="2.5")
    work_for(client, unique)
    explained = client.get(f"{API}/agents/tasks/{waiting}/explain").json()

    (assignment,) = explained["assignments"]
    assert explained["waiting"] == []
    assert (assignment["agent_id"], assignment["attempt"]) == (unique, 1)
    assert (assignment["price"], assignment["considered"]) == ("2.5", 1)
    assert {"policy", "considered", "load", "position"} <= assignment.keys()


def test_agents_come_and_go(client: httpx.Client, unique: str) -> None:
    path = f"{API}/agents/{unique}"
    body = {"agent_id": unique, "skills": {"a": 1}}

    created = client.put(path, json=body)
    unchanged = client.put(path, json=body)
    changed = client.put(path, json={"skills": {"a": 0.5}})

    assert [created.status_code, unchanged.status_code, changed.status_code] == [201, 200, 200]
    tags = [answer.headers["etag"] for answer in (created, unchanged, changed)]
    assert tags == ['"rev-1"', '"rev-1"', '"rev-2"']
    assert client.post(f"{path}/heartbeat").json()["online"] is True
    assert client.post(f"{path}/suspend", json={"reason": "why"}).json()["status"] == "suspended"
    assert client.get(path).json()["suspension"] == "why"
    assert client.post(f"{path}/activate").json()["status"] == "active"
    drained = client.post(f"{path}/drain", json={"reason": "enough"})
    assert drained.json()["status"] == "draining"
    audit = client.get(f"{API}/audit/streams/agent/{path.rpartition('/')[2]}?sort=-version&limit=1")
    assert audit.json()["items"][0]["data"]["reason"] == "enough"
    gone = client.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    left = client.get(path)
    assert (left.json()["status"], left.json()["online"]) == ("unregistered", False)
    assert "etag" not in left.headers
    assert client.get(f"{path}/tasks").json()["items"] == []
    assert client.get(f"{path}/performance").status_code == 200
    assert client.patch(path, json={}).json()["code"] == "agent_not_found"
    listed = client.get(f"{API}/agents", params={"status": "unregistered", "q": unique}).json()
    assert [agent["agent_id"] for agent in listed["items"]] == [unique]
    assert client.put(path, json=body).status_code == 201


def test_a_command_answers_with_all_that_a_client_can_edit(
    client: httpx.Client, unique: str
) -> None:
    path = f"{API}/agents/{unique}"
    declared: dict[str, Any] = {
        "specializations": ["a", "b"],
        "skills": {"x": 0.5},
        "max_concurrent_tasks": 7,
        "cost_per_task": "1.5",
        "labels": {"zone": "eu"},
        "resources": {"gpu": 2.0},
        "data_sources": ["db"],
        "endpoint": "https://agent.example",
        "wallet_address": "0xde709f2102306220921060314715629080e2fb77",
        "metadata": {"deep": [1, None, {"n": 2.5}]},
        "initial_stake": "500",
    }

    created = client.put(path, json=declared).json()
    read = client.get(path).json()
    changed = client.patch(path, json={"endpoint": None, "metadata": {}}).json()

    assert created == {**created, **declared}
    assert created.items() <= read.items()
    assert changed == {**created, "endpoint": None, "metadata": {}, "revision": 2}


def test_a_repeated_report_is_no_sign_of_life_of_the_task(
    node: Any, client: httpx.Client, unique: str
) -> None:
    register(client, unique, skills={unique: 1.0})
    submit(client, unique)
    work = work_for(client, unique)
    proof = {"agent_id": unique, "lease": work["lease"]}
    path = f"{API}/agents/tasks/{work['task_id']}"
    presence = node.system.presence

    client.post(f"{path}/start", json=proof)
    assert presence.last_seen("task", work["lease"]) is None, "the event tells when it began"
    key = {"idempotency-key": f"{unique}:progress"}
    client.post(f"{path}/progress", json=proof, headers=key)
    heard = presence.last_seen("task", work["lease"])
    assert heard is not None
    again = client.post(f"{path}/progress", json=proof, headers=key)
    assert again.headers["idempotent-replayed"] == "true"
    # The store keeps it to the microsecond, and a request takes longer than that.
    moved = presence.last_seen("task", work["lease"]) - heard
    assert moved < timedelta(microseconds=100)
    client.post(f"{path}/progress", json=proof)
    assert presence.last_seen("task", work["lease"]) > heard


def test_an_agent_that_is_online_shows_when_it_was_last_heard_of(
    client: httpx.Client, unique: str
) -> None:
    path = f"{API}/agents/{unique}"
    registered = client.put(path, json={})
    position = {"min_position": registered.headers["x-event-position"]}
    client.post(f"{path}/heartbeat")
    [listed] = client.get(f"{API}/agents", params={"q": unique, **position}).json()["items"]
    for agent in (client.get(path, params=position).json(), listed):
        heard = datetime.fromisoformat(agent["last_seen"])
        assert abs(datetime.now(UTC) - heard) < timedelta(minutes=1)


def test_work_of_an_agent_that_leaves_is_queued_again(client: httpx.Client, unique: str) -> None:
    register(client, unique, skills={unique: 1})
    task_id = submit(client, unique)["task_id"]
    work_for(client, unique)
    client.delete(f"{API}/agents/{unique}")
    register(client, f"{unique}-2", skills={unique: 1})

    work = work_for(client, f"{unique}-2")

    assert work["task_id"] == task_id


def test_amounts_are_exact_from_number_to_string(client: httpx.Client, unique: str) -> None:
    for number, (sent, got) in enumerate(
        [
            ("0.1", "0.1"),
            ("123456789012345.123456789012345678", "123456789012345.123456789012345678"),
            ("1e15", "1000000000000000"),
            ("0.000000000000000001", "0.000000000000000001"),
            ('"15.50"', "15.5"),
        ]
    ):
        body = f'{{"agent_id": "{unique}-{number}", "cost_per_task": {sent}}}'
        answer = client.post(
            f"{API}/agents/register", content=body, headers={"content-type": "application/json"}
        )
        assert answer.json()["cost_per_task"] == got
        assert client.get(f"{API}/agents/{unique}-{number}").json()["cost_per_task"] == got
