"""Tasks that are taken from their agents by hand, or because these are suspended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

API = "/mas/api/v1"


@pytest.fixture(scope="module")
def client(start_for_module: Callable[..., Any]) -> httpx.Client:
    """A client of a node of its own: on a shared one others' tasks take places, too."""
    made: httpx.Client = start_for_module().client
    return made


@pytest.fixture
def holder(client: httpx.Client, unique: str) -> str:
    """An agent that two more of its kind stand beside once it has got its tasks."""
    register(client, unique, unique)
    return unique


def register(client: httpx.Client, agent_id: str, skill: str) -> None:
    body = {"agent_id": agent_id, "skills": {skill: 1.0}, "max_concurrent_tasks": 5}
    assert client.post(f"{API}/agents/register", json=body).status_code == 201


def given(client: httpx.Client, agent_id: str) -> dict[str, Any]:
    """Return a task that the only agent with its skill has been given."""
    body = {"task_type": "work", "requirements": {"skills": [agent_id]}}
    answer = client.post(f"{API}/agents/tasks/submit", json=body)
    assert answer.status_code == 201, answer.text
    return claimed(client, agent_id, answer.json()["task_id"])


def claimed(client: httpx.Client, agent_id: str, task_id: str) -> dict[str, Any]:
    """Return a task once an agent has it (bounded)."""
    for _ in range(500):
        items = client.post(f"{API}/agents/{agent_id}/claim", json={"limit": 50, "wait": 0.05})
        found: list[dict[str, Any]] = items.json()["items"]
        for task in found:
            if task["task_id"] == task_id:
                return task
    raise AssertionError(f"{agent_id} never had {task_id}")


def do(client: httpx.Client, task: dict[str, Any], action: str, **fields: Any) -> httpx.Response:
    body = {"agent_id": task["agent_id"], "lease": task["lease"], **fields}
    return client.post(f"{API}/agents/tasks/{task['task_id']}/{action}", json=body)


def test_what_a_suspended_agent_has_not_started_goes_to_another(
    client: httpx.Client, holder: str
) -> None:
    running, waiting = given(client, holder), given(client, holder)
    assert do(client, running, "start").status_code == 200
    register(client, f"{holder}-2", holder)

    assert client.post(f"{API}/agents/{holder}/suspend").status_code == 200

    moved = claimed(client, f"{holder}-2", waiting["task_id"])
    assert moved["attempt"] == 2
    assert do(client, waiting, "start").json()["code"] == "stale_lease"
    assert do(client, running, "complete").status_code == 200, "what it runs it may finish"


def test_what_a_draining_agent_has_not_started_stays_with_it(
    client: httpx.Client, holder: str
) -> None:
    waiting = given(client, holder)
    register(client, f"{holder}-2", holder)

    assert client.post(f"{API}/agents/{holder}/drain").status_code == 200

    assert do(client, waiting, "start").status_code == 200
    assert do(client, waiting, "complete").status_code == 200


def test_a_move_by_hand_spoils_no_record(client: httpx.Client, holder: str) -> None:
    done, running, waiting = (given(client, holder) for _ in range(3))
    for action in ("start", "complete"):
        assert do(client, done, action).status_code == 200
    assert do(client, running, "start").status_code == 200
    for moved in (running, waiting):
        path = f"{API}/agents/tasks/{moved['task_id']}/reassign"
        answer = client.post(path)
        assert answer.status_code == 200
    at = answer.headers["x-event-position"]

    performance = client.get(
        f"{API}/agents/{holder}/performance", params={"min_position": at}
    ).json()
    agent = client.get(f"{API}/agents/{holder}", params={"min_position": at}).json()

    assert (performance["released"], performance["lost"]) == (2, 0)
    assert (performance["success_rate"], performance["streak"]["outcome"]) == (1.0, "completed")
    assert (agent["released"], agent["lost"], agent["success_rate"]) == (2, 0, 1.0)
