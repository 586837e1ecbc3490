"""Bodies over the limit: announced, not announced, and without an end."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

URL = "/mas/api/v1/agents/tasks/submit"
JSON = {"content-type": "application/json"}
LIMIT = 64 * 1024


@pytest.fixture
def limited(start_node: Callable[..., Any]) -> Any:
    """A node that takes small bodies only."""
    return start_node(max_body_bytes=LIMIT)


def body_of(size: int) -> bytes:
    """A submission of so many bytes."""
    start, end = b'{"task_type":"x","payload":"', b'"}'
    return start + b"y" * (size - len(start) - len(end)) + end


def pieces(total: int) -> Iterator[bytes]:
    """A body whose length is not announced."""
    sent = 0
    while sent < total:
        yield b"z" * 16_384
        sent += 16_384


def first_answer(url: str, request: bytes) -> tuple[bytes, dict[str, Any]]:
    """Send bytes and read the one answer up to the end of the connection."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), 30) as connection:
        connection.sendall(request)
        received = b""
        while more := connection.recv(65_536):
            received += more
    head, _, body = received.partition(b"\r\n\r\n")
    return head, json.loads(body)


def test_a_body_over_the_limit_is_refused_and_its_sender_reads_why(limited: Any) -> None:
    assert limited.client.post(URL, content=body_of(LIMIT), headers=JSON).status_code == 201

    for content in (body_of(LIMIT + 1), pieces(LIMIT * 2), body_of(40 * LIMIT)):
        answer = limited.client.post(URL, content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert answer.headers["connection"] == "close"
    assert limited.client.post(URL, content=body_of(LIMIT), headers=JSON).status_code == 201


def test_a_body_that_announces_to_be_huge_is_not_read(limited: Any) -> None:
    request = (
        f"POST {URL} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {10**12}\r\n\r\n"
    )
    head, problem = first_answer(limited.url, request.encode())

    assert head.startswith(b"HTTP/1.1 413 ")
    assert problem["code"] == "body_too_large"


def test_a_body_without_an_end_is_cut_off(limited: Any) -> None:
    address = urlsplit(limited.url)
    with socket.create_connection((address.hostname, address.port), 30) as connection:
        connection.sendall(
            f"POST {URL} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            "transfer-encoding: chunked\r\n\r\n".encode()
        )
        chunk = b"10000\r\n" + b"z" * 65_536 + b"\r\n"
        sent = 0
        with pytest.raises(OSError, match=r"."):  # the server has closed its end
            while sent < 1024 * len(chunk):
                connection.sendall(chunk)
                sent += len(chunk)
    assert limited.client.get("/mas/health/live").status_code == 200


def test_a_body_is_asked_for_only_when_it_will_be_taken(limited: Any) -> None:
    request = (
        f"POST {URL} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"expect: 100-continue\r\ncontent-length: {10**9}\r\n\r\n"
    )
    head, _ = first_answer(limited.url, request.encode())

    assert head.startswith(b"HTTP/1.1 413 ")
