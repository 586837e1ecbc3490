"""Problems say what would have been right, and where the mistake is."""

from typing import Any

import httpx
import pytest

from .problems import is_problem

API = "/mas/api/v1"


@pytest.mark.parametrize(
    ("path", "field", "known"),
    [
        ("agents?sort=bogus", "sort", "known are: agent_id, -agent_id, registered_at"),
        ("agents?status=bogus", "status", "known are: active, draining, suspended, unregistered"),
        ("agents?label=a&label_value=1&label_op=~", "label_op", "known are: =, !=, in, >, >="),
        ("agents/x/performance?window=2h", "window", "known are: 1h, 24h, 7d, 30d, all"),
        ("agents/tasks?priority=urgent", "priority", "known are: critical, high, normal, low"),
        ("audit/events?sort=bogus", "sort", "known are: position, -position"),
    ],
)
def test_an_unknown_word_in_the_query_is_answered_with_the_known_ones(
    client: httpx.Client, path: str, field: str, known: str
) -> None:
    answer = client.get(f"{API}/{path}")

    problem = is_problem(answer)
    assert (answer.status_code, problem["code"]) == (400, "invalid_parameter")
    assert problem["errors"][0]["field"] == field
    assert known in problem["errors"][0]["message"]
    assert known in problem["detail"]


def test_all_bad_parameters_are_told_at_once(client: httpx.Client) -> None:
    problem = is_problem(client.get(f"{API}/agents?sort=bogus&limit=ten&status=bogus"))

    assert {error["field"] for error in problem["errors"]} == {"sort", "limit", "status"}


@pytest.mark.parametrize(
    "query", ["since=x", "since=2026-11-24T00:00:00", "until=9999-01-01T00:00:00Z", "limit=0"]
)
@pytest.mark.parametrize("path", ["agents/tasks", "audit/events"])
def test_what_is_wrong_with_a_parameter_by_itself_is_one_mistake(
    client: httpx.Client, path: str, query: str
) -> None:
    answer = client.get(f"{API}/{path}?{query}")

    problem = is_problem(answer)
    assert (answer.status_code, problem["code"]) == (400, "invalid_parameter")
    assert problem["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    ("body", "status", "code", "field", "says"),
    [
        ('{"task_type":"x","priority":"urgent"}', 422, "invalid_value", "priority", "critical, hi"),
        ('{"task_type":"x","requirements":{"skills":{"a":1e999}}}', 422, "invalid_number",
         "requirements.skills.a", "too large"),
        ('{"task_type":"x","description":"\\ud800"}', 400, "malformed_json", "description",
         "surrogate"),
        ('{"task_type":"x","payload":{"a":["\\udc00x"]}}', 400, "malformed_json", "payload.a.0",
         "surrogate"),
        ('{"task_type":"x","payload":{"\\ud800":1}}', 400, "malformed_json",
         "payload.\\\\ud800", "surrogate"),
        ('{"task_type":"x","description":"', 400, "malformed_json", None, "truncated"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_body_is_told_with_its_place(
    client: httpx.Client, body: str, status: int, code: str, field: str | None, says: str
) -> None:
    answer = client.post(
        f"{API}/agents/tasks/submit", content=body, headers={"content-type": "application/json"}
    )

    problem = is_problem(answer)
    assert (answer.status_code, problem["code"]) == (status, code)
    assert says in problem["detail"]
    if field is not None:
        assert [error["field"] for error in problem["errors"]] == [field]


@pytest.mark.parametrize(
    "compared",
    [{"label_op": ">", "label_value": ["x"]}, {"label_op": "=", "label_value": ["1", "2"]}],
)
def test_a_comparison_in_the_filter_of_a_bulk_order_is_told_with_its_place(
    client: httpx.Client, compared: dict[str, Any]
) -> None:
    body = {"filter": {"label": "a", **compared}, "dry_run": True}
    answer = client.post(f"{API}/agents/bulk/drain", json=body)

    problem = is_problem(answer)
    assert (answer.status_code, problem["code"]) == (422, "invalid_label_comparator")
    assert [error["field"] for error in problem["errors"]] == ["filter.label_value"]
