"""Agents over HTTP: what they report, and how many of them are listed."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

API = "/mas/api/v1"


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node of its own: nobody else's agents stand in these lists."""
    return start_for_module()


def register(client: httpx.Client, agent_id: str, **fields: Any) -> None:
    answer = client.put(f"{API}/agents/{agent_id}", json=fields)
    assert answer.status_code == 201, answer.text


def listed(client: httpx.Client, **asked: Any) -> list[str]:
    answer = client.get(f"{API}/agents", params=asked)
    assert answer.status_code == 200, answer.text
    return [agent["agent_id"] for agent in answer.json()["items"]]


def test_a_heartbeat_tells_load_and_metrics(client: httpx.Client, unique: str) -> None:
    register(client, unique)
    path = f"{API}/agents/{unique}"
    said = {"load": 0.75, "metrics": {"queue": 3, "temperature_c": 61.5}}
    assert client.get(path).json()["reported"] is None

    stream = f"{API}/audit/streams/agent/{unique}"
    before = client.get(stream).json()["items"]
    client.post(f"{path}/heartbeat", json=said)
    shown = client.get(path).json()["reported"]

    assert {"load": shown["load"], "metrics": shown["metrics"]} == said
    assert client.get(stream).json()["items"] == before, "what agents say is no event"
    (in_list,) = client.get(f"{API}/agents", params={"q": unique}).json()["items"]
    assert in_list["reported"] == shown
    client.post(f"{path}/heartbeat")
    assert client.get(path).json()["reported"] == shown, "nothing said is nothing changed"
    client.post(f"{path}/heartbeat", json={"load": 0})
    assert client.get(path).json()["reported"]["load"] == 0
    assert client.get(path).json()["reported"]["metrics"] == {}


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"load": 1.01}, "invalid_value", "load"),
        ({"load": -0.01}, "invalid_value", "load"),
        ({"load": "high"}, "invalid_type", "load"),
        ({"metrics": {"x": "y"}}, "invalid_type", "metrics.x"),
        ({"metrics": {"": 1}}, "invalid_text", "metrics"),
        ({"metrics": {f"m{n}": n for n in range(33)}}, "invalid_value", "metrics"),
        ({"loads": 1}, "unknown_field", "loads"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_report_is_refused(
    client: httpx.Client, unique: str, body: dict[str, Any], code: str, field: str
) -> None:
    register(client, unique)

    answer = client.post(f"{API}/agents/{unique}/heartbeat", json=body)

    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["code"], problem["errors"][0]["field"]) == (code, field)
    assert client.get(f"{API}/agents/{unique}").json()["reported"] is None


def test_agents_are_found_by_labels_tiers_and_text(client: httpx.Client, unique: str) -> None:
    a, b, c = (f"{unique}-{each}" for each in "abc")
    register(client, a, labels={unique: 8}, initial_stake=100)
    register(client, b, labels={unique: 16}, initial_stake=500)
    register(client, c, labels={unique: "many"}, metadata={"name": f"The {unique} one"})

    compared: Any = {"label": unique, "label_op": ">="}
    assert listed(client, label=unique) == [a, b, c]
    assert listed(client, **compared, label_value="8") == [a, b]
    assert listed(client, label=unique, label_op="in", label_value=["8", "many"]) == [a, c]
    assert listed(client, label=unique, label_value="16") == [b]
    assert listed(client, tier=["bronze", "silver"], q=unique) == [a, b]
    assert listed(client, q=f"the {unique}") == [c]
    assert listed(client, q=unique, sort="-success_rate") == [c, b, a]


@pytest.mark.parametrize(
    ("asked", "status", "code", "field"),
    [
        ({"label": "a", "label_op": "~", "label_value": "1"}, 400, "invalid_parameter",
         "label_op"),
        ({"label": "a", "label_op": ">"}, 400, "missing_parameter", "label_value"),
        ({"label_op": ">", "label_value": "1"}, 400, "missing_parameter", "label"),
        ({"label": "a", "label_op": ">", "label_value": "x"}, 422, "invalid_label_comparator",
         "label_value"),
        ({"label": "a", "label_value": ["x", "y"]}, 422, "invalid_label_comparator",
         "label_value"),
        ({"tier": "wooden"}, 422, "unknown_tier", "tier"),
        ({"sort": "beauty"}, 400, "invalid_parameter", "sort"),
    ],
)  # fmt: skip
def test_a_bad_question_is_refused(
    client: httpx.Client, asked: dict[str, str], status: int, code: str, field: str
) -> None:
    answer = client.get(f"{API}/agents", params=asked)

    assert answer.status_code == status
    problem = answer.json()
    assert (problem["code"], problem["errors"][0]["field"].split(".")[0]) == (code, field)


def test_performance_is_told_in_all_by_type_and_by_window(
    client: httpx.Client, unique: str
) -> None:
    register(client, unique, skills={unique: 1}, cost_per_task=2)
    for kind, outcome in (("a", "complete"), ("a", "complete"), ("b", "fail")):
        body = {"task_type": kind, "requirements": {"skills": [unique]}, "max_attempts": 1}
        client.post(f"{API}/agents/tasks/submit", json=body)
        asked = {"limit": 1, "wait": 20}
        (work,) = client.post(f"{API}/agents/{unique}/claim", json=asked).json()["items"]
        path = f"{API}/agents/tasks/{work['task_id']}"
        proof = {"agent_id": unique, "lease": work["lease"]}
        assert client.post(f"{path}/start", json=proof).status_code == 200
        said = {"quality": 0.9, "usage": {"cost": 3}} if outcome == "complete" else {}
        ended = client.post(f"{path}/{outcome}", json={**proof, **said})
        assert ended.status_code == 200

    url = f"{API}/agents/{unique}/performance"
    ever = client.get(url).json()
    day = client.get(url, params={"window": "24h"}).json()
    only_b = client.get(url, params={"task_type": "b"}).json()

    assert (ever["agent_id"], ever["window"], ever["since"]) == (unique, "all", None)
    assert (ever["assigned"], ever["completed"], ever["failed"]) == (3, 2, 1)
    assert ever["success_rate"] == round(2 / 3, 6)
    assert (
        ever["duration"]["p50_ms"] <= ever["duration"]["p95_ms"] <= ever["duration"]["longest_ms"]
    )
    assert ever["quality"] == {"count": 0, "mean": None}
    assert ever["own_quality"] == {"count": 2, "mean": 0.9}
    assert ever["cost"] == {
        "count": 2, "actual": "6", "estimated": "4", "ratio": 1.5, "above_estimate": 2,
    }  # fmt: skip
    assert ever["streak"] == {"outcome": "failed", "length": 1, "longest_completed": 2}
    kinds = [
        (each["task_type"], each["completed"], each["failed"]) for each in ever["by_task_type"]
    ]
    assert kinds == [("a", 2, 0), ("b", 0, 1)]
    assert day == {**ever, "window": "24h", "since": day["since"]}
    assert day["since"].endswith(":00:00Z")
    assert (only_b["assigned"], only_b["success_rate"]) == (1, 0.0)
    shown = client.get(f"{API}/agents/{unique}").json()
    assert shown["success_rate"] == ever["success_rate"]


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"window": "2h"}, 400, "invalid_parameter"),
        ({"task_type": ""}, 400, "invalid_parameter"),
        ({"task_type": "x" * 129}, 400, "invalid_parameter"),
        ({"since": "yesterday"}, 400, "unknown_parameter"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_question_about_performance_is_refused(
    client: httpx.Client, unique: str, asked: dict[str, str], status: int, code: str
) -> None:
    register(client, unique)

    answer = client.get(f"{API}/agents/{unique}/performance", params=asked)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
