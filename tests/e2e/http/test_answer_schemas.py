"""Questions whose schema binds the answer."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .nodes import QUIET
from .problems import API, head, is_problem
from .test_task_care import begun

SCHEMA = {
    "type": "object",
    "required": ["quarter"],
    "properties": {"quarter": {"enum": ["Q1", "Q2"]}, "years": {"items": {"type": "integer"}}},
}


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node on which nothing happens by itself."""
    return start_for_module(**QUIET)


def test_only_an_answer_that_fits_is_taken(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique)
    question = {**proof, "question": "Which quarter?", "schema": SCHEMA}
    assert client.post(f"{path}/ask", json=question).status_code == 200
    assert client.post(f"{path}/ask", json=question).status_code == 200
    before = head(client)

    for answer, field in (
        ("Q1", "answer"),
        ({}, "answer"),
        ({"quarter": "Q9"}, "answer.quarter"),
        ({"quarter": "Q1", "years": [2025, "2026"]}, "answer.years.1"),
    ):
        refused = client.post(f"{path}/input", json={"answer": answer})
        problem = is_problem(refused)
        assert (refused.status_code, problem["code"]) == (422, "answer_mismatch")
        assert problem["errors"][0]["field"] == field
    assert head(client) == before

    fits = {"answer": {"quarter": "Q1", "years": [2025]}, "number": 1}
    assert client.post(f"{path}/input", json=fits).json()["status"] == "running"


@pytest.mark.parametrize(
    ("schema", "field"),
    [
        ({"type": "text"}, "schema.type"),
        ({"$ref": "https://example.com/x"}, "schema.$ref"),
        ({"properties": {"a": {"$ref": "#"}}}, "schema.properties.a.$ref"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "schema.properties.a.pattern"),
        ("string", "schema"),
        ({"title": "x" * 20_000}, "schema"),
    ],
)
def test_what_cannot_bind_an_answer_is_refused_when_it_is_asked(
    client: httpx.Client, unique: str, schema: Any, field: str
) -> None:
    path, proof = begun(client, unique)
    before = head(client)

    refused = client.post(f"{path}/ask", json={**proof, "question": "?", "schema": schema})

    problem = is_problem(refused)
    large = field == "schema" and isinstance(schema, dict)
    code = "invalid_value" if large else "invalid_schema"
    assert (refused.status_code, problem["code"]) == (422, code)
    assert problem["errors"][0]["field"] == field
    assert (head(client), client.get(path).json()["status"]) == (before, "running")


def test_another_schema_makes_another_question(client: httpx.Client, unique: str) -> None:
    path, proof = begun(client, unique)
    question = {**proof, "question": "How many?"}
    client.post(f"{path}/ask", json={**question, "schema": {"type": "integer"}})

    other = client.post(f"{path}/ask", json={**question, "schema": {"type": "string"}})

    assert (other.status_code, other.json()["code"]) == (409, "input_pending")
    assert client.get(f"{API}/agents/{unique}").json()["active_tasks"] == 1
