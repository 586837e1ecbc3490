"""Messages are listed by what they are over HTTP, and told of in numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from .mail import (
    MESSAGES,
    C,
    ack,
    agents,
    nack,
    of,
    ok,
    send,
    take,
    until_it_is,
)


def test_messages_are_listed_by_what_they_are(client: httpx.Client, unique: str) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    first = send(client, from_agent=ann, to_agent=bob, message_type=unique, correlation_id=unique)
    second = send(
        client, from_agent=bob, to_agents=[ann, bob], message_type=unique, priority="critical"
    )
    third = send(client, from_agent=ann, topic=f"{unique}.x", message_type=unique)
    ok(ack(client, bob, first["message_id"]))

    def listed(path: str = MESSAGES, **query: Any) -> Any:
        return ok(client.get(path, params=query))

    everything = listed(message_type=unique, sort="sent_at", total=True)
    assert of(everything["items"]) == of([first, second, third])
    assert everything["total"] == 3
    page = listed(message_type=unique, sort="sent_at", limit=2)
    rest = listed(message_type=unique, sort="sent_at", limit=2, cursor=page["next_cursor"])
    assert of([*page["items"], *rest["items"]]) == of([first, second, third])
    for query, wanted in (
        ({"from_agent": ann}, [first, third]),
        ({"recipient": ann}, [second]),
        ({"recipient": bob, "status": "acknowledged"}, [first]),
        ({"priority": "critical", "from_agent": bob}, [second]),
        ({"topic": f"{unique}.x"}, [third]),
        ({"correlation_id": unique}, [first]),
        ({"message_type": unique, "until": first["sent_at"]}, []),
    ):
        assert of(listed(sort="sent_at", **query)["items"]) == of(wanted), query
    received = listed(f"{C}/agents/{bob}/messages", sort="queued_at", total=True)
    assert of(received["items"]) == of([first, second])
    assert [each["delivery"]["status"] for each in received["items"]] == ["acknowledged", "queued"]
    queued = listed(f"{MESSAGES}/{second['message_id']}/deliveries", limit=1)
    assert [each["recipient"] for each in queued["items"]] == [ann]
    told = ok(client.get(f"{MESSAGES}/{second['message_id']}", params={"limit": 1}))
    assert [each["recipient"] for each in told["deliveries"]] == [ann]
    for cursor in (queued["next_cursor"], told["next_cursor"]):
        following = listed(f"{MESSAGES}/{second['message_id']}/deliveries", limit=1, cursor=cursor)
        assert [each["recipient"] for each in following["items"]] == [bob]


def test_messages_in_numbers(start_node: Callable[..., Any], unique: str) -> None:
    # Elsewhere the time of others' messages runs out meanwhile.
    client: httpx.Client = start_node().client
    (bob,) = agents(client, unique, "bob")

    def figures() -> Any:
        return ok(client.get(f"{C}/metrics"))

    before = figures()["by_priority"]["maintenance"]
    sent = [
        send(client, to_agent=bob, priority="maintenance", payload="x" * 98)["message_id"]
        for _ in range(3)
    ]
    take(client, bob, limit=2)
    ok(nack(client, bob, sent[0], requeue=False))
    ok(nack(client, bob, sent[1], retry_after_seconds=0))
    until_it_is(client, sent[0], "dead")
    ok(ack(client, bob, sent[1]))

    now = figures()
    after = now["by_priority"]["maintenance"]
    changed = {name: after[name] - before[name] for name in after if isinstance(after[name], int)}
    assert changed == {
        "sent": 3,
        "queued": 1,
        "in_flight": 0,
        "delivered": 3,
        "acknowledged": 1,
        "failed": 2,
        "retried": 1,
        "dead": 1,
        "dropped": 0,
        "expired": 0,
        "bytes": 300,
    }
    assert after["acknowledgement"]["count"] == before["acknowledgement"]["count"] + 1
    assert after["acknowledgement"]["p99"] > 0
    assert now["deliveries"]["poll"] >= 2
    assert now["connections"].keys() >= {"agent", "frontend", "stream"}
    assert now["open_messages"] >= 1
