"""What a dry run foretells, and what is wrong with an order as such."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from .nodes import NOBODY_S

API = "/mas/api/v1"
TASKS = f"{API}/agents/tasks"
PAST, AHEAD = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


def waiting(client: httpx.Client, task_type: str) -> str:
    answer = client.post(f"{TASKS}/submit", json={"task_type": task_type, **NOBODY_S})
    assert answer.status_code == 201, answer.text
    task_id: str = answer.json()["task_id"]
    return task_id


@pytest.mark.parametrize(
    ("action", "fields", "refused"),
    [
        ("cancel", {}, {"task_not_found": 1}),
        ("retry", {}, {"task_not_found": 1}),
        ("reassign", {}, {"task_not_held": 2, "task_not_found": 1}),
        ("reprioritise", {"priority": "low"}, {"task_already_finished": 1, "task_not_found": 1}),
    ],
)
def test_a_dry_run_of_ids_foretells_who_is_refused(
    client: httpx.Client, unique: str, action: str, fields: dict[str, Any], refused: dict[str, int]
) -> None:
    open_task, cancelled = waiting(client, unique), waiting(client, unique)
    assert client.post(f"{TASKS}/{cancelled}/cancel").status_code == 200
    body = {"ids": [open_task, cancelled, "nosuch", cancelled], **fields}
    url = f"{TASKS}/bulk/{action}"

    told = client.post(url, json={**body, "dry_run": True}).json()

    assert (told["dry_run"], told["matched"], told["changed"]) == (True, 3, 0)
    assert told["refused"] == refused
    assert client.get(f"{TASKS}/{cancelled}").json()["status"] == "cancelled"
    assert told["examples"][0]["code"] in refused
    done = client.post(url, json=body).json()
    assert (done["matched"], done["refused"], done["examples"]) == (3, refused, told["examples"])


def test_a_dry_run_foretells_whose_agents_are_not_there(client: httpx.Client, unique: str) -> None:
    assert client.put(f"{API}/agents/{unique}", json={}).status_code == 201
    body = {"ids": [unique, "nobody"], "dry_run": True}

    told = client.post(f"{API}/agents/bulk/drain", json=body).json()

    assert (told["matched"], told["refused"]) == (2, {"agent_not_found": 1})
    assert client.get(f"{API}/agents/{unique}").json()["status"] == "active"
    client.delete(f"{API}/agents/{unique}")


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("path", ["bulk/retry", "redrive"])
def test_a_deadline_that_has_passed_is_a_mistake_of_the_order(
    client: httpx.Client, unique: str, path: str, dry_run: bool
) -> None:
    body = {"filter": {"task_type": unique}, "deadline": PAST, "dry_run": dry_run}

    answer = client.post(f"{TASKS}/{path}", json=body)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "deadline_passed"), answer.text
    assert problem["errors"][0]["field"] == "deadline"
    body["deadline"] = AHEAD
    assert client.post(f"{TASKS}/{path}", json=body).status_code == 200


def test_a_deadline_that_has_passed_is_a_mistake_for_a_task_that_waits_already(
    client: httpx.Client, unique: str
) -> None:
    url = f"{TASKS}/{waiting(client, unique)}/retry"

    answer = client.post(url, json={"deadline": PAST})

    assert (answer.status_code, answer.json()["code"]) == (422, "deadline_passed"), answer.text
    assert client.post(url, json={"deadline": AHEAD}).status_code == 200
