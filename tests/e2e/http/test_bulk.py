"""Orders about many tasks or agents: counted first, carried out once, told in one summary."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from aia_mas.application.event_log.errors import LogUnavailable

from .test_task_lives import claim, register, submit, work_for

API = "/mas/api/v1"
TASKS = f"{API}/agents/tasks"


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: nobody else's tasks are among the many."""
    return start_for_module()


def queued(client: httpx.Client, unique: str, count: int, **fields: Any) -> list[str]:
    """Submit tasks that nobody can do."""
    task = {"task_type": unique, "requirements": {"skills": [unique]}, **fields}
    answer = client.post(f"{TASKS}/submit-batch", json={"tasks": [task] * count}).json()
    assert answer["accepted"] == count
    return [item["task"]["task_id"] for item in answer["items"]]


def dead(client: httpx.Client, unique: str, count: int) -> list[str]:
    """Let tasks die."""
    register(client, unique, skills={unique: 1.0}, max_concurrent_tasks=count)
    ids = []
    for _ in range(count):
        task = submit(client, unique, task_type=unique, max_attempts=1)
        work = work_for(client, unique)
        proof = {"agent_id": unique, "lease": work["lease"]}
        failed = client.post(f"{TASKS}/{task['task_id']}/fail", json=proof)
        assert failed.json()["status"] == "dead"
        ids.append(task["task_id"])
    # What is tried again waits from here on.
    assert client.delete(f"{API}/agents/{unique}").status_code == 204
    return ids


def order(client: httpx.Client, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = client.post(path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def statuses(client: httpx.Client, unique: str) -> list[str]:
    items = client.get(TASKS, params={"task_type": unique, "limit": 500}).json()["items"]
    return sorted({item["status"] for item in items})


def test_a_dry_run_counts_and_changes_nothing(client: httpx.Client, unique: str) -> None:
    ids = queued(client, unique, 30)
    body = {"filter": {"task_type": unique}, "dry_run": True}

    told = order(client, f"{TASKS}/bulk/cancel", body)

    assert (told["dry_run"], told["bulk_id"]) == (True, None)
    assert (told["matched"], told["changed"], told["refused"]) == (30, 0, {})
    assert [example["id"] for example in told["examples"]] == ids[:20]
    assert statuses(client, unique) == ["queued"]
    some = order(client, f"{TASKS}/bulk/cancel", {**body, "limit": 4})
    assert (some["matched"], len(some["examples"]), some["more"]) == (30, 4, True)


def test_many_are_cancelled_in_several_commits(client: httpx.Client, unique: str) -> None:
    queued(client, unique, 250)
    body = {"filter": {"task_type": unique}, "reason": "enough"}

    told = order(client, f"{TASKS}/bulk/cancel", {**body, "limit": 240})

    assert (told["matched"], told["changed"], told["more"]) == (240, 240, True)
    assert order(client, f"{TASKS}/bulk/cancel", body)["matched"] == 10
    assert statuses(client, unique) == ["cancelled"]
    (event,) = client.get(f"{API}/audit/streams/bulk/{told['bulk_id']}").json()["items"]
    data = event["data"]
    assert (data["action"], data["count"], data["reason"]) == ("cancel", 240, "enough")
    assert data["selection"]["task_type"] == unique


def test_only_what_the_order_can_be_about_is_matched(client: httpx.Client, unique: str) -> None:
    ids = queued(client, unique, 3)
    client.post(f"{TASKS}/{ids[0]}/cancel")
    everything = {"filter": {"task_type": unique}}

    assert order(client, f"{TASKS}/bulk/reassign", everything)["matched"] == 0
    urgent = order(client, f"{TASKS}/bulk/reprioritise", {**everything, "priority": "critical"})
    assert (urgent["matched"], urgent["changed"]) == (2, 2)
    again = order(client, f"{TASKS}/bulk/retry", everything)
    assert (again["matched"], [each["id"] for each in again["examples"]]) == (1, ids[:1])
    nothing = {"filter": {"task_type": unique, "status": ["completed"]}}
    assert order(client, f"{TASKS}/bulk/cancel", nothing)["matched"] == 0
    shown = client.get(TASKS, params={"task_type": unique, "priority": "critical"}).json()
    assert [item["task_id"] for item in reversed(shown["items"])] == ids[1:]


def test_ids_say_why_each_was_refused(client: httpx.Client, unique: str) -> None:
    ids = queued(client, unique, 3)
    client.post(f"{TASKS}/{ids[0]}/cancel")

    told = order(client, f"{TASKS}/bulk/reassign", {"ids": [*ids, "no-such-task", ids[0]]})

    assert (told["matched"], told["changed"]) == (4, 0)
    assert told["refused"] == {"task_not_held": 3, "task_not_found": 1}
    assert {"id": "no-such-task", "code": "task_not_found"} in told["examples"]


def test_a_repeated_order_is_carried_out_once(client: httpx.Client, unique: str) -> None:
    register(client, unique, skills={unique: 1.0}, max_concurrent_tasks=3)
    for _ in range(3):
        submit(client, unique, task_type=unique)
    assert next(True for _ in range(1000) if len(claim(client, unique, wait=0.05)) == 3)
    body = {"filter": {"task_type": unique}, "exclude_current": False}
    key = {"idempotency-key": unique}

    first = client.post(f"{TASKS}/bulk/reassign", json=body, headers=key)
    again = client.post(f"{TASKS}/bulk/reassign", json=body, headers=key)

    assert first.json()["changed"] == 3
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    for item in client.get(TASKS, params={"task_type": unique}).json()["items"]:
        events = client.get(f"{API}/audit/streams/task/{item['task_id']}").json()["items"]
        assert [event["topic"] for event in events].count("task.released.v1") == 1
    other = client.post(f"{TASKS}/bulk/reassign", json={**body, "limit": 1}, headers=key)
    assert other.json()["code"] == "idempotency_key_reused"


def test_an_order_that_broke_off_goes_on_with_its_key(
    client: httpx.Client, node: Any, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = queued(client, unique, 250)
    engine, calls = node.system.engine, 0
    execute_many = engine.execute_many

    async def breaks_off(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise LogUnavailable("the store went away")
        return await execute_many(*args)

    monkeypatch.setattr(engine, "execute_many", breaks_off)
    body = {"filter": {"task_type": unique}, "priority": "high"}
    key = {"idempotency-key": unique}

    broken = client.post(f"{TASKS}/bulk/reprioritise", json=body, headers=key)
    assert (broken.status_code, broken.json()["code"]) == (503, "event_log_unavailable")
    whole = order(client, f"{TASKS}/bulk/reprioritise", body, **key)

    assert (whole["matched"], whole["changed"]) == (250, 250)
    for task_id in (ids[0], ids[-1]):
        events = client.get(f"{API}/audit/streams/task/{task_id}").json()["items"]
        assert [event["topic"] for event in events].count("task.reprioritised.v1") == 1


def test_the_dead_are_driven_again(client: httpx.Client, unique: str) -> None:
    ids = dead(client, unique, 3)
    queued(client, unique, 1)
    listed = client.get(TASKS, params={"status": "dead", "task_type": unique}).json()["items"]
    assert [item["task_id"] for item in reversed(listed)] == ids
    where = {"filter": {"task_type": unique}}

    dry = order(client, f"{TASKS}/redrive", {**where, "dry_run": True})
    assert (dry["matched"], dry["changed"]) == (3, 0)
    first = order(client, f"{TASKS}/redrive", {**where, "limit": 1})
    assert (first["changed"], first["more"]) == (1, True)
    assert [each["id"] for each in first["examples"]] == ids[:1]
    assert order(client, f"{TASKS}/redrive", where)["changed"] == 2
    assert statuses(client, unique) == ["queued"]
    one = dead(client, f"{unique}-2", 1)[0]
    assert client.post(f"{TASKS}/{one}/retry").json()["status"] == "queued"


def test_many_agents_are_drained(client: httpx.Client, unique: str) -> None:
    ids = [f"{unique}-{number}" for number in range(3)]
    for agent_id in ids:
        register(client, agent_id, labels={"group": unique})
    body = {"filter": {"label": "group", "label_value": [unique]}}
    drain = f"{API}/agents/bulk/drain"

    assert order(client, drain, {**body, "dry_run": True})["matched"] == 3
    assert order(client, drain, {**body, "limit": 2, "reason": "night"})["more"] is True
    assert order(client, drain, body)["changed"] == 1
    assert order(client, drain, body)["matched"] == 0
    told = order(client, drain, {"ids": [ids[0], "nobody"]})
    assert (told["changed"], told["refused"]) == (1, {"agent_not_found": 1})
    found = client.get(f"{API}/agents", params={"label": "group", "label_value": unique}).json()
    assert [agent["status"] for agent in found["items"]] == ["draining"] * 3
    refused = client.put(f"{API}/agents/bulk", json={})
    assert refused.json()["code"] == "reserved_id"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({}, "invalid_value", "filter"),
        ({"filter": {}, "ids": ["a"]}, "invalid_value", "filter"),
        ({"ids": []}, "invalid_value", "ids"),
        ({"ids": ["a", "b c"]}, "invalid_id", "ids.1"),
        ({"ids": ["a"] * 10_001}, "invalid_value", "ids"),
        ({"filter": {}, "limit": 0}, "invalid_value", "limit"),
        ({"filter": {}, "limit": 10_001}, "invalid_value", "limit"),
        ({"filter": {"colour": "red"}}, "unknown_field", "filter.colour"),
        ({"filter": {"status": ["lost"]}}, "invalid_value", "filter.status.0"),
        ({"filter": {}, "reason": "x" * 10_001}, "invalid_text", "reason"),
    ],
)
def test_an_order_says_clearly_what_it_is_about(
    client: httpx.Client, body: dict[str, Any], code: str, field: str
) -> None:
    answer = client.post(f"{TASKS}/bulk/cancel", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code), answer.text
    assert problem["errors"][0]["field"] == field


def test_a_filter_field_without_its_partner_drains_nobody(client: httpx.Client) -> None:
    for partial in ({"label_value": ["x"]}, {"min_level": 0.5}):
        answer = client.post(f"{API}/agents/bulk/drain", json={"filter": partial})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_value")
