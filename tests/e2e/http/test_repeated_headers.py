"""Headers that come twice: which of two that differ is meant, nobody can know."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from .nodes import QUIET
from .problems import API, TASK, head, is_problem

JSON = ("content-type", "application/json")


@pytest.fixture(scope="module")
def node(start_for_module: Callable[..., Any]) -> Any:
    """A node on which nothing happens by itself, so that the log stands still between requests."""
    return start_for_module(**QUIET)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Idempotency-Key", ("a", "b")),
        ("If-Match", ('"rev-1"', '"rev-2"')),
        ("If-None-Match", ("*", '"rev-1"')),
        ("Authorization", ("Bearer a", "Bearer b")),
        ("Content-Type", ("application/json", "text/plain")),
        ("Content-Encoding", ("identity", "gzip")),
        ("Origin", ("http://localhost", "https://evil.example")),
    ],
)
def test_what_differs_is_refused(
    client: httpx.Client, unique: str, name: str, values: tuple[str, str]
) -> None:
    before = head(client)
    for first, second in (values, values[::-1]):
        headers = [JSON] if name != "Content-Type" else []
        answer = client.put(
            f"{API}/agents/{unique}",
            content=b"{}",
            headers=[*headers, (name, first), (name, second)],
        )

        problem = is_problem(answer)
        assert (answer.status_code, problem["code"]) == (400, "repeated_header")
        assert problem["errors"][0]["field"] == name
    assert head(client) == before


def test_what_is_the_same_twice_is_taken_once(client: httpx.Client, unique: str) -> None:
    headers = [JSON, ("idempotency-key", unique), ("idempotency-key", unique)]

    first = client.post(TASK, content=b'{"task_type": "x"}', headers=headers)
    again = client.post(TASK, content=b'{"task_type": "x"}', headers=headers[:2])

    assert first.status_code == 201
    assert again.content == first.content


def test_other_headers_may_come_in_several_lines(client: httpx.Client) -> None:
    headers = [("accept", "application/json"), ("accept", "*/*"), ("x-note", "a"), ("x-note", "b")]

    assert client.get(f"{API}/agents", headers=headers).status_code == 200


def test_a_socket_is_not_opened_with_two_tokens(start_node: Callable[..., Any]) -> None:
    node = start_node()
    url = node.url.replace("http", "ws") + f"{API}/agents/ws/frontend/two-tokens"
    two = [("Authorization", "Bearer a"), ("Authorization", "Bearer b")]

    with pytest.raises(InvalidStatus) as refused, connect(url, additional_headers=two):
        pass

    assert refused.value.response.status_code == 400
