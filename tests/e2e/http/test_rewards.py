"""Rewards over HTTP: promised with the attempt, shown everywhere, paid into the wallet."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

API = "/mas/api/v1"
PATIENCE = 60.0


@pytest.fixture(scope="module")
def paying(start_for_module: Callable[..., Any]) -> Any:
    """A node on which nothing waits long for its rating."""
    return start_for_module(rating_window_seconds=3)


@pytest.fixture(scope="module")
def api(paying: Any) -> httpx.Client:
    client: httpx.Client = paying.client
    return client


def agent(api: httpx.Client, name: str, stake: str = "500", **fields: Any) -> None:
    body = {
        "agent_id": name,
        "specializations": [name],
        "max_concurrent_tasks": 5,
        "cost_per_task": "15",
        "initial_stake": stake,
        **fields,
    }
    assert api.post(f"{API}/agents/register", json=body).status_code == 201


def submit(api: httpx.Client, name: str, **fields: Any) -> dict[str, Any]:
    """Submit a task for one agent; returns it as it was assigned."""
    wanted = {"specializations": [name]}
    body = {"task_type": "t", "description": "d", "requirements": wanted, **fields}
    answer = api.post(f"{API}/agents/tasks/submit", json=body)
    assert answer.status_code == 201, answer.text
    task = answer.json()
    return seen(api, task["task_id"], lambda found: found["status"] == "assigned")


def seen(api: httpx.Client, task_id: str, so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return a task once it is so."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        task: dict[str, Any] = api.get(f"{API}/agents/tasks/{task_id}").json()
        if so(task):
            return task
        time.sleep(0.05)
    raise AssertionError(task)


def complete(api: httpx.Client, task: dict[str, Any]) -> None:
    body = {"agent_id": task["agent_id"], "lease": task["lease"], "result": 1}
    assert api.post(f"{API}/agents/tasks/{task['task_id']}/complete", json=body).is_success


def promised_to(api: httpx.Client, name: str) -> dict[str, Any]:
    """Return a first task of an agent that was promised something: the pool is filled by then."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        task = submit(api, name)
        if task["reward"]["status"] == "promised":
            return task
        api.post(f"{API}/agents/tasks/{task['task_id']}/cancel", json={})
    raise AssertionError(task)


def balance(api: httpx.Client, account: str) -> str:
    answer = api.get(f"{API}/economic/accounts/{account}")
    assert answer.status_code == 200, answer.text
    found: str = answer.json()["balance"]
    return found


def test_a_rated_task_is_paid_into_the_wallet(api: httpx.Client) -> None:
    agent(api, "silver")
    task = promised_to(api, "silver")
    promise = {
        "status": "promised",
        "tier": "silver",
        "multiplier": "1.2",
        "base": "10",
        "reserved": "18",
        "seconds": 300.0,
    }
    assert task["reward"] == promise
    explained = api.get(f"{API}/agents/tasks/{task['task_id']}/explain").json()
    assert explained["assignments"][-1]["reward"] == promise
    claimed = api.post(f"{API}/agents/silver/claim", json={}).json()["items"]
    assert [each["reward"] for each in claimed] == [promise]

    complete(api, task)
    rated = api.post(f"{API}/agents/tasks/{task['task_id']}/rate", json={"rating": 0.9})
    assert rated.is_success
    paid = seen(api, task["task_id"], lambda found: found["reward"]["status"] == "paid")["reward"]

    # 1 + 0.8 x (0.9 - 0.5), and a tenth for being early.
    assert (paid["factor"], paid["rating"], paid["punctuality"]) == ("1.42", 0.9, "early")
    assert (paid["amount"], paid["gov"]) == ("17.04", "1")
    moved = api.get(f"{API}/economic/transfers/{paid['transfer_id']}").json()
    assert moved["reason"] == "task_reward"
    assert balance(api, "wallet:AIA:silver") == "17.04"
    assert balance(api, "wallet:AIA_GOV:silver") == "1"


def test_what_nobody_rates_is_paid_as_a_neutral_one(api: httpx.Client) -> None:
    agent(api, "unrated", "2000")
    task = promised_to(api, "unrated")
    complete(api, task)

    paid = seen(api, task["task_id"], lambda found: found["reward"]["status"] == "paid")["reward"]

    assert "rating" not in paid
    assert (paid["factor"], paid["amount"]) == ("1.1", "16.5")


def test_without_a_stake_the_work_goes_on_unfunded(api: httpx.Client) -> None:
    agent(api, "poor", "0")
    task = submit(api, "poor")

    assert task["reward"] == {"status": "unfunded", "reason": "no_stake"}
    complete(api, task)
    done = seen(api, task["task_id"], lambda found: found["status"] == "completed")
    assert done["reward"] == {"status": "unfunded", "reason": "no_stake"}


def test_a_stake_backs_so_many_at_once(api: httpx.Client) -> None:
    agent(api, "bronze", "100")
    first = promised_to(api, "bronze")
    second = submit(api, "bronze")

    assert second["reward"] == {"status": "unfunded", "reason": "stake_limit"}
    complete(api, first)
    assert promised_to(api, "bronze")["reward"]["tier"] == "bronze"


def test_an_attempt_that_is_taken_back_promises_nothing_any_more(api: httpx.Client) -> None:
    agent(api, "cancelled")
    task = promised_to(api, "cancelled")
    api.post(f"{API}/agents/tasks/{task['task_id']}/cancel", json={})

    gone = seen(api, task["task_id"], lambda found: found["status"] == "cancelled")
    assert gone["reward"] is None


def test_stake_that_is_taken_back_takes_the_reward_along(api: httpx.Client) -> None:
    agent(api, "leaving")
    task = promised_to(api, "leaving")
    taken = api.post(f"{API}/economic/agents/leaving/unstake", json={})
    assert taken.is_success, taken.text
    complete(api, task)

    gone = seen(api, task["task_id"], lambda found: found["reward"]["status"] == "forfeited")
    assert (gone["reward"]["reason"], gone["reward"]["amount"]) == ("stake_lost", "0")
