"""The server: what is no HTTP, and the end in order."""

import json
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

API = "/mas/api/v1"
NOBODY_S = {"task_type": "x", "requirements": {"skills": ["nobody's"]}}


def exchange(url: str, sent: bytes) -> tuple[bytes, dict[str, Any]]:
    """Send bytes; return the head and the document of the one answer."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), 30) as connection:
        connection.sendall(sent)
        received = b""
        while more := connection.recv(65_536):
            received += more
    head, _, body = received.partition(b"\r\n\r\n")
    return head, json.loads(body)


@pytest.mark.parametrize(
    "sent",
    [
        b"this is no HTTP\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\nx-request-id: a\x7f\x00b\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
    ],
)
def test_what_is_no_http_is_told_so_in_our_format(node: Any, sent: bytes) -> None:
    head, problem = exchange(node.url, sent)

    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert (problem["status"], problem["code"]) == (400, "bad_request")


@pytest.mark.parametrize(
    "endless",
    [
        b"GET / HTTP/1.1\r\nhost: localhost\r\nx-long: " + b"x" * 2_000_000,
        b"GET /" + b"x" * 2_000_000,
        b"GET / HTTP/1.1\r\n" + b"x-many: headers\r\n" * 150_000,
    ],
    ids=["a long header", "a long path", "many headers"],
)
def test_endless_headers_are_cut_off(node: Any, endless: bytes) -> None:
    address = urlsplit(node.url)
    received = b""
    with socket.create_connection((address.hostname, address.port), 30) as connection:
        # The server stops listening: what was on its way may take the answer with it.
        with suppress(OSError):
            connection.sendall(endless)
        with suppress(OSError):
            while more := connection.recv(65_536):
                received += more

    assert received[:13] in {b"HTTP/1.1 431 ", b""}
    assert node.client.get("/mas/health/live").status_code == 200


def test_requests_may_be_pipelined(node: Any) -> None:
    address = urlsplit(node.url)
    one = b"GET /mas/health/live HTTP/1.1\r\nhost: localhost\r\n\r\n"
    last = one.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    with socket.create_connection((address.hostname, address.port), 30) as connection:
        connection.sendall(one * 3 + last)
        received = b""
        while more := connection.recv(65_536):
            received += more

    assert received.count(b"HTTP/1.1 200 OK") == 4


def test_a_client_that_leaves_a_claim_does_not_keep_it_waiting(
    start_node: Callable[..., Any],
) -> None:
    node = start_node()
    node.client.put(f"{API}/agents/a1", json={})
    waiting = node.system.claims._waiting

    with node.new_client() as leaving, pytest.raises(httpx.ReadTimeout):
        leaving.post(f"{API}/agents/a1/claim", json={"wait": 30}, timeout=0.3)

    async def nobody_waits() -> bool:
        return not waiting

    assert any(node.run(nobody_waits()) for _ in range(10_000))


def test_a_claim_that_comes_during_the_drain_is_refused(start_node: Callable[..., Any]) -> None:
    node = start_node()
    node.client.put(f"{API}/agents/a1", json={})

    async def close() -> None:
        node.system.claims.close()

    node.run(close())
    refused = node.client.post(f"{API}/agents/a1/claim", json={"wait": 30})

    assert (refused.status_code, refused.json()["code"]) == (503, "shutting_down")
    assert int(refused.headers["retry-after"]) > 0


def test_draining_answers_what_is_pending_and_refuses_what_is_new(
    start_node: Callable[..., Any],
) -> None:
    node = start_node()
    node.client.put(f"{API}/agents/a1", json={})
    asked, over = threading.Event(), threading.Event()
    refusals: list[httpx.Response] = []

    def claim() -> httpx.Response:
        with node.new_client() as client:
            asked.set()
            return client.post(f"{API}/agents/a1/claim", json={"wait": 30})

    def submit_until_it_ends() -> int:
        accepted = 0
        with node.new_client() as client:
            while not over.is_set():
                try:
                    answer = client.post(f"{API}/agents/tasks/submit", json=NOBODY_S)
                except httpx.TransportError:
                    break
                if answer.status_code == 201:
                    accepted += 1
                else:
                    refusals.append(answer)
        return accepted

    with ThreadPoolExecutor(8) as pool, ExitStack() as stack:
        stack.callback(over.set)
        waiting = pool.submit(claim)
        busy = [pool.submit(submit_until_it_ends) for _ in range(4)]
        asked.wait()
        while node.client.get(f"{API}/audit/head").json()["position"] < 20:
            pass
        node.stop()
        accepted = sum(one.result(30) for one in busy)

    assert waiting.result().json() == {"items": [], "lost": []}
    for refusal in refusals:
        assert (refusal.status_code, refusal.json()["code"]) == (503, "shutting_down")
        assert int(refusal.headers["retry-after"]) > 0
    # Every submission that was answered is in the log, and no other.
    assert node.system.log.feed.position >= accepted
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{node.url}/mas/health/live")


def test_keep_alive_connections_do_not_hold_the_end_up(start_node: Callable[..., Any]) -> None:
    node = start_node()
    idle = [node.new_client() for _ in range(5)]
    for client in idle:
        assert client.get("/mas/health/live").status_code == 200

    node.stop()

    for client in idle:
        with pytest.raises(httpx.TransportError):
            client.get("/mas/health/live")
        client.close()
