"""An agent that wants its messages at its endpoint gets them there, signed, until it takes them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from .firms import Firm
from .receivers import Receiver, Reply

API = "/mas/api/v1/communication"


@pytest.fixture
def forwarded(firm: Firm) -> Firm:
    """An agent whose messages go to its endpoint."""
    path = f"{API}/agents/{firm.agent_id}/forwarding"
    answer = firm.client.put(path, json={"webhook": True})
    assert answer.status_code == 200, answer.text
    return firm


def send(firm: Firm, **more: Any) -> str:
    body = {"from_agent": "system", "to_agent": firm.agent_id, "message_type": "note", **more}
    answer = firm.client.post(f"{API}/messages/send", json=body)
    assert answer.status_code == 201, answer.text
    message_id: str = answer.json()["message_id"]
    return message_id


def ends(firm: Firm, message_id: str, status: str) -> dict[str, Any]:
    """Return how the delivery went, once it is as it should be."""
    story = firm.wait(
        f"{API}/messages/{message_id}",
        lambda told: [each["status"] for each in told["deliveries"]] == [status],
    )
    delivery: dict[str, Any] = story["deliveries"][0]
    return delivery


def test_a_message_is_sent_signed_and_is_acknowledged_by_the_answer(
    forwarded: Firm, receiver: Receiver
) -> None:
    message_id = send(forwarded, payload={"rows": [1, 2.5]}, priority="high")

    received = receiver.next_message()
    delivery = ends(forwarded, message_id, "acknowledged")

    assert received.webhook_id == f"message:{message_id}:{forwarded.agent_id}"
    assert received.signatures == [received.signed_with(forwarded.webhook()["secret"])]
    told = received.json
    assert (told["type"], told["attempt"]) == ("message", 1)
    assert (told["message_id"], told["payload"]) == (message_id, {"rows": [1, 2.5]})
    assert (delivery["transport"], delivery["attempts"]) == ("webhook", 1)
    assert receiver.tasks.empty()


def test_what_the_endpoint_refuses_is_sent_again_and_dies_in_the_end(
    forwarded: Firm, receiver: Receiver
) -> None:
    receiver.answer_message = lambda _: Reply(422)

    message_id = send(forwarded, max_attempts=3)

    attempts = [receiver.next_message().json["attempt"] for _ in range(3)]
    delivery = ends(forwarded, message_id, "dead")
    assert attempts == [1, 2, 3]
    assert delivery["reason"] == "refused: the endpoint answered 422"
    assert receiver.messages.empty()


def test_an_endpoint_that_asks_to_be_left_alone_costs_no_attempt(
    forwarded: Firm, receiver: Receiver
) -> None:
    busy = threading.Event()

    def answer(_: Any) -> Reply:
        if not busy.is_set():
            busy.set()
            return Reply(503, headers={"retry-after": "1"})
        return Reply(200, {})

    receiver.answer_message = answer
    message_id = send(forwarded, max_attempts=1)

    told = [receiver.next_message().json["attempt"] for _ in range(2)]
    ends(forwarded, message_id, "acknowledged")

    assert told == [1, 1]


def test_who_does_not_want_them_there_finds_them_in_the_inbox(
    forwarded: Firm, receiver: Receiver
) -> None:
    path = f"{API}/agents/{forwarded.agent_id}"
    # It is being served: the next message is waited for, to be sent there.
    ends(forwarded, send(forwarded), "acknowledged")
    assert receiver.next_message()
    answer = forwarded.client.put(f"{path}/forwarding", json={"webhook": False})
    assert answer.json()["webhook"] is False

    message_id = send(forwarded)
    items = forwarded.client.get(f"{path}/inbox", params={"wait": 20}).json()["items"]

    assert [each["message_id"] for each in items] == [message_id]
    assert receiver.messages.empty()
