"""The life of messages over HTTP: sent, taken, acknowledged or given back, told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
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
    peek,
    send,
    somebody_waits,
    story,
    take,
    until_it_is,
)
from .problems import head, refused


def test_a_message_is_sent_taken_acknowledged_and_told(client: httpx.Client, unique: str) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    answer = client.post(
        f"{MESSAGES}/send",
        json={
            "from_agent": ann,
            "to_agent": bob,
            "message_type": "task_request",
            "priority": "high",
            "payload": {"n": [1, None, "ä"]},
            "headers": {"department": "sales"},
            "correlation_id": "c-1",
            "reply_to": ann,
            "ttl": 3600,
        },
    )
    sent = ok(answer, 201)
    message_id = sent["message_id"]
    assert answer.headers["location"] == f"{MESSAGES}/{message_id}"
    assert (sent["status"], sent["to_agent"], sent["recipients"]) == ("queued", bob, [bob])
    assert story(client, message_id)["status"] == "queued"

    (message,) = take(client, bob)
    wanted = {
        "message_id": message_id,
        "from_agent": ann,
        "to_agent": bob,
        "message_type": "task_request",
        "priority": "high",
        "payload": {"n": [1, None, "ä"]},
        "headers": {"department": "sales"},
        "correlation_id": "c-1",
        "reply_to": ann,
    }
    assert message | wanted == message
    assert "attempt" not in message
    assert message["position"] == int(answer.headers["x-event-position"])
    assert take(client, bob) == []

    acknowledged = ack(client, bob, message_id)
    assert ok(acknowledged) == {
        "message_id": message_id,
        "agent_id": bob,
        "status": "acknowledged",
    }
    position = acknowledged.headers["x-event-position"]
    told = ok(client.get(f"{MESSAGES}/{message_id}", params={"min_position": position}))
    assert (told["status"], told["waiting"]) == ("acknowledged", 0)
    assert [entry["event"] for entry in told["history"]] == ["sent", "delivered", "acknowledged"]
    (delivery,) = told["deliveries"]
    assert (delivery["recipient"], delivery["transport"]) == (bob, "poll")
    assert peek(client, bob) == {"items": [], "next_cursor": None, "total": 0}


def test_the_same_message_again_is_not_sent_twice(client: httpx.Client, unique: str) -> None:
    (bob,) = agents(client, unique, "bob")
    body = {"to_agent": bob, "message_type": "note", "message_id": f"{unique}-1", "payload": 1}

    first = client.post(f"{MESSAGES}/send", json=body)
    before = head(client)
    again = client.post(f"{MESSAGES}/send", json=body)
    other = client.post(f"{MESSAGES}/send", json={**body, "payload": 2})

    assert (ok(first, 201).get("duplicate"), ok(again)["duplicate"]) == (None, True)
    assert first.headers["location"] == again.headers["location"]
    refused(other, 409, "message_exists_with_different_content")
    assert head(client) == before
    assert of(take(client, bob)) == [f"{unique}-1"]


def test_a_key_gets_the_first_answer_again(client: httpx.Client, unique: str) -> None:
    (bob,) = agents(client, unique, "bob")
    key = {"idempotency-key": unique}
    body = {"to_agent": bob, "message_type": "note"}
    batch = {"messages": [body, {**body, "message_type": ""}]}

    first, again = (client.post(f"{MESSAGES}/send", json=body, headers=key) for _ in range(2))
    many, once_more = (
        client.post(f"{MESSAGES}/send-batch", json=batch, headers={"idempotency-key": f"{unique}b"})
        for _ in range(2)
    )

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert (
        again.headers["idempotent-replayed"] == once_more.headers["idempotent-replayed"] == "true"
    )
    assert many.content == once_more.content
    assert len(take(client, bob)) == 2


def test_a_batch_is_one_commit_with_a_result_for_each(client: httpx.Client, unique: str) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    good = {"to_agents": [ann, bob], "message_type": "note"}
    bad = {"topic": "tasks.*", "message_type": "note"}
    taken = {"to_agent": bob, "message_type": "note", "message_id": f"{unique}-1"}
    send(client, **taken)
    before = head(client)

    mixed = ok(
        client.post(f"{MESSAGES}/send-batch", json={"messages": [good, bad, {"no": 1}, taken]})
    )
    atomic = client.post(f"{MESSAGES}/send-batch", json={"messages": [good, bad], "atomic": True})

    assert [item["status"] for item in mixed["items"]] == [201, 422, 422, 200]
    assert (mixed["accepted"], mixed["refused"]) == (2, 2)
    assert mixed["items"][1]["problem"]["code"] == "illegal_wildcard"
    assert mixed["items"][3]["message"]["duplicate"] is True
    assert head(client) == before + 1
    assert refused(atomic, 422, "illegal_wildcard")["index"] == 1
    assert len(take(client, ann)) == 1
    assert len(take(client, bob)) == 2


def test_who_waits_for_a_message_gets_it_as_it_comes(
    node: Any, client: httpx.Client, unique: str
) -> None:
    (bob,) = agents(client, unique, "bob")

    with ThreadPoolExecutor(1) as pool, node.new_client() as other:
        waiting = pool.submit(take, other, bob, wait=20)
        node.run(somebody_waits(node))
        sent = send(client, to_agent=bob)
        assert of(waiting.result()) == [sent["message_id"]]
    assert take(client, bob, wait=0.01) == []


def test_urgent_ones_come_first_and_no_more_than_wanted(client: httpx.Client, unique: str) -> None:
    (bob,) = agents(client, unique, "bob")
    classes = ("low", "normal", "critical", "maintenance", "high", "critical")
    sent = [send(client, to_agent=bob, priority=each)["message_id"] for each in classes]

    first = ok(client.get(f"{C}/agents/{bob}/inbox", params={"limit": 2}))
    rest = ok(client.get(f"{C}/agents/{bob}/inbox"))

    assert of(first["items"]) == [sent[2], sent[5]]
    assert of(rest["items"]) == [sent[4], sent[1], sent[0], sent[3]]
    assert (first["waiting"], rest["waiting"]) == (4, 2)


def test_looking_into_an_inbox_delivers_nothing(client: httpx.Client, unique: str) -> None:
    (bob,) = agents(client, unique, "bob")
    sent = [send(client, to_agent=bob, payload=number)["message_id"] for number in range(3)]

    first = peek(client, bob, limit=2)
    second = peek(client, bob, limit=2, cursor=first["next_cursor"])
    assert [each["status"] for each in first["items"]] == ["queued", "queued"]
    assert of([*first["items"], *second["items"]]) == sent
    assert (first["total"], second["next_cursor"]) == (3, None)
    assert client.head(f"{C}/agents/{bob}/inbox").status_code == 200

    assert of(take(client, bob, limit=1)) == sent[:1]
    out, *rest = peek(client, bob)["items"]
    assert (out["status"], out["attempts"]) == ("delivered", 1)
    assert datetime.fromisoformat(out["deadline"]) > datetime.now(UTC)
    assert [each["payload"] for each in rest] == [1, 2]


def test_what_is_given_back_is_delivered_again(client: httpx.Client, unique: str) -> None:
    (bob,) = agents(client, unique, "bob")
    message_id = send(client, to_agent=bob)["message_id"]
    assert of(take(client, bob)) == [message_id]

    soon = ok(nack(client, bob, message_id, reason="busy", retry_after_seconds=0))
    assert (soon["status"], soon["attempts"]) == ("failed", 1)
    (message,) = take(client, bob, wait=20)
    assert (message["message_id"], message["attempt"]) == (message_id, 2)

    # Told once more of the first delivery, nothing changes; of the second one it does, once.
    ok(nack(client, bob, message_id, attempt=1, requeue=False))
    why = "s" * 1_000  # the longest one
    later = ok(nack(client, bob, message_id, attempt=2, reason=why, retry_after_seconds=3600))
    assert (later["status"], later["attempts"]) == ("failed", 2)
    away = datetime.fromisoformat(later["retry_at"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < away <= timedelta(hours=1)
    assert ok(nack(client, bob, message_id, retry_after_seconds=0)) == later
    assert take(client, bob) == []
    (waiting,) = peek(client, bob)["items"]
    assert (waiting["status"], waiting["attempts"]) == ("failed", 2)
    assert (waiting["reason"], waiting["retry_at"]) == (f"refused: {why}", later["retry_at"])
    ok(ack(client, bob, message_id))
    history = [entry["event"] for entry in story(client, message_id)["history"]]
    assert history[0] == "sent"
    assert history[-1] == "acknowledged"
    assert history.count("failed") == 2


def test_what_cannot_be_acknowledged_says_why(client: httpx.Client, unique: str) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    message_id = send(client, to_agent=bob)["message_id"]
    dead, over = (send(client, to_agent=bob)["message_id"] for _ in range(2))
    short = send(client, to_agent=bob, ttl=0.05)["message_id"]
    ok(nack(client, bob, dead, requeue=False))
    until_it_is(client, dead, "dead")
    until_it_is(client, short, "expired")
    ok(ack(client, bob, over))

    for say in (ack, nack):
        refused(say(client, ann, message_id), 403, "not_a_recipient")
        refused(say(client, bob, f"{unique}-none"), 404, "message_not_found")
        refused(say(client, bob, over), 409, "message_already_acknowledged")
        assert refused(say(client, bob, dead), 409, "message_closed")["message_status"] == "dead"
        gone = refused(say(client, bob, short), 409, "message_closed")
        assert gone["message_status"] == "expired"
    assert of(take(client, bob)) == [message_id]


def test_many_are_acknowledged_in_one_commit(client: httpx.Client, unique: str) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    sent = [send(client, to_agent=bob)["message_id"] for _ in range(5)]
    other = send(client, to_agent=ann)["message_id"]
    assert of(take(client, bob, limit=3)) == sent[:3]

    answer = client.post(
        f"{C}/agents/{bob}/inbox/ack",
        json={"message_ids": [*sent[:4], sent[0], other, f"{unique}-none"]},
    )

    said = ok(answer)
    assert [item["status"] for item in said["items"]] == [200, 200, 200, 200, 409, 403, 404]
    assert (said["acknowledged"], said["refused"]) == (4, 3)
    codes = [item["problem"]["code"] for item in said["items"][4:]]
    assert codes == ["message_already_acknowledged", "not_a_recipient", "message_not_found"]
    position = answer.headers["x-event-position"]
    (event,) = ok(
        client.get(
            f"{C.removesuffix('/communication')}/audit/events",
            params={"after": int(position) - 1, "limit": 1, "sort": "position"},
        )
    )["items"]
    assert (event["topic"], len(event["data"]["items"])) == ("deliveries.acknowledged.v1", 4)
    assert of(take(client, bob)) == sent[4:]


def test_what_is_for_later_waits_and_what_is_late_expires(
    client: httpx.Client, unique: str
) -> None:
    (bob,) = agents(client, unique, "bob")
    then = datetime.now(UTC) + timedelta(hours=1)
    later = send(client, to_agent=bob, deliver_after=then.isoformat(), ttl=60)
    expiry = datetime.fromisoformat(later["expires_at"])
    assert expiry == then + timedelta(seconds=60)
    soon = (datetime.now(UTC) + timedelta(seconds=0.2)).isoformat()
    sooner = send(client, to_agent=bob, deliver_after=soon)

    (message,) = take(client, bob, wait=20)

    assert message["message_id"] == sooner["message_id"]
    assert [each["message_id"] for each in peek(client, bob)["items"]] == [
        later["message_id"],
        sooner["message_id"],
    ]


def test_everybody_but_the_sender_gets_a_broadcast(client: httpx.Client, unique: str) -> None:
    ann, bob, zoe = agents(client, unique, "ann", "bob", "zoe")
    body = {"message_type": unique, "from_agent": ann, "payload": {"at": "22:00"}}

    sent = ok(client.post(f"{C}/broadcast", json=body), 201)

    assert (sent["broadcast"], sent["recipients"]) == (True, [])
    for agent_id in (bob, zoe):
        (message,) = take(client, agent_id)
        assert (message["message_id"], message["broadcast"]) == (sent["message_id"], True)
    assert take(client, ann) == []
    ok(ack(client, bob, sent["message_id"]))
    told = story(client, sent["message_id"])
    assert told["counts"]["acknowledged"] == 1
    assert told["waiting"] >= 1
    events = ok(
        client.get(f"{C.removesuffix('/communication')}/audit/streams/message/{sent['message_id']}")
    )
    assert [event["topic"] for event in events["items"]] == ["message.sent.v1"]
