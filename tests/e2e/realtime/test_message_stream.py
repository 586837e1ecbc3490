"""Messages as server-sent events: delivered as they come, acknowledged by requests."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from .agents_at_work import API
from .mailboxes import Open
from .streams import Stream
from .two_nodes import bearer, code, listed, ticket_of, until

Streams = Callable[..., Stream]


def path_of(name: str) -> str:
    return f"{API}/communication/agents/{name}/inbox"


@pytest.fixture
def inbox() -> Iterator[Streams]:
    """Opens the streams of mailboxes; they end with the test."""
    with ExitStack() as stack:

        def opened(at: Any, name: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
            client = stack.enter_context(at.new_client())
            path = f"{path_of(name)}/stream"
            answer = stack.enter_context(
                client.stream("GET", path, params=query, headers=headers or {})
            )
            assert answer.status_code == 200, answer.read()
            assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
            return Stream(answer)

        yield opened


def acknowledge(at: Any, name: str, *messages: dict[str, Any]) -> dict[str, Any]:
    body = {"message_ids": [each["message_id"] for each in messages]}
    answer = at.client.post(f"{path_of(name)}/ack", json=body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_messages_come_as_events_and_within_a_window(
    node: Any, inbox: Streams, mailbox: Open, unique: str
) -> None:
    ann = mailbox(node, f"{unique}-ann")
    positions = []
    for number in range(4):
        said = {"to_agent": unique, "message_type": "t", "payload": number}
        positions.append(ann.ask("send", said)["position"])
    live = inbox(node, unique, prefetch=2)
    opened = live.next("mailbox")
    assert opened.data["data"] == {"agent_id": unique, "waiting": 4, "prefetch": 2}
    assert opened.id == ""
    first, second = live.next("message"), live.next("message")
    assert [first.id, second.id] == [str(position) for position in positions[:2]]
    assert first.data["position"] == positions[0]
    assert [each.data["data"]["payload"] for each in (first, second)] == [0, 1]
    ann.send(to_agent=unique, payload="now", priority="critical")
    assert live.next("message").data["data"]["payload"] == "now"

    told = acknowledge(node, unique, first.data["data"], second.data["data"])
    assert told["acknowledged"] == 2
    assert live.next("message").data["data"]["payload"] == 2


def test_what_was_not_acknowledged_comes_in_the_next_stream(
    node: Any, inbox: Streams, mailbox: Open, unique: str
) -> None:
    ann = mailbox(node, f"{unique}-ann")
    for number in range(3):
        ann.send(to_agent=unique, payload=number)
    first = inbox(node, unique)
    events = [first.next("message") for _ in range(3)]
    acknowledge(node, unique, events[1].data["data"])
    first.response.close()
    # Browsers send where they were; what was acknowledged is what counts.
    again = inbox(node, unique, {"Last-Event-ID": events[2].id})
    got = [again.next("message").data["data"] for _ in range(2)]
    assert [(each["payload"], each["attempt"]) for each in got] == [(0, 2), (2, 2)]


def test_a_stream_shares_with_a_socket(
    node: Any, inbox: Streams, mailbox: Open, unique: str
) -> None:
    ann = mailbox(node, f"{unique}-ann")
    live = inbox(node, unique, prefetch=1)
    live.next("mailbox")
    bob = mailbox(node, unique, "?prefetch=1")
    bob.next("mailbox")
    for number in range(2):
        ann.send(to_agent=unique, payload=number)
    both = {live.next("message").data["data"]["payload"], bob.message()["payload"]}
    assert both == {0, 1}


def test_a_stream_belongs_to_its_recipient_and_is_listed(
    pair: tuple[Any, Any], inbox: Streams, unique: str
) -> None:
    first, second = pair
    path = f"{path_of(unique)}/stream"
    foreign = first.client.get(path, headers=bearer(f"{unique}-x", "agent"))
    assert code(foreign) == (403, "inbox_not_allowed")
    viewer = first.client.get(path, headers=bearer(unique, "viewer"))
    assert code(viewer) == (403, "permission_denied")
    assert code(first.client.get(path)) == (401, "unauthenticated")

    headers = bearer(unique, "client")
    live = inbox(first, unique, ticket=ticket_of(second, headers))
    live.next("mailbox")
    (found,) = until(lambda: listed(second, subject=unique), "it is not listed")
    assert (found["kind"], found["agent_id"]) == ("stream", unique)
    order = {"agent_id": unique}
    closing = f"{API}/communication/connections/disconnect"
    assert second.client.post(closing, json=order, headers=bearer("o", "operator")).is_success
    assert live.next("closed").data["code"] == 4011
    assert not live.rest()


def test_a_silent_stream_shows_that_it_is_alive_and_ends_with_its_node(
    start_node: Callable[..., Any], inbox: Streams
) -> None:
    node = start_node(websocket_ping_interval_seconds=0.1)
    live = inbox(node, "bob")
    live.next("mailbox")
    assert ": keep-alive" in live.lines
    node.begin_stop()
    assert live.next("closed").data["code"] == 1001
    assert not live.rest()


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("bob/inbox/stream?prefetch=0", 400, "invalid_parameter"),
        ("bob/inbox/stream?prefetch=1001", 400, "invalid_parameter"),
        ("bob/inbox/stream?prefetch=x", 400, "invalid_parameter"),
        ("bob/inbox/stream?more=1", 400, "unknown_parameter"),
        ("bob/inbox/stream?ticket=none", 401, "invalid_ticket"),
        ("no%20id/inbox/stream", 422, "invalid_id"),
    ],
)
def test_a_stream_that_cannot_be_had_is_a_problem(
    node: Any, path: str, status: int, problem: str
) -> None:
    answer = node.client.get(f"{API}/communication/agents/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, problem)


def test_the_head_alone_takes_nothing(node: Any, mailbox: Open, unique: str) -> None:
    mailbox(node, f"{unique}-ann").send(to_agent=unique, payload=1)
    answer = node.client.head(f"{path_of(unique)}/stream")
    assert answer.status_code == 200
    message = mailbox(node, unique).message()
    assert "attempt" not in message
    assert json.dumps(message["payload"]) == "1"
