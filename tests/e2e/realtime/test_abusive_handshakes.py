"""Handshakes and bodies that come too slowly or never: given up, and nothing is left behind."""

import select
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from aia_mas.interfaces.http import protocol

from .agents_at_work import API, PATIENCE
from .raw import AGENT, FRONTEND, Wire, handshake

pytestmark = pytest.mark.usefixtures("undisturbed")


@pytest.fixture(scope="module")
def node(abused: Any) -> Any:
    return abused


def test_handshakes_half_done_are_given_up(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.5)
    half = handshake(FRONTEND, "localhost")[:60]
    wires = [Wire(node.url) for _ in range(200)]
    for number, wire in enumerate(wires):
        if number % 2:
            wire.send(half)  # the others say nothing at all
    for number, wire in enumerate(wires):
        with wire:
            if number % 2:
                assert wire.head().startswith(b"HTTP/1.1 408 ")
            wire.ended()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (b"x: 1\r\n" * 200, 431),
        (b"cookie: " + b"a" * 9_000 + b"\r\n", 431),
        (b"content-length: 5\r\n", 400),
        (b"transfer-encoding: chunked\r\n", 400),
    ],
    ids=["many headers", "a long header", "a body", "chunks"],
)
def test_a_handshake_that_cannot_be_read_is_refused(node: Any, headers: bytes, status: int) -> None:
    with Wire(node.url) as wire:
        wire.send(handshake(FRONTEND, wire.host)[:-2] + headers + b"\r\n")
        head = wire.head()
        assert head.startswith(b"HTTP/1.1 %d " % status)
        assert b"application/problem+json" in head
        wire.ended()


def test_a_refused_handshake_is_no_error_of_ours(node: Any) -> None:
    for path in (f"{API}/nothing/there", FRONTEND):
        with Wire(node.url) as wire:
            foreign = b"origin: https://foreign.example\r\n\r\n"
            wire.send(handshake(path, wire.host)[:-2] + foreign)
            assert wire.head().startswith((b"HTTP/1.1 403 ", b"HTTP/1.1 404 "))
            wire.ended()


def post(host: str, size: int) -> bytes:
    """Return the head of a request with a body."""
    return (
        f"POST {API}/agents/tasks/submit HTTP/1.1\r\nHost: {host}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
    ).encode()


def test_a_body_that_does_not_come_is_given_up(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.5)
    with Wire(node.url) as silent, Wire(node.url) as dripping:
        silent.send(post(silent.host, 50_000))
        dripping.send(post(dripping.host, 50_000))
        until = time.monotonic() + PATIENCE
        while not select.select([dripping.socket], [], [], 0.05)[0]:
            assert time.monotonic() < until, "it may drip for ever"
            dripping.send(b" ")
        for wire in (silent, dripping):
            assert wire.head().startswith(b"HTTP/1.1 408 ")
            wire.ended()


def test_a_slow_body_gets_time_for_its_bytes(node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.2)
    # Of another step than a second for some kilobytes: nobody waits that long here.
    monkeypatch.setattr(protocol, "_BODY_PACE", 1)
    body = b'{"task_type": 1' + b" " * 20 + b"}"
    with Wire(node.url) as wire:
        wire.send(post(wire.host, len(body)))
        for start in range(0, len(body), 4):
            assert not select.select([wire.socket], [], [], 0.1)[0]
            wire.send(body[start : start + 4])
        assert wire.head().startswith(b"HTTP/1.1 422 ")
        # The next one on the same connection has its own time.
        wire.send(post(wire.host, len(body)) + body)
        assert b"HTTP/1.1 422 " in wire.head()


def test_a_slow_handshake_is_no_half_done_one(node: Any) -> None:
    with Wire(node.url) as wire:
        for byte in handshake(FRONTEND, wire.host):
            wire.send(bytes([byte]))
        assert wire.head().startswith(b"HTTP/1.1 101 ")


def test_thousands_of_handshakes_leave_nothing_behind(node: Any) -> None:
    def come_and_go(number: int) -> None:
        with Wire(node.url) as wire:
            if number % 3 == 0:
                wire.open(FRONTEND)
            else:
                wire.send(handshake(FRONTEND if number % 3 == 1 else AGENT, wire.host))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(come_and_go, range(2_000)))

    async def left() -> int:
        return len(node.system.hub.connections)

    until = time.monotonic() + PATIENCE
    while node.run(left()) > 1:  # the calm one
        assert time.monotonic() < until, "connections were left behind"
