"""Server-sent events through the whole server: resumed without loss, filtered, ended in order."""

import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from aia_mas.interfaces.http.protocol import HttpProtocol

from .streams import Stream

API = "/mas/api/v1"
STREAM = f"{API}/stream"
PATIENCE = 30.0


@pytest.fixture
def stream() -> Iterator[Callable[..., Stream]]:
    """Opens streams; they end with the test."""
    with ExitStack() as stack:

        def opened(node: Any, headers: dict[str, str] | None = None, **query: Any) -> Stream:
            client = stack.enter_context(node.new_client())
            answer = stack.enter_context(
                client.stream("GET", STREAM, params=query, headers=headers or {})
            )
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            return Stream(answer)

        yield opened


def register(node: Any, agent_id: str) -> int:
    answer = node.client.put(f"{API}/agents/{agent_id}", json={})
    return int(answer.headers["x-event-position"])


def test_metrics_and_facts_come_as_they_happen(
    start_node: Callable[..., Any], stream: Callable[..., Stream]
) -> None:
    node = start_node()
    live = stream(node)
    assert live.next("metrics_update").data["data"]["agents"]["registered"] == 0
    position = register(node, "a1")
    fact = live.next("agent_update")
    assert (fact.data["position"], fact.data["data"]["agent_id"]) == (position, "a1")
    assert fact.id.endswith(f"agents:{position}")
    while live.next("metrics_update").data["data"]["agents"]["registered"] != 1:
        pass


def test_a_stream_goes_on_behind_its_last_event_and_repeats_nothing(
    start_node: Callable[..., Any], stream: Callable[..., Stream]
) -> None:
    node = start_node()
    first = stream(node, topic=["agents", "tasks"], after=0)
    node.client.post(f"{API}/agents/tasks/submit", json={"task_type": "t"})
    positions = [register(node, f"a{number}") for number in range(20)]
    seen = [first.next("agent_update") for _ in range(7)]
    first.response.close()

    again = stream(node, {"Last-Event-ID": seen[-1].id}, topic=["agents", "tasks"])
    answers = [again.next("subscribed").data for _ in range(2)]
    assert all(answer["recovered"] for answer in answers)
    rest = [again.next("agent_update") for _ in range(13)]
    assert [told.data["position"] for told in (*seen, *rest)] == positions


def test_who_is_cut_before_anything_was_told_misses_nothing(
    node: Any, stream: Callable[..., Stream], unique: str
) -> None:
    query = {"topic": ["tasks", "agents"], "agent_id": unique}
    first = stream(node, **query)
    last = [first.next("subscribed").id for _ in range(2)][-1]
    first.response.close()
    position = register(node, unique)
    again = stream(node, {"Last-Event-ID": last}, **query)
    assert again.next("subscribed").data["recovered"]
    assert again.next("agent_update").data["position"] == position


def test_who_is_told_nothing_gets_on_all_the_same(
    start_node: Callable[..., Any], stream: Callable[..., Stream]
) -> None:
    node = start_node(websocket_ping_interval_seconds=0.05)
    live = stream(node, topic=["agents", "tasks"], agent_id="nobody")
    live.next("subscribed")
    position = register(node, "somebody")
    epoch = node.client.get("/mas/health").json()["epoch"]
    known = re.compile(rf"id: ({re.escape(epoch)}/agents:(\d+),tasks:(\d+))")
    # Beyond it, where something else happened before it was told how far it has come.
    place = next(
        found[1]
        for line in live.lines
        if (found := known.fullmatch(line)) and min(int(found[2]), int(found[3])) >= position
    )
    assert stream(node, {"Last-Event-ID": place}).next("subscribed").data["recovered"]


def test_only_what_is_asked_for_is_told(
    node: Any, stream: Callable[..., Stream], unique: str
) -> None:
    live = stream(node, topic="agents", agent_id=[f"{unique}-2"], event=["agent.registered"])
    register(node, f"{unique}-1")
    position = register(node, f"{unique}-2")
    assert live.next("agent_update", "metrics_update").data["position"] == position


def test_a_stream_ends_with_its_node(
    start_node: Callable[..., Any], stream: Callable[..., Stream]
) -> None:
    node = start_node()
    live = stream(node, topic="agents")
    live.next("subscribed")
    node.begin_stop()
    assert live.next("closed").data["code"] == 1001
    assert not live.rest()


def test_a_silent_stream_shows_that_it_is_alive(
    start_node: Callable[..., Any], stream: Callable[..., Stream]
) -> None:
    node = start_node(websocket_ping_interval_seconds=0.1)
    live = stream(node, topic="agents")
    assert ": keep-alive" in live.lines


def test_the_head_alone_can_be_asked_for(node: Any) -> None:
    answer = node.client.head(STREAM)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"topic": "weather"}, "invalid_parameter"),
        ({"topic": "metrics", "agent_id": "a"}, "invalid_parameter"),
        ({"topic": "agents", "status": "completed"}, "invalid_parameter"),
        ({"topic": "agents", "agent_id": "no id"}, "invalid_parameter"),
        ({"after": "-1"}, "invalid_parameter"),
        ({"after": "x"}, "invalid_parameter"),
        ({"snapshot": "maybe"}, "invalid_parameter"),
        ({"more": "1"}, "unknown_parameter"),
    ],
)
def test_a_stream_that_cannot_be_had_is_a_problem(
    node: Any, query: dict[str, str], code: str
) -> None:
    answer = node.client.get(STREAM, params=query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


@pytest.mark.parametrize("last", ["17", "x/agents:1", "0" * 36 + "/agents:" + "9" * 19])
def test_an_id_of_no_event_of_ours_is_a_problem(node: Any, last: str) -> None:
    answer = node.client.get(STREAM, headers={"Last-Event-ID": last})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")


def test_a_snapshot_comes_first_and_is_begun_anew_when_it_was_cut(
    start_node: Callable[..., Any], stream: Callable[..., Stream]
) -> None:
    node = start_node()
    register(node, "a1")
    wanted = {"task_type": "t", "description": "x" * 500, "requirements": {"skills": ["none"]}}
    batch = {"tasks": [wanted] * 200}
    # So many that the one agent is told first, also when its list is opened a moment later.
    answers = [node.client.post(f"{API}/agents/tasks/submit-batch", json=batch) for _ in range(3)]
    last = int(answers[-1].headers["x-event-position"])
    for model in ("agents/tasks", "agents"):
        node.client.get(f"{API}/{model}", params={"min_position": last, "limit": 1})
    query = {"topic": ["agents", "tasks"], "snapshot": "true"}

    cut = stream(node, **query)
    ids: list[str] = []
    while not ids or "agents" not in ids[-1]:
        ids.append(cut.next("snapshot").id)
    cut.response.close()
    assert not any("tasks" in each for each in ids)

    # Browsers send the last id, and none when it is empty.
    again = stream(node, {"Last-Event-ID": ids[-1]}, **query)
    begun = {told["id"]: told for told in (again.next("subscribed").data for _ in range(2))}
    assert begun["agents"]["recovered"] and not begun["agents"]["snapshot"]
    assert begun["tasks"]["snapshot"] and not begun["tasks"]["recovered"]
    pages = [again.next("snapshot")]
    while not pages[-1].data["data"]["done"]:
        pages.append(again.next("snapshot"))
    assert len(pages) > 2
    assert pages[0].data["data"]["first"]
    assert sum(len(page.data["data"]["items"]) for page in pages) == 600
    assert not any("tasks" in page.id for page in pages[:-1])
    assert pages[-1].id.endswith(f"tasks:{pages[-1].data['position']}")
    again.response.close()

    further = node.client.post(f"{API}/agents/tasks/submit", json=wanted)
    resumed = stream(node, {"Last-Event-ID": pages[-1].id}, **query)
    assert all(resumed.next("subscribed").data["recovered"] for _ in range(2))
    told = resumed.next("task_update", "snapshot").data
    assert told["position"] == int(further.headers["x-event-position"])


def test_an_id_of_another_history_begins_anew(node: Any, stream: Callable[..., Stream]) -> None:
    live = stream(node, {"Last-Event-ID": "0" * 36 + "/agents:1"}, topic="agents")
    assert live.next("subscribed").data["recovered"] is False


def test_a_stream_that_nobody_reads_ends_with_its_connection(
    start_node: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    node = start_node()
    hub = node.system.hub
    hub.options = msgspec.structs.replace(hub.options, send_timeout=0.5)
    skills = [f"{number}-{'x' * 100}" for number in range(30)]
    task = {"task_type": "t", "requirements": {"skills": skills}}
    for _ in range(3):  # more than the network holds
        answer = node.client.post(f"{API}/agents/tasks/submit-batch", json={"tasks": [task] * 500})
        assert answer.status_code == 200
    position = answer.headers["x-event-position"]
    node.client.get(f"{API}/agents/tasks", params={"limit": 1, "min_position": position})
    lost, ended = HttpProtocol.connection_lost, threading.Event()
    address = urlsplit(node.url)
    with socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        deaf.connect((address.hostname, address.port))
        port = deaf.getsockname()[1]

        def seen(self: Any, error: Exception | None) -> None:
            lost(self, error)
            if self.client[1] == port:
                ended.set()

        monkeypatch.setattr(HttpProtocol, "connection_lost", seen)
        request = f"GET {STREAM}?topic=tasks&snapshot=true HTTP/1.1\r\nHost: {address.netloc}"
        deaf.sendall(f"{request}\r\n\r\n".encode())

        assert ended.wait(PATIENCE)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
