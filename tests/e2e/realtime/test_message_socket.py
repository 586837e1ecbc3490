"""Messages over sockets: they come in order, within a window, until they are acknowledged."""

import json
from typing import Any

from .agents_at_work import PATIENCE, register
from .mailboxes import Open, numbers


def test_a_message_is_sent_comes_and_is_acknowledged(node: Any, mailbox: Open, unique: str) -> None:
    ann, bob = mailbox(node, f"{unique}-ann"), mailbox(node, f"{unique}-bob")
    assert bob.next("mailbox")["data"] == {
        "agent_id": f"{unique}-bob",
        "waiting": 0,
        "prefetch": 64,
    }
    sent = ann.ask("send", {"to_agent": f"{unique}-bob", "message_type": "hi", "payload": [1]})
    assert (sent["status"], sent["data"]["status"]) == (200, "queued")
    frame = bob.next("message")
    assert frame["position"] == sent["position"]
    message = frame["data"]
    assert (message["from_agent"], message["to_agent"]) == (f"{unique}-ann", f"{unique}-bob")
    assert (message["message_type"], message["payload"]) == ("hi", [1])
    assert message["message_id"] == sent["data"]["message_id"]
    assert "attempt" not in message

    receipt = bob.ask("ack", {"message_ids": [message["message_id"]]})
    assert receipt["position"] > sent["position"]
    assert receipt["data"] == {
        "items": [{"message_id": message["message_id"], "status": 200}],
        "acknowledged": 1,
        "refused": 0,
    }
    again = mailbox(node, f"{unique}-bob")
    assert again.next("mailbox")["data"]["waiting"] == 0
    assert again.nothing_came()


def test_the_urgent_ones_come_first_and_those_of_one_priority_in_their_order(
    node: Any, mailbox: Open, unique: str
) -> None:
    ann = mailbox(node, f"{unique}-ann")
    priorities = ["low", "normal", "critical", "normal", "high", "low", "critical", "high"]
    for number, priority in enumerate(priorities):
        # Nothing is waited for in between: they are sent in the order of the frames.
        ann.say("send", {"to_agent": unique, "message_type": "t", "payload": number,
                         "priority": priority})  # fmt: skip
    receipts = [ann.next("receipt") for _ in priorities]
    assert {receipt["status"] for receipt in receipts} == {200}
    assert numbers(mailbox(node, unique).messages(8)) == [2, 6, 4, 7, 1, 3, 0, 5]


def test_no_more_are_out_than_the_window_allows_but_for_critical_ones(
    node: Any, mailbox: Open, unique: str
) -> None:
    ann = mailbox(node, f"{unique}-ann")
    for number in range(5):
        ann.send(to_agent=unique, payload=number)
    bob = mailbox(node, unique, "?prefetch=2")
    assert bob.next("mailbox")["data"] == {"agent_id": unique, "waiting": 5, "prefetch": 2}
    first, second = bob.messages(2)
    assert numbers([first, second]) == [0, 1]
    assert bob.nothing_came()

    ann.send(to_agent=unique, payload=100, priority="critical")
    urgent = bob.message()
    assert urgent["payload"] == 100
    assert bob.nothing_came()
    bob.ack(second)
    # The critical one stands beside the window, and still takes its place in it.
    assert bob.nothing_came()
    bob.ack(urgent)
    assert bob.message()["payload"] == 2
    bob.ack(first)
    assert bob.message()["payload"] == 3


def test_what_was_not_acknowledged_over_a_lost_connection_comes_again(
    node: Any, mailbox: Open, unique: str
) -> None:
    ann, bob = mailbox(node, f"{unique}-ann"), mailbox(node, unique)
    ids = [ann.send(to_agent=unique, payload=number)["message_id"] for number in range(4)]
    first = bob.messages(4)
    bob.ack(first[1])
    bob.cut()

    again = mailbox(node, unique).messages(3)
    assert [message["message_id"] for message in again] == [ids[0], ids[2], ids[3]]
    assert [message["attempt"] for message in again] == [2, 2, 2]
    strip = [{**message, "attempt": None} for message in again]
    assert strip == [{**first[number], "attempt": None} for number in (0, 2, 3)]


def test_a_message_that_was_given_back_comes_again_when_that_was_wanted(
    node: Any, mailbox: Open, unique: str
) -> None:
    ann, bob = mailbox(node, f"{unique}-ann"), mailbox(node, unique)
    sent = ann.send(to_agent=unique, payload=1)
    message_id = bob.message()["message_id"]
    back = bob.ask("nack", {"message_id": message_id, "reason": "busy", "retry_after_seconds": 0})
    assert (back["status"], back["data"]["status"]) == (200, "failed")
    assert back["data"]["attempts"] == 1
    again = bob.message()
    assert (again["message_id"], again["attempt"]) == (sent["message_id"], 2)

    later = bob.ask("nack", {"message_id": message_id, "retry_after_seconds": 3_600})
    assert later["data"]["retry_at"] > back["data"]["retry_at"]
    assert bob.nothing_came()
    over = bob.ask("nack", {"message_id": message_id, "requeue": False})
    assert over["data"]["status"] == "dead"
    assert "retry_at" not in over["data"]
    assert bob.nothing_came()


def test_two_sockets_of_one_recipient_share_and_one_takes_over_from_the_other(
    node: Any, mailbox: Open, unique: str
) -> None:
    ann = mailbox(node, f"{unique}-ann")
    one, two = mailbox(node, unique, "?prefetch=2"), mailbox(node, unique, "?prefetch=2")
    for each in (one, two):
        each.next("mailbox")
    for number in range(4):
        ann.send(to_agent=unique, payload=number)
    with_one, with_two = one.messages(2), two.messages(2)
    assert sorted(numbers(with_one + with_two)) == [0, 1, 2, 3]
    # Whichever of them it came over.
    assert two.ack(with_one[0])["acknowledged"] == 1
    two.ack(*with_two)
    one.connection.close()
    taken_over = two.message()
    assert taken_over["message_id"] == with_one[1]["message_id"]
    assert taken_over["attempt"] == 2


def test_many_are_acknowledged_at_once_and_each_on_its_own(
    node: Any, mailbox: Open, unique: str
) -> None:
    ann, bob = mailbox(node, f"{unique}-ann"), mailbox(node, unique)
    for number in range(3):
        ann.send(to_agent=unique, payload=number)
    first, second, third = bob.messages(3)
    foreign = ann.send(to_agent=f"{unique}-carl")
    assert bob.ack(first)["acknowledged"] == 1
    told = bob.ack(second, first, foreign, {"message_id": f"{unique}-none"}, third)
    assert [item["status"] for item in told["items"]] == [200, 409, 403, 404, 200]
    problems = [item["problem"] for item in told["items"] if "problem" in item]
    assert [problem["code"] for problem in problems] == [
        "message_already_acknowledged",
        "not_a_recipient",
        "message_not_found",
    ]
    assert (told["acknowledged"], told["refused"]) == (2, 3)


def test_letters_to_many_and_others_are_acknowledged_with_one_receipt(
    node: Any, mailbox: Open, unique: str
) -> None:
    ann, bob = mailbox(node, f"{unique}-ann"), mailbox(node, unique)
    crowd = [unique, *(f"{unique}-{number}" for number in range(80))]
    for _ in range(2):
        ann.send(to_agents=crowd)
        ann.send(to_agent=unique)
    first, second, third, fourth = bob.messages(4)

    assert bob.ack(first, second)["acknowledged"] == 2
    assert bob.ack(fourth, third)["acknowledged"] == 2


def test_an_acknowledgement_without_an_id_has_a_receipt_only_when_it_is_refused(
    node: Any, mailbox: Open, unique: str
) -> None:
    ann, bob = mailbox(node, f"{unique}-ann"), mailbox(node, unique)
    ann.send(to_agent=unique)
    message_id = bob.message()["message_id"]
    quiet = json.dumps({"type": "ack", "data": {"message_ids": [message_id]}})
    bob.connection.send(quiet)
    while bob.ack({"message_id": message_id})["items"][0]["status"] != 409:
        pass
    bob.connection.send(quiet)
    refused = bob.next("receipt")
    assert (refused["id"], refused["data"]["refused"]) == ("", 1)


def test_messages_to_topics_come_as_long_as_they_are_subscribed_to(
    node: Any, mailbox: Open, unique: str
) -> None:
    ann, bob = mailbox(node, f"{unique}-ann"), mailbox(node, unique)
    answer = bob.ask("subscribe_topics", {"patterns": [f"{unique}.*", f"{unique}.a.>"]})
    assert answer["data"]["patterns"] == [f"{unique}.*", f"{unique}.a.>"]
    for number, topic in enumerate(("b", "a.b.c", "b.c")):
        ann.send(topic=f"{unique}.{topic}", payload=number)
    assert numbers(bob.messages(2)) == [0, 1]
    bob.ask("unsubscribe_topics", {"patterns": [f"{unique}.*"]})
    ann.send(topic=f"{unique}.b", payload=3)
    ann.send(topic=f"{unique}.a.b", payload=4)
    assert bob.message()["payload"] == 4
    # A subscription outlasts the connection.
    bob.connection.close()
    ann.send(topic=f"{unique}.a.c", payload=5)
    assert 5 in numbers(mailbox(node, unique).messages(4))


def test_a_message_sent_twice_under_its_id_comes_once(
    node: Any, mailbox: Open, unique: str
) -> None:
    ann, bob = mailbox(node, f"{unique}-ann"), mailbox(node, unique)
    said = {"to_agent": unique, "message_type": "t", "message_id": unique, "payload": 1}
    first, second = ann.ask("send", said), ann.ask("send", said)
    assert (first["status"], second["status"]) == (200, 200)
    assert second["data"]["duplicate"] is True
    other = ann.ask("send", {**said, "payload": 2})
    assert other["data"]["code"] == "message_exists_with_different_content"
    keyed = {"to_agent": unique, "message_type": "t", "payload": 3}
    once = ann.ask("send", keyed, idempotency_key=f"{unique}-key")
    again = ann.ask("send", keyed, idempotency_key=f"{unique}-key")
    assert again["replayed"] is True
    assert again["data"]["message_id"] == once["data"]["message_id"]
    assert numbers(bob.messages(2)) == [1, 3]
    assert bob.nothing_came()


def test_large_messages_come_one_after_the_other(node: Any, mailbox: Open, unique: str) -> None:
    ann = mailbox(node, f"{unique}-ann", max_size=None)
    text = "x" * 60_000
    for number in range(40):
        ann.say("send", {"to_agent": unique, "message_type": "t", "payload": [number, text]})
    for _ in range(40):
        assert ann.next("receipt")["status"] == 200
    bob = mailbox(node, unique, max_size=None)
    assert [payload for payload, _ in numbers(bob.messages(40))] == list(range(40))


def test_a_recipient_that_the_log_has_never_named_gets_its_first_message(
    node: Any, mailbox: Open, unique: str
) -> None:
    bob = mailbox(node, unique)
    bob.next("mailbox")
    mailbox(node, f"{unique}-ann").send(to_agent=unique, payload="hello")
    assert bob.message()["payload"] == "hello"


def test_messages_come_over_the_socket_for_tasks_only_when_asked_for(
    node: Any, mailbox: Open, work: Any, unique: str
) -> None:
    register(node, unique)
    ann = mailbox(node, f"{unique}-ann")
    ann.send(to_agent=unique, payload=1)
    before = work(node, unique)
    before.next("welcome")
    before.connection.send('{"type":"ping","id":"p"}')
    assert json.loads(before.connection.recv(PATIENCE))["type"] == "pong"
    # What it can say of messages it can say anyhow.
    assert before.ask("send", {"to_agent": unique, "message_type": "t"})["status"] == 200

    agent = work(node, f"{unique}?messages=true&prefetch=10")
    assert json.loads(agent.connection.recv(PATIENCE))["type"] == "welcome"
    assert agent.next("mailbox")["data"]["prefetch"] == 10
    got = [agent.next("message")["data"] for _ in range(2)]
    assert [message.get("attempt", 1) for message in got] == [1, 1]
    ids = [message["message_id"] for message in got]
    # The newer socket serves the agent, its messages included.
    newer = work(node, f"{unique}?messages=true")
    again = [newer.next("message")["data"] for _ in ids]
    assert [message["message_id"] for message in again] == ids
    # That which it replaced may have been lost.
    assert [message["attempt"] for message in again] == [2, 2]
    assert newer.ask("ack", {"message_ids": ids})["data"]["acknowledged"] == 2


def test_an_agent_whose_mailbox_is_open_is_online(
    start_node: Any, mailbox: Open, watch: Any
) -> None:
    node = start_node(heartbeat_interval_seconds=0.5, websocket_ping_interval_seconds=0.1)
    for name in ("silent", "reading"):
        register(node, name)
    mailbox(node, "reading").next("mailbox")
    board = watch(node)
    board.subscribe("agents", after=0)
    fact: dict[str, Any] = {}
    while (fact.get("event"), fact.get("agent_id")) != ("agent.went_offline", "silent"):
        fact = board.next("agent_update")["data"]
    agents = node.client.get("/mas/api/v1/agents").json()["items"]
    assert {agent["agent_id"]: agent["online"] for agent in agents}["reading"]
