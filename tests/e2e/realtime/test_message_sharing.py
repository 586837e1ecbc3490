"""A recipient with a socket on each of two nodes gets hardly any message twice, and all of them."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .agents_at_work import API, PATIENCE
from .mailboxes import Mailbox, Open

COMMUNICATION = f"{API}/communication"
SENDERS = 10


@pytest.fixture(scope="module")
def nodes(start_for_module: Any) -> Iterator[tuple[Any, Any]]:
    """Two nodes on one database."""
    first = start_for_module()
    second = type(first)(first.system.settings)
    yield first, second
    second.stop()


class Reader:
    """A socket whose client acknowledges whatever comes, at once (``got``: which messages)."""

    def __init__(self, box: Mailbox) -> None:
        self.got: list[str] = []
        self._box = box
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def _read(self) -> None:
        connection = self._box.connection
        while not self._done.is_set():
            try:
                frame = json.loads(connection.recv(0.05))
            except TimeoutError:
                continue
            if frame["type"] == "message":
                message_id = frame["data"]["message_id"]
                self.got.append(message_id)
                connection.send(json.dumps({"type": "ack", "data": {"message_ids": [message_id]}}))

    @contextmanager
    def reading(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._done.set()
            self._thread.join()


def send(node: Any, unique: str, phase: str, number: int) -> None:
    body = {
        "message_id": f"{unique}-{phase}-{number}",
        "from_agent": f"{unique}-{number % SENDERS}",
        "to_agent": unique,
        "message_type": "note",
    }
    answer = node.client.post(f"{COMMUNICATION}/messages/send", json=body)
    assert answer.status_code == 201, answer.text


def waiting(node: Any, unique: str) -> int:
    page = node.client.get(f"{COMMUNICATION}/agents/{unique}/inbox/peek", params={"limit": 1})
    total: int = page.json()["total"]
    return total


def test_a_message_comes_over_one_of_two_nodes(
    nodes: tuple[Any, Any], mailbox: Open, unique: str
) -> None:
    readers = [Reader(mailbox(node, unique)) for node in nodes]
    sent = {"first": 4 * SENDERS, "then": 200}
    with readers[0].reading(), readers[1].reading():
        for phase, count in sent.items():
            for number in range(count):
                send(nodes[number % 2], unique, phase, number)
            until = time.monotonic() + PATIENCE
            while any(waiting(node, unique) for node in nodes):
                assert time.monotonic() < until

    got = Counter(message_id for reader in readers for message_id in reader.got)
    assert set(got) == {
        f"{unique}-{phase}-{number}" for phase, count in sent.items() for number in range(count)
    }
    # In the first phase the nodes come to know of each other.
    twice = [name for name, times in got.items() if times > 1 and "-then-" in name]
    assert len(twice) <= sent["then"] // 20, len(twice)
