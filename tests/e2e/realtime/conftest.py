"""Dashboards of a running node, and further nodes on its database."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from msgspec.structs import replace
from websockets.sync.client import ClientConnection, connect

from .agents_at_work import API, Worker, register
from .mailboxes import MESSAGES, Mailbox
from .raw import FRONTEND, Wire
from .two_nodes import KEY

PATIENCE = 30.0  # seconds; only ever waited out when something is wrong
PATH = "/mas/api/v1/agents/ws/frontend/"


class Dashboard:
    """A client of the frontend socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.metrics: dict[str, Any] = {}

    def say(self, **message: Any) -> None:
        self.connection.send(json.dumps(message))

    def hear(self) -> dict[str, Any]:
        """Return what comes next."""
        frame: dict[str, Any] = json.loads(self.connection.recv(PATIENCE))
        return frame

    def next(self, *types: str) -> dict[str, Any]:
        """Return the next frame of these types; the latest metrics are kept aside."""
        while True:
            frame = self.hear()
            if frame["type"] == "metrics_update":
                self.metrics = frame
            if frame["type"] in types:
                return frame

    def subscribe(self, topic: str = "tasks", **more: Any) -> dict[str, Any]:
        self.say(type="subscribe", topic=topic, **more)
        return self.next("subscribed", "error")

    def facts(self, count: int) -> list[dict[str, Any]]:
        return [self.next("task_update", "agent_update") for _ in range(count)]

    def metrics_when(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return the first metrics for which something holds."""
        while not self.metrics or not holds(self.metrics["data"]):
            self.next("metrics_update")
        return self.metrics


@pytest.fixture
def watch() -> Iterator[Callable[..., Dashboard]]:
    """Connects dashboards to nodes; they leave with the test."""
    with ExitStack() as stack:

        def dashboard(node: Any, client_id: str = "board", **more: Any) -> Dashboard:
            url = node.url.replace("http", "ws", 1) + PATH + client_id
            connection = connect(url, compression=None, open_timeout=PATIENCE, **more)
            return Dashboard(stack.enter_context(connection))

        yield dashboard


@pytest.fixture
def second_node() -> Iterator[Callable[..., Any]]:
    """Starts further nodes on the database of one that runs, or ran."""
    with ExitStack() as stack:

        def start(first: Any) -> Any:
            node = type(first)(first.system.settings)
            stack.callback(node.stop)
            return node

        yield start


@pytest.fixture
def work() -> Iterator[Callable[..., Worker]]:
    """Connects agents to nodes; they leave with the test."""
    with ExitStack() as stack:

        def worker(node: Any, agent_id: str, **more: Any) -> Worker:
            url = node.url.replace("http", "ws", 1) + f"{API}/agents/ws/agent/{agent_id}"
            connection = connect(url, compression=None, open_timeout=PATIENCE, **more)
            return Worker(stack.enter_context(connection))

        yield worker


@pytest.fixture
def mailbox() -> Iterator[Callable[..., Mailbox]]:
    """Opens the mailboxes of recipients on nodes; they are closed with the test."""
    with ExitStack() as stack:

        def open_mailbox(node: Any, name: str, query: str = "", **more: Any) -> Mailbox:
            url = node.url.replace("http", "ws", 1) + f"{MESSAGES}{name}{query}"
            connection = connect(url, compression=None, open_timeout=PATIENCE, **more)
            return Mailbox(stack.enter_context(connection))

        yield open_mailbox


@pytest.fixture(scope="session")
def pair(start_for_session: Callable[..., Any]) -> Iterator[tuple[Any, Any]]:
    """Two nodes with keys on one database; tests share them and use ids of their own."""
    first = start_for_session(jwt_secret=KEY, leader_lease_seconds=2.0, node_name="first")
    second = type(first)(replace(first.system.settings, node_name="second"))
    yield first, second
    second.stop()


@pytest.fixture(scope="module")
def abused(start_for_module: Callable[..., Any]) -> Any:
    """A node for abuse, with one agent."""
    node = start_for_module()
    register(node, "abused")
    return node


@pytest.fixture(scope="module")
def calm(abused: Any) -> Iterator[Any]:
    """A dashboard that does nothing wrong."""
    url = abused.url.replace("http", "ws", 1) + f"{API}/agents/ws/frontend/calm"
    with connect(url, compression=None, open_timeout=PATIENCE) as connection:
        yield connection


@pytest.fixture
def undisturbed(
    abused: Any, calm: Any, unique: str, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Whatever a test does, others are served, and it does not fill the log with errors."""
    yield
    records = caplog.get_records("call")
    assert [record for record in records if record.levelno >= logging.ERROR] == []
    calm.send(json.dumps({"type": "ping", "id": unique}))
    while json.loads(calm.recv(PATIENCE)).get("id") != unique:
        pass
    assert abused.client.get("/mas/health/live").status_code == 200
    with Wire(abused.url) as wire:
        wire.open(FRONTEND)
        wire.told("metrics_update")
