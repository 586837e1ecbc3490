"""Messages between agents of two nodes, and across the end of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from .agents_at_work import API, PATIENCE, register
from .mailboxes import Mailbox, Open, numbers
from .two_nodes import until

COMMUNICATION = f"{API}/communication"


@pytest.fixture(scope="module")
def nodes(start_for_module: Any) -> Iterator[tuple[Any, Any]]:
    """Two nodes on one database; the last test ends the first of them."""
    first = start_for_module(message_backoff_seconds=0.0, leader_lease_seconds=2.0)
    second = type(first)(first.system.settings)
    yield first, second
    second.stop()


def send_as(node: Any, sender: str, **message: Any) -> dict[str, Any]:
    """Send a message over HTTP."""
    body = {"from_agent": sender, "message_type": "note", **message}
    answer = node.client.post(f"{COMMUNICATION}/messages/send", json=body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def both(nodes: tuple[Any, Any], mailbox: Open, unique: str) -> tuple[Mailbox, Mailbox]:
    """Return the open mailboxes of two registered agents, ann on the one, bob on the other."""
    first, second = nodes
    for node, name in ((second, "ann"), (first, "bob")):
        register(node, f"{unique}-{name}")
    boxes = mailbox(first, f"{unique}-ann"), mailbox(second, f"{unique}-bob")
    for box in boxes:
        box.next("mailbox")
    return boxes


def test_agents_of_two_nodes_write_to_each_other_in_order(
    nodes: tuple[Any, Any], mailbox: Open, unique: str
) -> None:
    ann, bob = both(nodes, mailbox, unique)
    priorities = ("normal", "high", "critical", "low")
    for number in range(24):
        for box, to in ((ann, "bob"), (bob, "ann")):
            # Nothing is waited for in between.
            data = {"to_agent": f"{unique}-{to}", "message_type": "t", "payload": number}
            box.say("send", {**data, "priority": priorities[number % 4]})
    for box, sender in ((ann, "bob"), (bob, "ann")):
        got = box.messages(24)
        assert {message["from_agent"] for message in got} == {f"{unique}-{sender}"}
        for first, priority in enumerate(priorities):
            mine = [message for message in got if message["priority"] == priority]
            assert numbers(mine) == list(range(first, 24, 4))
        assert [box.next("receipt")["status"] for _ in range(24)] == [200] * 24
        assert box.ack(*got)["acknowledged"] == 24

    # A sender keeps its order also when each message goes in on another node than the one before.
    for number in range(10):
        send_as(nodes[number % 2], f"{unique}-ann", to_agent=f"{unique}-bob", payload=number)
    got = bob.messages(10)
    assert numbers(got) == list(range(10))
    bob.ack(*got)


def test_topics_and_broadcasts_reach_the_agents_of_both(
    nodes: tuple[Any, Any], mailbox: Open, unique: str
) -> None:
    ann, bob = both(nodes, mailbox, unique)
    for box in (ann, bob):
        box.ask("subscribe_topics", {"patterns": [f"{unique}.*"]})
    for number, node in enumerate(nodes):
        sent = [
            send_as(node, "system", topic=f"{unique}.news", payload=number),
            send_as(node, f"{unique}-eve", broadcast=True, payload=number),
        ]
        for box in (ann, bob):
            got = box.messages(2)
            assert [each["message_id"] for each in got] == [each["message_id"] for each in sent]
            assert box.ack(*got)["acknowledged"] == 2
    for node in nodes:
        for told in sent:
            answer = node.client.get(
                f"{COMMUNICATION}/messages/{told['message_id']}",
                params={
                    "min_position": nodes[1].client.get(f"{API}/audit/head").json()["position"]
                },
            )
            mine = [each for each in answer.json()["deliveries"] if unique in each["recipient"]]
            assert [each["status"] for each in mine] == ["acknowledged"] * 2


def test_what_is_acknowledged_on_one_node_is_so_on_the_other(
    nodes: tuple[Any, Any], mailbox: Open, unique: str
) -> None:
    first, second = nodes
    bob = mailbox(second, unique, "?prefetch=1")
    for number in range(3):
        send_as(first, "system", to_agent=unique, payload=number)
    for number in range(3):
        message = bob.message()
        assert message["payload"] == number
        body = {"message_ids": [message["message_id"]]}
        done = first.client.post(f"{COMMUNICATION}/agents/{unique}/inbox/ack", json=body)
        assert done.json()["acknowledged"] == 1
        # The node where it was out knows it, so there is room in the window for the next one.
        while (item := bob.ask("ack", body)["data"]["items"][0])["status"] == 200:
            pass  # it is a moment late
        assert item["problem"]["code"] == "message_already_acknowledged"
    for node in nodes:
        assert node.client.get(f"{COMMUNICATION}/agents/{unique}/inbox").json()["items"] == []


def test_a_recipient_on_both_nodes_misses_nothing(
    nodes: tuple[Any, Any], mailbox: Open, unique: str
) -> None:
    boxes = [mailbox(node, unique, "?prefetch=3") for node in nodes]
    sent = [
        send_as(nodes[number % 2], "system", to_agent=unique, payload=number)["message_id"]
        for number in range(15)
    ]
    got: set[str] = set()
    while len(got) < len(sent):
        for box in boxes:
            # What there is on each; one of them may have nothing for a while.
            if not box.nothing_came():
                message = box.message()
                got.add(message["message_id"])
                # It may have come over both, and be acknowledged already.
                (item,) = box.ask("ack", {"message_ids": [message["message_id"]]})["data"]["items"]
                assert item["status"] in {200, 409}, item
    assert got == set(sent)


def test_what_was_not_acknowledged_when_a_node_ends_comes_over_the_other(
    nodes: tuple[Any, Any], mailbox: Open, unique: str
) -> None:
    first, second = nodes
    _, bob = both(nodes, mailbox, unique)
    name = f"{unique}-carl"
    register(first, name)
    carl = mailbox(first, name, "?prefetch=6")
    for number in range(10):
        bob.send(to_agent=name, payload=number)
    before = carl.messages(6)
    assert carl.ack(before[0], before[3])["acknowledged"] == 2
    more = carl.messages(2)
    assert numbers(before + more) == list(range(8))

    def is_known_to_be_out() -> bool:
        story = second.client.get(f"{COMMUNICATION}/messages/{more[1]['message_id']}").json()
        return any(entry["event"] == "delivered" for entry in story.get("history", ()))

    # Whoever knows that it is out does not deliver it again before it must have been acknowledged,
    # unless it is told that this will not happen.
    until(is_known_to_be_out, "the note that it is out")
    first.begin_stop()
    for number in range(10, 15):
        bob.send(to_agent=name, payload=number)
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            carl.connection.recv(PATIENCE)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    again = mailbox(second, name)
    for number in range(15, 20):
        bob.send(to_agent=name, payload=number)

    got: dict[int, dict[str, Any]] = {}
    while len(got) < 18:
        message = again.message()
        got.setdefault(message["payload"], message)
    assert sorted(got) == [1, 2, *range(4, 20)]
    # What was never out before comes in its order; that a node ends counts against no message.
    assert [number for number in got if number >= 8] == list(range(8, 20))
    assert {message.get("attempt", 1) for message in got.values()} == {1}
    assert again.ack(*got.values())["acknowledged"] == 18
    # The node that is left does what the other one did.
    again.send(to_agent=f"{unique}-bob", payload="still here")
    assert bob.message()["payload"] == "still here"
    anew = mailbox(second, name)
    assert anew.next("mailbox")["data"]["waiting"] == 0
    assert anew.nothing_came()
