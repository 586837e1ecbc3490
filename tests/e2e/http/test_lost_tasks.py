"""An agent that polls learns of the tasks that it lost: by heartbeat, claim and report alike."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from .nodes import QUIET

API = "/mas/api/v1"


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: nobody else's tasks come to these agents."""
    return start_for_module(**QUIET)


@pytest.fixture
def work(client: httpx.Client, unique: str) -> dict[str, Any]:
    """A task that the agent ``unique`` is working on; it has another place."""
    agent = {"agent_id": unique, "skills": {unique: 1.0}, "max_concurrent_tasks": 2}
    assert client.post(f"{API}/agents/register", json=agent).status_code == 201
    task = {"task_type": unique, "requirements": {"skills": [unique]}, "lease_seconds": 600}
    assert client.post(f"{API}/agents/tasks/submit", json=task).status_code == 201
    work = claimed(client, unique)
    report(client, work, "start")
    return work


def claimed(client: httpx.Client, agent_id: str) -> dict[str, Any]:
    (work,) = client.post(f"{API}/agents/{agent_id}/claim", json={"wait": 20}).json()["items"]
    found: dict[str, Any] = work
    return found


def report(client: httpx.Client, work: dict[str, Any], action: str) -> httpx.Response:
    proof = {"agent_id": work["agent_id"], "lease": work["lease"]}
    return client.post(f"{API}/agents/tasks/{work['task_id']}/{action}", json=proof)


def order(client: httpx.Client, work: dict[str, Any], action: str, **body: Any) -> None:
    answer = client.post(f"{API}/agents/tasks/{work['task_id']}/{action}", json=body)
    assert answer.status_code == 200, answer.text


def asked(client: httpx.Client, agent_id: str, how: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"{API}/agents/{agent_id}/{how}", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("how", ["heartbeat", "claim"])
def test_nothing_is_lost_as_long_as_the_agent_holds_it(
    client: httpx.Client, unique: str, work: dict[str, Any], how: str
) -> None:
    named = {"tasks": [work["task_id"]], "leases": {work["task_id"]: work["lease"]}}

    assert asked(client, unique, how, **named)["lost"] == []
    assert asked(client, unique, how)["lost"] == []


@pytest.mark.parametrize("how", ["heartbeat", "claim"])
@pytest.mark.parametrize("by_lease", [False, True])
def test_a_cancelled_task_is_lost(
    client: httpx.Client, unique: str, work: dict[str, Any], how: str, by_lease: bool
) -> None:
    order(client, work, "cancel")

    task_id = work["task_id"]
    named = {"leases": {task_id: work["lease"]}} if by_lease else {"tasks": [task_id]}
    told = asked(client, unique, how, **named)

    assert told["lost"] == [{"task_id": task_id, "status": "cancelled", "attempt": 1}]
    late = report(client, work, "progress")
    assert (late.status_code, late.json()["code"]) == (409, "task_cancelled")


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("cancel", {}, "cancelled"),
        ("reassign", {"exclude_current": True}, "queued"),
    ],
)
def test_a_claim_that_waits_for_more_work_ends_when_a_task_is_lost(
    client: httpx.Client,
    unique: str,
    work: dict[str, Any],
    action: str,
    body: dict[str, Any],
    status: str,
) -> None:
    """Before its wait is over; a claim that begins after the order tells of it just as well."""
    task_id = work["task_id"]
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(asked, client, unique, "claim", wait=3600, tasks=[task_id])
        order(client, work, action, **body)
        told = waiting.result(timeout=60)

    assert told == {"items": [], "lost": [{"task_id": task_id, "status": status, "attempt": 1}]}


def test_an_attempt_that_is_over_is_lost_though_its_agent_got_the_next_one(
    client: httpx.Client, unique: str, work: dict[str, Any]
) -> None:
    order(client, work, "reassign", exclude_current=False)
    again = claimed(client, unique)
    task_id = work["task_id"]
    assert (again["task_id"], again["attempt"]) == (task_id, 2)

    by_id = asked(client, unique, "heartbeat", tasks=[task_id])
    by_old_lease = asked(client, unique, "heartbeat", leases={task_id: work["lease"]})
    by_new_lease = asked(client, unique, "heartbeat", leases={task_id: again["lease"]})

    assert (by_id["lost"], by_new_lease["lost"]) == ([], [])
    assert by_old_lease["lost"] == [{"task_id": task_id, "status": "assigned", "attempt": 2}]
    assert [task["lease"] for task in by_old_lease["tasks"]] == [again["lease"]]
    late = report(client, work, "complete")
    assert (late.status_code, late.json()["code"]) == (409, "stale_lease")


@pytest.mark.parametrize("how", ["heartbeat", "claim"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tasks": ["a b"]}, "tasks.0"),
        ({"tasks": ["t"] * 1_001}, "tasks"),
        ({"leases": {"a b": "L"}}, "leases.a b"),
        ({"leases": {"t": ""}}, "leases.t"),
        ({"leases": {"t": "L" * 129}}, "leases.t"),
        ({"leases": {"t": 1}}, "leases.t"),
        ({"leases": {str(number): "L" for number in range(1_001)}}, "leases"),
    ],
)
def test_bad_names_are_refused(
    client: httpx.Client, unique: str, how: str, body: dict[str, Any], field: str
) -> None:
    client.put(f"{API}/agents/{unique}", json={})

    answer = client.post(f"{API}/agents/{unique}/{how}", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
