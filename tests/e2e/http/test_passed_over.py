"""A task that needs a whole agent is not starved, and ``explain`` tells who is kept for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from aia_mas.domain.orchestration.passed_over import PATIENCE

from .nodes import QUIET

API = "/mas/api/v1"
TASKS = f"{API}/agents/tasks"
GPUS = 4


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: agents are kept for others' tasks as well, one in so many dispatches.

    It leads all the time, because whoever leads next begins anew with those that were passed over.
    """
    return start_for_module(leader_lease_seconds=60.0, **QUIET)


def submit(client: httpx.Client, skill: str, gpus: int) -> str:
    asked = {"skills": [skill], "resources": {"gpu": gpus}}
    answer = client.post(f"{TASKS}/submit", json={"task_type": "work", "requirements": asked})
    assert answer.status_code == 201, answer.text
    task_id: str = answer.json()["task_id"]
    return task_id


def in_hand(client: httpx.Client, agent_id: str, count: int) -> list[dict[str, Any]]:
    """Return the tasks of an agent in their order, once it has so many (bounded)."""
    found: list[dict[str, Any]] = []
    for _ in range(500):
        claimed = client.post(f"{API}/agents/{agent_id}/claim", json={"limit": 50, "wait": 0.05})
        found = claimed.json()["items"]
        if len(found) >= count:
            return sorted(found, key=lambda each: str(each["task_id"]))
    raise AssertionError(f"{agent_id} has {len(found)} tasks, not {count}")


def end(client: httpx.Client, task: dict[str, Any]) -> None:
    attempt = {"agent_id": task["agent_id"], "lease": task["lease"]}
    url = f"{TASKS}/{task['task_id']}"
    assert client.post(f"{url}/start", json=attempt).status_code == 200
    assert client.post(f"{url}/complete", json=attempt).status_code == 200


def waiting(client: httpx.Client, task_id: str) -> dict[str, Any]:
    explained = client.get(f"{TASKS}/{task_id}/explain").json()
    return {each["code"]: each for each in explained["waiting"]}


def test_an_agent_is_kept_for_a_task_that_was_passed_over(
    client: httpx.Client, unique: str
) -> None:
    able = {"skills": {unique: 1.0}, "resources": {"gpu": GPUS}, "max_concurrent_tasks": 20}
    assert client.post(f"{API}/agents/register", json={"agent_id": unique, **able}).is_success
    for _ in range(GPUS):
        submit(client, unique, 1)
    in_hand(client, unique, GPUS)
    big = submit(client, unique, GPUS)
    assert set(waiting(client, big)) == {"resources_in_use"}
    # Whether it has its turn before the first small one ends is up to the dispatcher.
    for _ in range(2 * PATIENCE):
        submit(client, unique, 1)
        end(client, in_hand(client, unique, 1)[0])
        if kept := waiting(client, big).get("reserved"):
            break
        in_hand(client, unique, GPUS)
    assert kept is not None
    assert kept["agents"] == [unique]
    late = submit(client, unique, 1)
    while big not in {task["task_id"] for task in in_hand(client, unique, 1)}:
        end(client, in_hand(client, unique, 1)[0])
        assert not waiting(client, late).keys() & {"busy", "offline"}
    assert set(waiting(client, late)) == {"resources_in_use"}
