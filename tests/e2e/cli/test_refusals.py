"""What goes wrong between the command line and a server: one sentence and a code of its own."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aia.client import Client

from .conftest import Run
from .speaking import Spoken

KEY = "a secret that only tests know, long enough"


@pytest.fixture(scope="module")
def secured(start_for_module: Callable[..., Any]) -> Any:
    return start_for_module(jwt_secret=KEY)


def token_of(*roles: str) -> str:
    import time

    import jwt

    claims = {"sub": "somebody", "roles": list(roles), "exp": time.time() + 600}
    return jwt.encode(claims, KEY)


def test_server_that_is_not_there(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    result = run("agents", "list", "--url", f"http://127.0.0.1:{port}")

    assert result.returncode == 8
    (line,) = result.stderr.splitlines()
    assert line.startswith("mas: the server cannot be reached: ")


@pytest.mark.parametrize("url", ["ftp://x", "127.0.0.1:8000", "http://", "http://x:99999"])
def test_address_that_is_none(url: str) -> None:
    assert "is no address of a server" in Spoken(url)("agents", "list", code=2).stderr


@pytest.mark.parametrize("token", ["a\nb", "\u00e4", "a b", "\udcff"])
def test_what_no_token_is_made_of(token: str, tmp_path: Path) -> None:
    mas = Spoken("http://127.0.0.1:1")
    (tmp_path / "token").write_bytes(token.encode("utf-8", "surrogateescape"))

    typed = mas("agents", "list", "--token", token, code=2)
    read = mas("agents", "list", "--token-file", f"{tmp_path}/token", code=2)

    assert "the token holds" in typed.stderr
    assert f"{tmp_path}/token holds" in read.stderr


def test_tokens_come_from_an_option_a_file_or_the_environment(secured: Any, tmp_path: Path) -> None:
    mas = Spoken(secured.url)
    token = token_of("operator")
    (tmp_path / "token").write_text(f"{token}\n")

    nobody = mas("agents", "list", code=7)
    mas("agents", "list", "--token", token)
    mas("agents", "list", "--token-file", f"{tmp_path}/token")
    mas("agents", "list", MAS_TOKEN=token)
    both = mas("agents", "list", "--token", "x", "--token-file", f"{tmp_path}/token", code=2)

    assert "unauthenticated" in nobody.stderr
    assert "one too many" in both.stderr


def test_events_are_for_auditors(secured: Any) -> None:
    mas = Spoken(secured.url)

    refused = mas("events", "tail", "--token", token_of("viewer"), code=7)
    mas("events", "tail", "--token", token_of("auditor"))

    assert refused.stderr.startswith("mas: the server refused it: permission_denied: ")


def test_each_mistake_of_a_request_is_told(node: Any) -> None:
    mas = Spoken(node.url)

    words = ("--timeout", "-1", "--max-attempts", "0", "--max-cost", "1e3")
    refused = mas("tasks", "submit", "x", *words, code=7)

    lines = refused.stderr.splitlines()
    assert lines[0].startswith("mas: the server refused it: ")
    for field in ("timeout_seconds", "max_attempts", "max_cost"):
        assert any(field in line for line in lines[1:]), field


def test_tail_shows_the_latest_and_follows(node: Any, unique: str) -> None:
    mas = Spoken(node.url)
    stream = f"agent/{unique}"
    with Client(node.url) as client:
        client.agents.put(unique, skills={unique: 1})
        client.agents.update(unique, max_concurrent_tasks=2)

        latest = mas.lines("events", "tail", "--stream", stream, "-n", "1")
        topic = mas("events", "tail", "--topic", "agent.registered.v1", "--stream", stream).stdout
        behind = mas.lines(
            "events", "tail", "--stream", stream, "--after", str(latest[0]["position"] - 1)
        )
        with mas.going_on(
            "events", "tail", "--stream", stream, "-n", "2", "--follow", "--count", "3"
        ) as tail:
            assert tail.stdout is not None
            said = [tail.stdout.readline(), tail.stdout.readline()]
            client.agents.drain(unique)
            said.append(tail.stdout.readline())
            tail.wait()

    assert [event["version"] for event in latest] == [2]
    assert [event["position"] for event in behind] == [latest[0]["position"]]
    assert topic.count("\n") == 1 and stream in topic
    assert said[0].split()[2] == "agent.registered.v1"
    assert [int(line.split()[0]) for line in said] == sorted(int(x.split()[0]) for x in said)
    assert tail.returncode == 0
