"""An agent is away for a while: what is sent to it waits, within a bound, and comes in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from .agents_at_work import API, register
from .mailboxes import Open, numbers
from .two_nodes import until

COMMUNICATION = f"{API}/communication"
BOUND = 5


@pytest.fixture(scope="module")
def strict(start_for_module: Callable[..., Any]) -> Any:
    """A node that misses agents soon, and keeps little for them."""
    return start_for_module(
        heartbeat_interval_seconds=0.5,
        websocket_ping_interval_seconds=0.1,
        message_backoff_seconds=0.0,
        message_retention=BOUND,
        message_queue_size=2 * BOUND,
    )


def send(node: Any, **message: Any) -> httpx.Response:
    body = {"from_agent": "system", "message_type": "note", **message}
    answer: httpx.Response = node.client.post(f"{COMMUNICATION}/messages/send", json=body)
    return answer


def story(node: Any, message_id: str) -> dict[str, Any]:
    head = node.client.get(f"{API}/audit/head").json()["position"]
    path = f"{COMMUNICATION}/messages/{message_id}"
    told: dict[str, Any] = node.client.get(path, params={"min_position": head}).json()
    return told


def test_its_messages_wait_until_it_is_back(strict: Any, mailbox: Open, unique: str) -> None:
    def is_online() -> bool:
        return bool(strict.client.get(f"{API}/agents/{unique}").json()["online"])

    register(strict, unique)
    before = mailbox(strict, unique)
    before.ask("subscribe_topics", {"patterns": [f"{unique}.>"]})
    for number in range(2):
        assert send(strict, to_agent=unique, payload=number).status_code == 201
    done, left = before.messages(2)
    before.ack(done)
    before.cut()
    until(lambda: not is_online(), "that it is missed")

    brief = send(strict, to_agent=unique, payload="brief", ttl=0.5).json()["message_id"]
    low = send(strict, to_agent=unique, payload=5, priority="low")
    for number in (2, 3):
        assert send(strict, to_agent=unique, payload=number).status_code == 201
    until(lambda: story(strict, brief)["status"] == "expired", "its end")
    # What has expired takes no room; beyond the bound nothing is lost unsaid.
    assert send(strict, to_agent=unique, payload=4).status_code == 201
    full = send(strict, to_agent=unique, payload="too much")
    assert (full.status_code, full.json()["code"]) == (429, "inbox_full")
    assert (full.json()["recipient"], full.json()["waiting"]) == (unique, BOUND)
    assert int(full.headers["retry-after"]) > 0
    assert send(strict, topic=f"{unique}.news", payload=6, priority="maintenance").json()

    back = mailbox(strict, unique)
    assert back.next("mailbox")["data"]["waiting"] == BOUND + 1
    got = back.messages(BOUND + 1)
    assert numbers(got) == [1, 2, 3, 4, 5, 6]
    assert got[0]["message_id"] == left["message_id"]
    assert [each.get("attempt", 1) for each in got] == [2, 1, 1, 1, 1, 1]
    back.ack(*got)
    assert back.nothing_came()
    (item,) = back.ask("ack", {"message_ids": [brief]})["data"]["items"]
    assert item["problem"]["code"] == "message_closed"
    assert item["problem"]["message_status"] == "expired"
    assert story(strict, low.json()["message_id"])["status"] == "acknowledged"
    until(is_online, "that it is heard of")
