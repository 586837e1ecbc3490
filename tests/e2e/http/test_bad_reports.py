"""Bad reports on tasks, and batches with bad items: refused, and the task is left as it is."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .nodes import QUIET, assigned, stranger_on
from .problems import API, TASK, head, is_problem


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node on which nothing happens by itself, so that the log stands still between requests."""
    return start_for_module(**QUIET)


@pytest.fixture(scope="module")
def stranger(node: Any) -> str:
    """An agent that bad requests talk about."""
    return stranger_on(node.client)


@pytest.fixture
def held(client: httpx.Client, stranger: str) -> dict[str, str]:
    """A task that an agent holds: its path, and the proof of it."""
    task = client.post(TASK, json={"task_type": "x", "requirements": {"skills": [stranger]}}).json()
    task = assigned(client, task["task_id"])
    return {"path": f"{API}/agents/tasks/{task['task_id']}", "lease": task["lease"]}


def test_completing_twice_is_refused(
    client: httpx.Client, held: dict[str, str], stranger: str
) -> None:
    proof = {"agent_id": stranger, "lease": held["lease"]}
    assert client.post(f"{held['path']}/complete", json=proof).status_code == 200
    before = head(client)

    again = client.post(f"{held['path']}/complete", json={**proof, "result": 2})
    failed = client.post(f"{held['path']}/fail", json=proof)
    cancelled = client.post(f"{held['path']}/cancel")

    assert (again.status_code, is_problem(again)["code"]) == (409, "task_already_completed")
    assert (failed.status_code, is_problem(failed)["code"]) == (409, "task_already_finished")
    assert (cancelled.status_code, is_problem(cancelled)["code"]) == (409, "task_already_finished")
    assert head(client) == before
    assert client.get(held["path"]).json()["result"] is None


def test_another_agent_cannot_complete(client: httpx.Client, held: dict[str, str]) -> None:
    before = head(client)

    answer = client.post(
        f"{held['path']}/complete", json={"agent_id": "somebody", "lease": held["lease"]}
    )

    assert (answer.status_code, is_problem(answer)["code"]) == (409, "not_assigned_to_agent")
    assert head(client) == before


def test_an_old_lease_is_refused_recorded_and_changes_nothing(
    client: httpx.Client, held: dict[str, str], stranger: str
) -> None:
    for action in ("start", "progress", "complete", "fail"):
        answer = client.post(
            f"{held['path']}/{action}", json={"agent_id": stranger, "lease": "of-yesterday"}
        )
        assert (answer.status_code, is_problem(answer)["code"]) == (409, "stale_lease")
    seen = client.get(held["path"]).json()

    assert (seen["status"], seen["refused"]) == ("assigned", 4)
    longest = client.post(
        f"{held['path']}/start", json={"agent_id": stranger, "lease": "x" * 100_000}
    )
    assert is_problem(longest)["code"] == "stale_lease"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"quality": 1.5}, "invalid_value"),
        ({"usage": {"tokens_in": -1}}, "invalid_value"),
        ({"usage": {"cost": -1}}, "negative_amount"),
        ({"result": "\0"}, "nul_character"),
        ({"outcome": 1}, "unknown_field"),
    ],
)
def test_a_bad_result_leaves_the_task_as_it_is(
    client: httpx.Client, held: dict[str, str], stranger: str, fields: dict[str, Any], code: str
) -> None:
    proof = {"agent_id": stranger, "lease": held["lease"]}
    before = head(client)

    answer = client.post(f"{held['path']}/complete", json={**proof, **fields})

    assert (answer.status_code, is_problem(answer)["code"]) == (422, code)
    assert head(client) == before


def test_an_atomic_batch_names_the_item_that_was_refused(client: httpx.Client) -> None:
    good, late = {"task_type": "x"}, {"task_type": "x", "deadline": "2020-01-01T00:00:00Z"}
    answer = client.post(
        f"{API}/agents/tasks/submit-batch", json={"tasks": [good, good, late], "atomic": True}
    )
    assert answer.status_code == 422
    assert answer.json()["index"] == 2


def test_a_bad_key_is_refused_whatever_the_batch_holds(client: httpx.Client) -> None:
    answer = client.post(
        f"{API}/agents/tasks/submit-batch",
        json={"tasks": [1]},
        headers={b"idempotency-key": b"\xff"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")
