"""Metrics over HTTP: the figures of the system, their history."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

API = "/mas/api/v1"


def life(client: httpx.Client, unique: str, priority: str = "normal") -> dict[str, int]:
    """Register an agent, and let it do a task; return what queries have to wait for."""
    able = {"max_concurrent_tasks": 100, "skills": {unique: 1}}
    client.put(f"{API}/agents/{unique}", json=able)
    submitted = client.post(
        f"{API}/agents/tasks/submit",
        json={"task_type": unique, "requirements": {"skills": [unique]}, "priority": priority},
    )
    assert submitted.status_code == 201, submitted.text
    task_id = submitted.json()["task_id"]
    for _ in range(100):
        wanted = {"wait": 1, "limit": 100}
        claimed = client.post(f"{API}/agents/{unique}/claim", json=wanted).json()["items"]
        leases = [each["lease"] for each in claimed if each["task_id"] == task_id]
        if leases:
            break
    report = {"agent_id": unique, "lease": leases[0]}
    for action in ("start", "complete"):
        done = client.post(f"{API}/agents/tasks/{task_id}/{action}", json=report)
        assert done.status_code == 200, done.text
    return {"min_position": int(done.headers["x-event-position"])}


def test_figures_tell_of_agents_priorities_throughput_and_lag(
    client: httpx.Client, unique: str
) -> None:
    before = client.get(f"{API}/agents/metrics/system").json()
    done = life(client, unique, "critical")
    after = client.get(f"{API}/agents/metrics/system", params=done).json()

    def completed(figures: dict[str, Any]) -> int:
        count: int = figures["tasks"]["by_priority"]["critical"]["completed"]
        return count

    assert completed(after) == completed(before) + 1
    assert after["agents"]["with_room"] >= 1
    assert 0 <= after["agents"]["utilization"] <= 1
    windows = after["throughput"]["windows"]
    assert [windows[name]["completed"] >= 1 for name in ("1m", "5m", "15m")] == [True] * 3
    lag = {each["name"]: each["kind"] for each in after["lag"]}
    assert lag == {
        "agent_directory": "table",
        "agent_performance": "table",
        "task_board": "table",
        "system_metrics": "view",
        "dispatching": "process",
        "expiry": "process",
        "webhooks": "process",
        "settlement": "process",
        "mailroom": "process",
        "budgets": "table",
        "governance": "table",
        "incentives": "table",
        "ledger": "table",
        "messages": "table",
        "stakes": "table",
        "task_rewards": "table",
        "economy": "view",
    }
    assert all(each["position"] > 0 and each["seconds"] < 60 for each in after["lag"])


def test_history_is_cut_out_and_stepped(start_node: Callable[..., Any], unique: str) -> None:
    client = start_node().client  # a young one, whose whole history goes by minutes
    done = life(client, unique)
    url = f"{API}/agents/metrics/history"
    whole = client.get(url, params=done).json()
    assert whole["step_seconds"] == 60
    assert sum(point["completed"] for point in whole["items"]) >= 1
    assert {"p95_wait_ms", "queue_depth", "active_tasks", "agents_online", "dead"} <= set(
        whole["items"][0]
    )
    last = whole["items"][-1]["at"]
    cut = client.get(url, params={"from": last, "to": "2199-01-01T00:00:00Z", "step": "1m"}).json()
    assert cut["items"][0]["at"] == last
    days = client.get(url, params={"step": "1d"}).json()
    assert (days["step_seconds"], len(days["items"]) >= 1) == (86_400, True)


@pytest.mark.parametrize(
    ("params", "status", "code", "field"),
    [
        ({"from": "2001-01-01T00:00:00Z", "step": "1m"}, 422, "too_many_points", None),
        ({"step": "0m"}, 400, "invalid_parameter", "step"),
        ({"step": "5"}, 400, "invalid_parameter", "step"),
        ({"step": "9999d"}, 400, "invalid_parameter", "step"),
        ({"from": "2026-01-01T00:00:00"}, 400, "invalid_parameter", "from"),
        (
            {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
            422,
            "invalid_value",
            "to",
        ),
        ({"from": "yesterday"}, 400, "invalid_parameter", "from"),
        ({"since": "2026-01-01T00:00:00Z"}, 400, "unknown_parameter", "since"),
    ],
)
def test_a_series_that_cannot_be_is_refused(
    client: httpx.Client, params: dict[str, str], status: int, code: str, field: str | None
) -> None:
    answer = client.get(f"{API}/agents/metrics/history", params=params)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if field:
        assert answer.json()["errors"][0]["field"] == field
