"""Who may open which mailbox, what becomes of its socket, and messages from node to node."""

import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from msgspec.structs import replace
from websockets.sync.client import connect

from .agents_at_work import register
from .mailboxes import MESSAGES, Mailbox, Open, numbers
from .raw import Wire
from .two_nodes import (
    ADMIN,
    CONNECTIONS,
    PATIENCE,
    REVOCATIONS,
    bearer,
    dial,
    dial_by_ticket,
    end_of,
    listed,
    ticket_of,
    until,
)

Pair = tuple[Any, Any]


@pytest.fixture
def enter(mailbox: Open) -> Callable[..., Mailbox]:
    """Opens a mailbox in the name of a token."""

    def entered(at: Any, name: str, headers: dict[str, str], query: str = "") -> Mailbox:
        return mailbox(at, name, query, additional_headers=headers)

    return entered


@pytest.mark.parametrize(
    ("role", "subject", "end"),
    [
        ("agent", "{}-other", (4003, "inbox_not_allowed")),
        ("client", "{}-other", (4003, "inbox_not_allowed")),
        ("viewer", "{}", (4003, "permission_denied")),
        ("auditor", "{}", (4003, "permission_denied")),
        ("treasurer", "{}", (4003, "permission_denied")),
    ],
)
def test_nobody_opens_the_mailbox_of_another(
    pair: Pair, unique: str, role: str, subject: str, end: tuple[int, str]
) -> None:
    with dial(pair[0], MESSAGES + unique, bearer(subject.format(unique), role)) as refused:
        assert end_of(refused) == end
    with dial(pair[0], MESSAGES + unique) as nobody:
        assert end_of(nobody) == (4001, "unauthenticated")


@pytest.mark.parametrize(
    ("role", "subject"), [("agent", "{}"), ("client", "{}"), ("operator", "ops")]
)
def test_who_owns_a_mailbox_reads_it_and_sends_from_it(
    pair: Pair, enter: Callable[..., Mailbox], unique: str, role: str, subject: str
) -> None:
    own = enter(pair[0], unique, bearer(subject.format(unique), role))
    sent = own.send(to_agent=unique, payload=role)
    assert sent["from_agent"] == unique
    assert own.ack(own.message())["acknowledged"] == 1


def test_only_operators_send_in_the_name_of_others(
    pair: Pair, enter: Callable[..., Mailbox], unique: str
) -> None:
    own = enter(pair[0], unique, bearer(unique, "agent"))
    for sender in ("system", f"{unique}-other"):
        said = {"message_type": "t", "to_agent": unique, "from_agent": sender}
        receipt = own.ask("send", said)
        assert (receipt["status"], receipt["data"]["code"]) == (403, "sender_not_allowed")
    operated = enter(pair[0], f"{unique}-ops", bearer("ops", "operator"))
    assert operated.send(to_agent=unique, from_agent="system")["from_agent"] == "system"
    assert own.message()["from_agent"] == "system"


def test_a_ticket_opens_a_mailbox_and_a_revocation_closes_it(pair: Pair, unique: str) -> None:
    headers = bearer(unique, "client")
    with dial_by_ticket(pair[1], MESSAGES + unique, ticket_of(pair[0], headers)) as by_ticket:
        assert json.loads(by_ticket.recv(PATIENCE))["type"] == "mailbox"
        order = pair[0].client.post(REVOCATIONS, json={"subject": unique}, headers=ADMIN)
        assert order.status_code in {200, 201}, order.text
        assert end_of(by_ticket) == (4001, "token_revoked")


def test_a_mailbox_closes_when_its_token_expires(
    pair: Pair, enter: Callable[..., Mailbox], unique: str
) -> None:
    ann = enter(pair[1], f"{unique}-ann", bearer(f"{unique}-ann", "client"))
    sent = ann.send(to_agent=unique, max_attempts=1)
    own = enter(pair[0], unique, bearer(unique, "client", lives=2))
    assert own.message()["message_id"] == sent["message_id"]
    assert end_of(own.connection) == (4001, "token_expired")
    # That was no failure of whoever had it: its only attempt is still to come, on any node.
    again = enter(pair[1], unique, bearer(unique, "client"))
    message = again.message()
    assert (message["message_id"], message.get("attempt", 1)) == (sent["message_id"], 1)
    assert again.ack(message)["acknowledged"] == 1


def test_operators_see_who_reads_and_close_it(
    pair: Pair, enter: Callable[..., Mailbox], unique: str
) -> None:
    first, second = pair
    registered = first.client.put(f"/mas/api/v1/agents/{unique}", json={}, headers=ADMIN)
    assert registered.status_code == 201
    mine = bearer(unique, "agent")
    several = [enter(at, unique, mine) for at in (first, second, first)]
    for each in several:
        each.next("mailbox")
    found = until(
        lambda: (known := listed(first, agent_id=unique)) and len(known) == 3 and known, "all"
    )
    assert {(one["kind"], one["client_id"], one["subject"]) for one in found} == {
        ("messages", unique, unique)
    }
    assert sorted(one["node"] for one in found) == ["first", "first", "second"]
    sent = several[0].send(to_agent=unique, max_attempts=1)
    order = {"kind": "messages", "agent_id": unique}
    path = f"{CONNECTIONS}/disconnect"
    assert second.client.post(path, json=order, headers=ADMIN).status_code == 200
    for each in several:
        assert end_of(each.connection) == (4011, "disconnected by an operator")
    message = enter(second, unique, mine).message()
    assert (message["message_id"], message.get("attempt", 1)) == (sent["message_id"], 1)


def test_a_message_comes_on_whichever_node_its_recipient_is(
    pair: Pair, enter: Callable[..., Mailbox], unique: str
) -> None:
    first, second = pair
    ann = enter(first, f"{unique}-ann", bearer(f"{unique}-ann", "client"))
    bob = enter(second, unique, bearer(unique, "client"))
    bob.ask("subscribe_topics", {"patterns": [f"{unique}.>"]})
    ann.send(to_agent=unique, payload=0)
    told = bob.message()
    # That the other node has heard of the subscription, it shows by what it sends.
    until(lambda: ann.send(topic=f"{unique}.a", payload=1) and not bob.nothing_came(), "a topic")
    assert (told["payload"], bob.message()["payload"]) == (0, 1)
    # Acknowledged on the other node, it is taken from this one.
    elsewhere = enter(first, unique, bearer(unique, "client"))
    assert elsewhere.ack(told)["acknowledged"] == 1
    problem = until(lambda: bob.ack(told)["items"][0].get("problem"), "it is known here")
    assert problem["code"] == "message_already_acknowledged"


def test_what_a_stopped_node_had_handed_over_comes_from_another_one(
    start_node: Callable[..., Any],
    second_node: Callable[..., Any],
    mailbox: Open,
) -> None:
    first = start_node()
    second = second_node(first)
    ann, bob = mailbox(second, "ann"), mailbox(first, "bob")
    for number in range(3):
        ann.send(to_agent="bob", payload=number)
    got = bob.messages(3)
    bob.ack(got[1])
    first.begin_stop()
    assert end_of(bob.connection)[0] == 1001
    again = mailbox(second, "bob").messages(2)
    assert sorted(message["message_id"] for message in again) == sorted(
        got[number]["message_id"] for number in (0, 2)
    )


def test_who_does_not_read_is_closed_and_the_messages_come_to_another_socket(
    node: Any, mailbox: Open, unique: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = node.system.hub
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024)
    address = node.url.removeprefix("http://").split(":")
    wire.connect((address[0], int(address[1])))
    url = node.url.replace("http", "ws", 1) + MESSAGES + unique
    register(node, unique)
    ann = mailbox(node, f"{unique}-ann")
    text = "x" * 60_000

    def closed() -> bool:
        entries = node.system.hub.roster.entries.values()
        return all(entry.connection.client_id != unique for entry in tuple(entries))

    with monkeypatch.context() as patch, ExitStack() as stack:
        # Of this socket alone: whoever reads may be slow to, on a busy machine.
        patch.setattr(hub, "options", replace(hub.options, send_timeout=0.3))
        deaf = connect(
            url, sock=wire, max_queue=1, max_size=None, compression=None, close_timeout=0
        )
        stack.enter_context(deaf)
        until(lambda: not closed(), "its socket")
        patch.undo()
        for number in range(200):
            ann.say("send", {"to_agent": unique, "message_type": "t", "payload": [number, text]})
        for _ in range(200):
            assert ann.next("receipt")["status"] == 200
        until(closed, "the end of who does not read")
        # Another socket gets all of them, those first that nobody has been handed.
        awake = mailbox(node, unique, max_size=None)
        seen = set()
        while len(seen) < 200:
            message = awake.message()
            seen.add(message["payload"][0])
            assert message.get("attempt", 1) == 1
            awake.ack(message)  # and read the receipt: who has too much unread cannot close


def test_a_silent_wire_costs_the_others_nothing(node: Any, mailbox: Open, unique: str) -> None:
    """Frames in pieces, and a peer that goes away in the middle of one."""
    with Wire(node.url) as wire:
        wire.open(MESSAGES + unique)
        wire.told("mailbox")
        wire.send(b"\x81\xfe\x10\x00half a frame")
    ann, bob = mailbox(node, f"{unique}-ann"), mailbox(node, unique)
    ann.send(to_agent=unique, payload=7)
    assert numbers([bob.message()]) == [7]
