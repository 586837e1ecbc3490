"""Metrics as Prometheus reads them: named well, bounded, and moving with what happens."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from aia_mas.domain.kernel import Role

from .nodes import NOBODY_S

ROOT = Path(__file__).parents[3]
API = "/mas/api/v1"
MESSAGES = f"{API}/communication/messages"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
LABELS = {
    "status",
    "priority",
    "transport",
    "outcome",
    "method",
    "route",
    "process",
    "projection",
    "kind",
} | {
    "policy",
    "state",
    "version",
    "le",
    "token",
    "purpose",
    "tier",
    "pool",
}


def scraped(client: httpx.Client) -> dict[str, Metric]:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {family.name: family for family in parse(answer.text)}


def value(families: dict[str, Metric], sample: str, **labels: str) -> float:
    found = [
        each.value
        for family in families.values()
        for each in family.samples
        if each.name == sample and labels.items() <= each.labels.items()
    ]
    return sum(found)


def test_counts_move_with_what_happens(client: httpx.Client, unique: str) -> None:
    before = scraped(client)
    client.put(f"{API}/agents/{unique}", json={})
    for _ in range(3):
        assert client.get(f"{API}/agents/{unique}").status_code == 200
    assert client.get(f"{API}/agents/{unique}-nobody").status_code == 404
    client.get(f"/{unique}")
    task = client.post(
        f"{API}/agents/tasks/submit", json={"task_type": "x", "priority": "low", **NOBODY_S}
    )
    position = int(task.headers["x-event-position"])
    client.get(f"{API}/agents/metrics/system", params={"min_position": position})
    after = scraped(client)

    def moved(sample: str, **labels: str) -> float:
        return value(after, sample, **labels) - value(before, sample, **labels)

    route = f"{API}/agents/{{agent_id}}"
    assert moved("aia_mas_http_requests_total", method="GET", route=route, status="2xx") == 3
    assert moved("aia_mas_http_requests_total", method="GET", route=route, status="4xx") == 1
    assert moved("aia_mas_http_requests_total", method="PUT", route=route, status="2xx") == 1
    assert moved("aia_mas_http_requests_total", route="unmatched", status="4xx") == 1
    assert moved("aia_mas_http_request_duration_seconds_count", method="GET", route=route) == 4
    assert moved("aia_mas_http_request_duration_seconds_sum", method="GET", route=route) > 0
    assert moved("aia_mas_tasks_submitted_total") == 1
    assert moved("aia_mas_tasks", priority="low") == 1
    assert moved("aia_mas_agents", status="active") == 1
    assert moved("aia_mas_event_log_appended_events_total") >= 2
    assert moved("aia_mas_event_log_append_requests_total", outcome="accepted") >= 2
    assert moved("aia_mas_event_log_commit_seconds_count") >= 2
    assert value(after, "aia_mas_event_log_position") >= position
    assert value(after, "aia_mas_leader", process="dispatcher") == 1
    assert value(after, "aia_mas_postgres_pool_connections") >= 1
    assert value(after, "process_resident_memory_bytes") > 0


def test_messages_that_are_given_back_are_counted(client: httpx.Client, unique: str) -> None:
    before = scraped(client)
    body = {"to_agent": unique, "message_type": "note", "priority": "low"}
    message_id = client.post(f"{MESSAGES}/send", json=body).json()["message_id"]
    client.get(f"{API}/communication/agents/{unique}/inbox")
    for again in (True, False):
        said = {"agent_id": unique, "requeue": again}
        assert client.post(f"{MESSAGES}/{message_id}/nack", json=said).status_code == 200
    after = scraped(client)

    moved = {
        name: value(after, f"aia_mas_message_{name}_total", priority="low")
        - value(before, f"aia_mas_message_{name}_total", priority="low")
        for name in ("attempts_failed", "attempts_retried")
    }
    assert moved == {"attempts_failed": 2, "attempts_retried": 1}


def test_what_a_node_does_not_lead_it_tells_as_well(start_node: Callable[..., Any]) -> None:
    """Else nobody would notice that nobody leads something."""
    first = start_node()
    second = type(first)(first.system.settings)
    try:
        told = [
            {each.labels["process"] for each in scraped(node.client)["aia_mas_leader"].samples}
            for node in (first, second)
        ]
    finally:
        second.stop()
    assert told[0] == told[1]
    assert told[1] >= {"dispatcher", "settlement", "courier", "webhooks", "message-webhooks"}


def test_names_and_labels_are_bounded_and_documented(client: httpx.Client, unique: str) -> None:
    client.put(f"{API}/agents/{unique}", json={})
    client.post(f"{API}/agents/tasks/submit", json={"task_type": f"type-{unique}", **NOBODY_S})
    client.request("BREW", f"{API}/agents/{unique}")
    text = client.get("/metrics").text
    assert unique not in text
    assert "BREW" not in text

    families = {family.name: family for family in parse(text) if family.name.startswith("aia_mas_")}
    documented = (ROOT / "docs/metrics.md").read_text()
    told = re.findall(r"^\| `(aia_mas_\w+)`", documented, re.MULTILINE)
    names = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in families.values()
    }
    assert sorted(told) == sorted(names)
    for family in families.values():
        assert family.documentation
        for sample in family.samples:
            assert sample.labels.keys() <= LABELS, sample
    routes = {sample.labels["route"] for sample in families["aia_mas_http_requests"].samples}
    assert all(route.startswith("/") or route == "unmatched" for route in routes)


def test_durations_are_histograms_that_add_up(client: httpx.Client) -> None:
    family = scraped(client)["aia_mas_task_queue_wait_seconds"]
    buckets = [each.value for each in family.samples if each.name.endswith("_bucket")]
    (count,) = (each.value for each in family.samples if each.name.endswith("_count"))
    assert buckets == sorted(buckets)
    assert buckets[-1] == count


def test_openmetrics_is_answered_to_whoever_asks_for_it(client: httpx.Client) -> None:
    answer = client.get("/metrics", headers={"accept": OPENMETRICS})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert "aia_mas_tasks" in {family.name for family in parse_openmetrics(answer.text)}


@pytest.fixture(scope="module")
def secured(start_for_module: Callable[..., Any]) -> tuple[Any, str]:
    key = "k" * 32
    return start_for_module(jwt_secret=key), key


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (None, 401),
        (Role.AGENT, 403),
        (Role.CLIENT, 403),
        (Role.VIEWER, 200),
        (Role.AUDITOR, 200),
        (Role.OPERATOR, 200),
    ],
)
def test_only_those_who_watch_may_scrape(
    secured: tuple[Any, str], role: Role | None, status: int
) -> None:
    node, key = secured
    claims = {"sub": "prometheus", "roles": [role], "exp": 2**40}
    headers = {"authorization": f"Bearer {jwt.encode(claims, key)}"} if role else {}
    assert node.client.get("/metrics", headers=headers).status_code == status
