"""Questions, answers, progress, costs and ratings of tasks over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .test_task_lives import register, submit, work_for

API = "/mas/api/v1"
TASKS = f"{API}/agents/tasks"


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: nobody else's tasks take the places of these agents."""
    return start_for_module()


def begun(client: httpx.Client, unique: str, **fields: Any) -> tuple[str, dict[str, str]]:
    """Return the path of a running task, and what its agent proves that it holds it with."""
    register(client, unique, skills={unique: 1.0}, cost_per_task=15)
    task = submit(client, unique, **fields)
    work = work_for(client, unique)
    assert work["task_id"] == task["task_id"]
    proof = {"agent_id": unique, "lease": work["lease"]}
    path = f"{TASKS}/{task['task_id']}"
    assert client.post(f"{path}/start", json=proof).status_code == 200
    return path, proof


def refused(answer: httpx.Response, status: int, code: str, field: str = "") -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    if field:
        assert problem["errors"][0]["field"] == field


def test_an_agent_asks_is_answered_and_goes_on(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique)
    question = {"question": "Which quarter?", "choices": ["Q1", "Q2"], "schema": {"type": "string"}}

    asked = client.post(f"{path}/ask", json={**proof, **question})

    assert (asked.status_code, asked.json()["status"]) == (200, "input_required")
    assert client.post(f"{path}/ask", json={**proof, **question}).status_code == 200
    refused(client.post(f"{path}/ask", json={**proof, "question": "?"}), 409, "input_pending")
    listed = client.get(TASKS, params={"status": "input_required", "agent_id": unique}).json()
    (shown,) = listed["items"][0]["inputs"]
    assert (shown["question"], shown["choices"]) == ("Which quarter?", ["Q1", "Q2"])
    assert (shown["number"], shown["answered_by"], shown["answer"]) == (1, None, None)

    refused(client.post(f"{path}/input", json={"answer": "Q9"}), 422, "invalid_value", "answer")
    refused(client.post(f"{path}/input", json={}), 422, "missing_field", "answer")
    given = client.post(f"{path}/input", json={"answer": "Q2", "number": 1})

    assert (given.status_code, given.json()["status"]) == (200, "running")
    refused(client.post(f"{path}/input", json={"answer": "Q1"}), 409, "input_not_awaited")
    beat = client.post(f"{API}/agents/{unique}/heartbeat").json()
    (held,) = beat["tasks"]
    assert (held["status"], held["asked"], held["answered"]) == ("running", 1, 1)
    (shown,) = client.get(path).json()["inputs"]
    assert (shown["answer"], shown["schema"]) == ("Q2", {"type": "string"})
    assert client.post(f"{path}/complete", json=proof).json()["status"] == "completed"


def test_progress_is_shown_and_kept(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique)
    reports = [
        {"percent": 10, "message": "reading", "log": ["a", "b"]},
        {"percent": 40, "partial": {"rows": [1]}, "log": ["c"]},
        {"percent": 40},
        {"message": "writing"},
    ]
    for report in reports:
        assert client.post(f"{path}/progress", json={**proof, **report}).status_code == 200

    shown = client.get(path).json()["progress"]
    assert (shown["percent"], shown["message"]) == (40, "writing")
    assert (shown["partial"], shown["log"]) == ({"rows": [1]}, ["a", "b", "c"])
    listed = client.get(f"{path}/progress", params={"total": True}).json()
    assert [item["message"] for item in listed["items"]] == ["writing", "", "reading"]
    assert (listed["total"], listed["next_cursor"]) == (3, None)
    first = client.get(f"{path}/progress", params={"sort": "position", "limit": 2}).json()
    rest = client.get(
        f"{path}/progress",
        params={"sort": "position", "limit": 2, "cursor": first["next_cursor"]},
    ).json()
    percents = [item["percent"] for item in first["items"] + rest["items"]]
    assert (percents, rest["next_cursor"]) == ([10, 40, None], None)
    refused(client.get(f"{TASKS}/no-such-task/progress"), 404, "task_not_found")


@pytest.mark.parametrize(
    ("report", "code", "field"),
    [
        ({"percent": 101}, "invalid_value", "percent"),
        ({"log": ["x"] * 101}, "invalid_value", "log"),
        ({"log": ["x" * 1001]}, "invalid_text", "log.0"),
        ({"partial": "x" * 70_000}, "invalid_value", "partial"),
    ],
)
def test_a_report_out_of_bounds_is_refused(
    client: httpx.Client, unique: str, report: dict[str, Any], code: str, field: str
) -> None:
    path, proof = begun(client, unique)
    refused(client.post(f"{path}/progress", json={**proof, **report}), 422, code, field)


def test_an_excess_over_the_bound_is_flagged(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique, max_cost=20)
    done = client.post(f"{path}/complete", json={**proof, "usage": {"cost": "20.5"}})

    assert done.json()["status"] == "completed"
    assert client.get(path).json()["cost"] == {
        "estimated": "15", "actual": "20.5", "excess": "5.5", "over_max_cost": True,
    }  # fmt: skip


def test_or_refused_where_the_task_wants_that(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique, max_cost=20, cost_policy="refuse")

    late = client.post(f"{path}/complete", json={**proof, "usage": {"cost": "20.5"}})

    refused(late, 409, "cost_exceeded")
    seen = client.get(path).json()
    assert (seen["status"], seen["refused"], seen["cost"]) == ("running", 1, None)
    assert seen["cost_policy"] == "refuse"
    done = client.post(f"{path}/complete", json={**proof, "usage": {"cost": 20}})
    assert done.json()["status"] == "completed"
    assert client.get(path).json()["cost"]["over_max_cost"] is False


def test_without_a_cost_of_its_own_the_price_counts(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique)
    client.post(f"{path}/complete", json=proof)
    assert client.get(path).json()["cost"] == {
        "estimated": "15", "actual": "15", "excess": "0", "over_max_cost": False,
    }  # fmt: skip


def test_a_result_is_rated_once(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique)
    good = {"rating": 0.75, "comment": "good"}
    refused(client.post(f"{path}/rate", json=good), 409, "task_not_completed")
    client.post(f"{path}/complete", json=proof)
    refused(client.post(f"{path}/rate", json={"rating": 1.5}), 422, "invalid_value", "rating")

    assert client.post(f"{path}/rate", json=good).status_code == 200

    refused(client.post(f"{path}/rate", json=good), 409, "already_rated")
    rating = client.get(path).json()["rating"]
    assert (rating["rating"], rating["comment"], rating["by"]) == (0.75, "good", "dev")


def test_a_cancellation_reaches_the_agent(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique)
    task_id = path.rpartition("/")[2]
    held = client.post(f"{API}/agents/{unique}/heartbeat", json={"tasks": [task_id]}).json()
    assert [task["task_id"] for task in held["tasks"]] == [task_id]
    assert held["lost"] == []

    client.post(f"{path}/cancel")

    told = client.post(f"{API}/agents/{unique}/heartbeat", json={"tasks": [task_id, "x"]}).json()
    assert told["tasks"] == []
    assert told["lost"] == [
        {"task_id": task_id, "status": "cancelled", "attempt": 1},
        {"task_id": "x", "status": "unknown", "attempt": 0},
    ]
    refused(client.post(f"{path}/progress", json={**proof, "percent": 5}), 409, "task_cancelled")
    refused(client.post(f"{path}/complete", json={**proof, "result": 1}), 409, "task_cancelled")
    seen = client.get(path).json()
    assert (seen["status"], seen["result"], seen["refused"]) == ("cancelled", None, 2)


def test_a_reassigned_task_goes_to_another_agent(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique, max_attempts=1)
    other = f"{unique}-b"
    register(client, other, skills={unique: 1.0})

    taken = client.post(f"{path}/reassign", json={"reason": "slow"})

    assert taken.status_code == 200
    work = work_for(client, other)
    assert (work["task_id"], work["attempt"]) == (path.rpartition("/")[2], 2)
    refused(client.post(f"{path}/complete", json=proof), 409, "stale_lease")
    now = {"agent_id": other, "lease": work["lease"]}
    assert client.post(f"{path}/complete", json=now).json()["status"] == "completed"
    refused(client.post(f"{path}/reassign"), 409, "task_not_held")


def test_whom_a_task_was_taken_from_for_good_is_shown(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique)
    other = f"{unique}-b"

    taken = client.post(f"{path}/reassign", json={"reason": "slow"})

    position = int(taken.headers["x-event-position"])
    shown = client.get(path, params={"min_position": position}).json()
    assert shown["excluded_agents"] == [proof["agent_id"]]
    assert shown["requirements"].get("excluded_agents", []) == []
    explanation = client.get(f"{path}/explain", params={"min_position": position}).json()
    (excluded,) = explanation["excluded"]
    assert (excluded["agent_id"], excluded["attempt"]) == (proof["agent_id"], 1)
    assert (excluded["reason"], excluded["by"]) == ("slow", "dev")
    (filtered,) = [each for each in explanation["filtered"] if each["code"] == "excluded"]
    assert filtered["agents"] == [proof["agent_id"]]

    register(client, other, skills={unique: 1.0})
    work_for(client, other)
    again = client.post(f"{path}/reassign", json={"exclude_current": False})
    position = int(again.headers["x-event-position"])
    shown = client.get(path, params={"min_position": position}).json()
    assert shown["excluded_agents"] == [proof["agent_id"]]


def test_a_task_gets_another_class(client: httpx.Client, unique: str) -> None:
    path = f"{TASKS}/{submit(client, unique)['task_id']}"
    moved = client.post(f"{path}/reprioritise", json={"priority": "critical", "reason": "r"})
    assert (moved.status_code, moved.json()["priority"]) == (200, "critical")
    assert client.get(path).json()["priority"] == "critical"
    refused(client.post(f"{path}/reprioritise", json={"priority": "x"}), 422, "invalid_value")
    client.post(f"{path}/cancel")
    late = client.post(f"{path}/reprioritise", json={"priority": "low"})
    refused(late, 409, "task_already_finished")
