"""What tests of refusals share: where the log stands, and the form of a problem."""

from typing import Any

import httpx

API = "/mas/api/v1"
AGENT = f"{API}/agents/register"
TASK = f"{API}/agents/tasks/submit"
JSON = {"content-type": "application/json"}


def head(client: httpx.Client) -> int:
    """Return the position of the last event that no process of the system made by itself."""
    query = {"sort": "-position", "limit": 500}
    events = client.get(f"{API}/audit/events", params=query).json()["items"]
    return next((e["position"] for e in events if not e["actor"].startswith("system:")), 0)


def is_problem(answer: httpx.Response) -> dict[str, Any]:
    """Check the form of a problem document and return it."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == answer.status_code
    assert {"type", "title", "detail", "code", "instance", "request_id"} <= problem.keys()
    assert problem["type"].endswith(problem["code"])
    assert answer.headers["x-request-id"] == problem["request_id"]
    for error in problem.get("errors", ()):
        assert {"code", "message"} <= error.keys()
    return problem


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check that something was refused with a status and a code; returns the problem."""
    problem = is_problem(answer)
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    return problem
