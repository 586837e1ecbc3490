"""Settings of agents and tasks have the effect that they promise."""

import time
from collections.abc import Callable
from typing import Any

import httpx

from aia_mas.application.settings import load_settings

from .nodes import assigned

API = "/mas/api/v1"


def register(client: httpx.Client, agent_id: str) -> httpx.Response:
    body = {"agent_id": agent_id, "max_concurrent_tasks": 5}
    return client.post(f"{API}/agents/register", json=body)


def submit(client: httpx.Client) -> dict[str, Any]:
    answer = client.post(f"{API}/agents/tasks/submit", json={"task_type": "t"})
    assert answer.status_code == 201, answer.text
    task: dict[str, Any] = answer.json()
    return task


def claim(client: httpx.Client, agent_id: str) -> list[dict[str, Any]]:
    """Wait until the agent has work that it has not started."""
    answer = client.post(f"{API}/agents/{agent_id}/claim", json={"limit": 10, "wait": 20})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def offline(client: httpx.Client, agent_id: str) -> None:
    """Wait until an agent is taken to be offline (bounded)."""
    path, until = f"{API}/agents/{agent_id}", time.monotonic() + 60.0
    while (answer := client.get(path)).json()["online"]:
        assert time.monotonic() < until, answer.text
        # Answered when something has happened, whatever it is, or after a while.
        client.get(path, params={"min_position": int(answer.headers["x-event-position"]) + 1})


def act(client: httpx.Client, work: dict[str, Any], action: str) -> None:
    proof = {"agent_id": work["agent_id"], "lease": work["lease"]}
    answer = client.post(f"{API}/agents/tasks/{work['task_id']}/{action}", json=proof)
    assert answer.status_code == 200, answer.text


def test_no_more_agents_than_max_agents(start_node: Callable[..., Any]) -> None:
    client = start_node(max_agents=2).client

    assert [register(client, name).status_code for name in ("a", "b")] == [201, 201]
    full = register(client, "c")
    assert (full.status_code, full.json()["code"]) == (409, "max_agents_reached")
    assert client.delete(f"{API}/agents/a").status_code == 204
    assert register(client, "c").status_code == 201


def test_no_more_tasks_in_hand_than_max_concurrent_tasks(start_node: Callable[..., Any]) -> None:
    client = start_node(max_running_tasks=1).client
    register(client, "a")
    first = submit(client)
    (work,) = claim(client, "a")
    assert work["task_id"] == first["task_id"]

    second = submit(client)
    explained = client.get(f"{API}/agents/tasks/{second['task_id']}/explain").json()
    assert second["status"] == "queued"
    assert [reason["code"] for reason in explained["waiting"]] == ["max_concurrent_tasks"]

    act(client, work, "start")
    act(client, work, "complete")
    (work,) = claim(client, "a")
    assert work["task_id"] == second["task_id"]


def test_tiers_are_those_configured(start_node: Callable[..., Any]) -> None:
    tiers = load_settings(environment={"MAS_STAKING_TIERS": "gold=50:1.1,bronze=false"})
    client = start_node(staking_tiers=tiers.staking_tiers).client
    stake = {"agent_id": "a", "initial_stake": 60}
    shown = client.post(f"{API}/agents/register", json=stake).json()["tier"]

    assert shown == client.get(f"{API}/agents/a").json()["tier"] == "gold"
    found = client.get(f"{API}/agents", params={"tier": "gold"}).json()["items"]
    assert [each["agent_id"] for each in found] == ["a"]
    bulk = {"filter": {"tier": ["gold"]}, "dry_run": True}
    assert client.post(f"{API}/agents/bulk/drain", json=bulk).json()["matched"] == 1
    task = {"task_type": "t", "requirements": {"min_tier": "gold"}}
    submitted = client.post(f"{API}/agents/tasks/submit", json=task).json()
    assert assigned(client, submitted["task_id"])["agent_id"] == "a"


def test_a_tier_that_is_not_configured_is_refused_by_name(start_node: Callable[..., Any]) -> None:
    tiers = load_settings(environment={"MAS_STAKING_TIERS": "bronze=false"})
    client = start_node(staking_tiers=tiers.staking_tiers).client
    task = {"task_type": "t", "requirements": {"min_tier": "bronze"}}
    tasks = {"tasks": [task, {"task_type": "t"}]}

    alone = client.post(f"{API}/agents/tasks/submit", json=task)
    batch = client.post(f"{API}/agents/tasks/submit-batch", json=tasks).json()
    listed = client.get(f"{API}/agents", params={"tier": "bronze"})
    drained = client.post(f"{API}/agents/bulk/drain", json={"filter": {"tier": ["bronze"]}})

    told = [(each.status_code, each.json()["code"]) for each in (alone, listed, drained)]
    assert told == [(422, "unknown_tier")] * 3
    assert [item["status"] for item in batch["items"]] == [422, 201]
    assert [each.json()["errors"][0]["field"] for each in (alone, listed, drained)] == [
        "requirements.min_tier",
        "tier",
        "filter.tier.0",
    ]


def test_an_agent_is_offline_after_three_missed_heartbeats(start_node: Callable[..., Any]) -> None:
    client = start_node(heartbeat_interval_seconds=0.5).client
    register(client, "a")
    told = client.post(f"{API}/agents/a/heartbeat").json()
    assert (told["online"], told["next_within_seconds"]) == (True, 0.5)

    offline(client, "a")
    events = client.get(f"{API}/audit/streams/agent/a").json()["items"]
    assert events[-1]["topic"] == "agent.went_offline.v1"


def test_a_claim_does_not_wait_until_its_agent_is_taken_to_be_offline(
    start_node: Callable[..., Any],
) -> None:
    client = start_node(heartbeat_interval_seconds=1.0, claim_wait_seconds=3600.0).client
    register(client, "a")

    for _ in range(4):  # longer than three missed heartbeats
        answer = client.post(f"{API}/agents/a/claim", json={"wait": 3600})
        assert answer.json() == {"items": [], "lost": []}

    events = client.get(f"{API}/audit/streams/agent/a").json()["items"]
    assert [event["topic"] for event in events] == ["agent.registered.v1"]


def test_an_attempt_that_runs_longer_than_task_timeout_is_taken_away(
    start_node: Callable[..., Any],
) -> None:
    client = start_node(task_timeout_seconds=1.0).client
    register(client, "a")
    # Nothing expires within one lease after a node's start; a short one keeps the test short.
    client.post(f"{API}/agents/tasks/submit", json={"task_type": "t", "lease_seconds": 5})
    (first,) = claim(client, "a")
    assert (first["timeout_seconds"], first["attempt"]) == (1.0, 1)

    act(client, first, "start")
    (second,) = claim(client, "a")

    assert second["attempt"] == 2
    events = client.get(f"{API}/audit/streams/task/{first['task_id']}").json()["items"]
    (released,) = [each for each in events if each["topic"] == "task.released.v1"]
    assert released["data"]["reason"] == "timed_out"
