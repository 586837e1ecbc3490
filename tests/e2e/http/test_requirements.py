"""Whom a task goes to: labels, resources and tiers, over HTTP, and why nobody gets it."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

API = "/mas/api/v1"


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: nobody else's agents take these tasks."""
    return start_for_module()


def register(client: httpx.Client, agent_id: str, **fields: Any) -> dict[str, Any]:
    body = {"max_concurrent_tasks": 10, **fields}
    answer = client.put(f"{API}/agents/{agent_id}", json=body)
    assert answer.status_code == 201, answer.text
    agent: dict[str, Any] = answer.json()
    return agent


def submit(client: httpx.Client, skill: str, **requirements: Any) -> dict[str, Any]:
    body = {"task_type": "work", "requirements": {"skills": [skill], **requirements}}
    answer = client.post(f"{API}/agents/tasks/submit", json=body)
    assert answer.status_code == 201, answer.text
    task: dict[str, Any] = answer.json()
    return task


def why(client: httpx.Client, task: dict[str, Any]) -> dict[str, Any]:
    (reason,) = client.get(f"{API}/agents/tasks/{task['task_id']}/explain").json()["waiting"]
    found: dict[str, Any] = reason
    return found


def given(client: httpx.Client, agent_id: str, task: dict[str, Any]) -> dict[str, Any]:
    """Ask for the work of an agent until a task is there; a dispatcher may have to think first."""
    path, asked = f"{API}/agents/{agent_id}/claim", {"limit": 100, "wait": 0.05}
    rounds = (client.post(path, json=asked).json()["items"] for _ in range(1000))
    work: dict[str, Any] = next(
        each for items in rounds for each in items if each["task_id"] == task["task_id"]
    )
    return work


def finish(client: httpx.Client, work: dict[str, Any]) -> None:
    proof = {"agent_id": work["agent_id"], "lease": work["lease"]}
    path = f"{API}/agents/tasks/{work['task_id']}"
    assert client.post(f"{path}/start", json=proof).status_code == 200
    assert client.post(f"{path}/complete", json=proof).status_code == 200


def test_labels_are_stored_as_text(client: httpx.Client, unique: str) -> None:
    agent = register(client, unique, labels={"cores": 16, "ratio": 0.50, "gpu": True, "zone": "eu"})

    assert agent["labels"] == {"cores": "16", "ratio": "0.5", "gpu": "true", "zone": "eu"}


def test_required_labels_exclude_and_preferred_ones_order(
    client: httpx.Client, unique: str
) -> None:
    small, large = f"{unique}-a-small", f"{unique}-b-large"
    for agent_id, cores in ((small, 4), (large, 32)):
        able = {"skills": {unique: 1}, "max_concurrent_tasks": 5}
        register(client, agent_id, **able, labels={"cores": cores})

    preferred = submit(
        client, unique, labels=[{"key": "cores", "op": ">", "value": "4", "preferred": True}]
    )
    required = submit(client, unique, labels=[{"key": "cores", "op": ">=", "value": 32}])
    neither = submit(client, unique, labels=[{"key": "cores", "op": "!=", "value": 32}])
    nobody = submit(client, unique, labels=[{"key": "cores", "op": "in", "values": [8, 64]}])

    assert given(client, large, required)
    assert given(client, large, preferred)
    assert given(client, small, neither)
    assert nobody["status"] == "queued"
    reason = why(client, nobody)
    assert reason["code"] == "no_agent_with_label"
    assert reason["facts"] == {"label": "cores", "op": "in", "values": ["64", "8"]}


def test_resources_are_never_overdrawn_and_what_waits_gets_them_when_they_are_free(
    client: httpx.Client, unique: str
) -> None:
    register(client, unique, skills={unique: 1}, resources={"gpu": 1, "tokens_per_minute": 1e6})
    first = given(client, unique, submit(client, unique, resources={"gpu": 0.7}))
    second = submit(client, unique, resources={"gpu": 0.4})
    beside = submit(client, unique, resources={"tokens_per_minute": 1e6})
    never = submit(client, unique, resources={"gpu": 1.5})

    assert given(client, unique, beside)
    assert (second["status"], never["status"]) == ("queued", "queued")
    in_use = why(client, second)
    assert (in_use["code"], in_use["count"]) == ("resources_in_use", 1)
    assert in_use["facts"]["demanded"] == {"gpu": 0.4}
    assert in_use["facts"]["most_left"] == {"gpu": 0.3}
    assert why(client, never)["code"] == "no_agent_with_resource"

    finish(client, first)
    assert given(client, unique, second)


def test_a_tier_is_asked_for_and_shown(client: httpx.Client, unique: str) -> None:
    poor, rich = f"{unique}-a-poor", f"{unique}-b-rich"
    tiers = [
        register(client, agent_id, skills={unique: 1}, initial_stake=stake)["tier"]
        for agent_id, stake in ((poor, "99.9"), (rich, 2000))
    ]
    gold = submit(client, unique, min_tier="gold")
    diamond = submit(client, unique, min_tier="diamond")

    assert tiers == [None, "gold"]
    assert client.get(f"{API}/agents/{rich}").json()["tier"] == "gold"
    assert given(client, rich, gold)
    reason = why(client, diamond)
    assert (reason["code"], reason["facts"]) == ("no_agent_with_tier", {"min_tier": "diamond"})
    assert reason["detail"] == "No agent has the tier diamond or a higher one"


def test_requirements_come_back_as_they_were_sent(client: httpx.Client, unique: str) -> None:
    demands = {
        "labels": [{"key": "cores", "op": ">=", "value": "8", "preferred": True}],
        "resources": {"gpu": 0.5},
        "min_tier": "silver",
        "sticky_key": "conversation-7",
    }
    task = submit(client, unique, **demands)

    shown = client.get(f"{API}/agents/tasks/{task['task_id']}").json()["requirements"]

    assert shown == {**demands, "skills": {unique: 0.0}}
