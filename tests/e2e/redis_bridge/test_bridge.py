"""Agents that speak only Redis send, receive and acknowledge messages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis import Redis

from .conftest import KEY, Speaker, token

API = "/mas/api/v1/communication"

Make = Callable[..., Speaker]


def story(bridged: Any, message_id: str) -> dict[str, Any]:
    """What the node tells of a message."""
    with bridged.new_client(authorization=f"Bearer {token('boss', 'admin')}") as client:
        head = client.get("/mas/api/v1/audit/head").json()["position"]
        answer = client.get(f"{API}/messages/{message_id}", params={"min_position": head})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def test_two_agents_write_to_each_other(bridged: Any, speaker: Make, unique: str) -> None:
    alice, bob = speaker(f"a-{unique}"), speaker(f"b-{unique}")
    bob.collect()

    sent = alice.ask("send", to_agent=bob.name, message_type="note", payload={"text": "hi"})
    message = bob.next("message")["data"]
    done = bob.ask("ack", message_ids=[message["message_id"]])

    assert (sent["status"], sent["data"]["status"]) == (200, "queued")
    assert message["message_id"] == sent["data"]["message_id"]
    assert (message["from_agent"], message["payload"]) == (alice.name, {"text": "hi"})
    assert (done["status"], done["data"]["acknowledged"]) == (200, 1)
    told = story(bridged, message["message_id"])
    assert [each["status"] for each in told["deliveries"]] == ["acknowledged"]
    again = bob.ask("ack", "again", message_ids=[message["message_id"]])
    (item,) = again["data"]["items"]
    assert (item["status"], item["problem"]["code"]) == (409, "message_already_acknowledged")


def test_what_is_refused_comes_again_and_what_is_for_ever_refused_does_not(
    bridged: Any, speaker: Make, unique: str
) -> None:
    agent = speaker(f"r-{unique}")
    agent.collect()
    agent.say("send", to_agent=agent.name, message_type="note", payload=1)

    first = agent.next("message")["data"]
    agent.ask("nack", message_id=first["message_id"], reason="not now", retry_after_seconds=0)
    second = agent.next("message")["data"]
    agent.ask("nack", "for-ever", message_id=first["message_id"], requeue=False)

    assert (second["message_id"], second["attempt"]) == (first["message_id"], 2)
    with bridged.new_client(authorization=f"Bearer {token('boss', 'admin')}") as client:
        head = client.get("/mas/api/v1/audit/head").json()["position"]
        while True:
            page = client.get(
                f"{API}/dead-letters", params={"recipient": agent.name, "min_position": head}
            ).json()
            if page["items"]:
                break
            head = client.get("/mas/api/v1/audit/head").json()["position"]
    assert [each["message_id"] for each in page["items"]] == [first["message_id"]]


def test_topics_come_to_the_mailbox_and_are_copied_to_their_channel(
    speaker: Make, unique: str
) -> None:
    reader, writer = speaker(f"t-{unique}"), speaker(f"w-{unique}")
    reader.collect()
    writer.listen(f"mas:topic:news.{unique}")
    reader.ask("subscribe_topics", patterns=[f"news.{unique}", "other.*"])

    writer.ask("send", topic=f"news.{unique}", message_type="news", payload=[1, 2])

    assert reader.next("message")["data"]["payload"] == [1, 2]
    assert writer.next("message")["data"]["topic"] == f"news.{unique}"


def test_what_is_put_off_is_not_told_before_its_time(speaker: Make, unique: str) -> None:
    writer, topic = speaker(f"w-{unique}"), f"embargo.{unique}"
    writer.collect()
    writer.listen(f"mas:topic:{topic}")
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

    writer.ask("send", "off", topic=topic, message_type="n", payload=1, deliver_after=later)
    writer.ask("send", "now", topic=topic, message_type="n", payload=2)

    assert writer.next("message")["data"]["payload"] == 2


def test_mail_waits_for_who_is_away_and_is_published_when_somebody_listens(
    redis: Redis, speaker: Make, unique: str
) -> None:
    writer = speaker(f"w-{unique}")
    writer.collect()
    for number in range(3):
        writer.ask("send", f"s{number}", to_agent=f"l-{unique}", message_type="n", payload=number)

    late = speaker(f"l-{unique}")
    assert late.collect(prefetch=2)["data"]["waiting"] == 3
    first, second = late.next("message")["data"], late.next("message")["data"]
    late.say("ack", message_ids=[first["message_id"]])
    third = late.next("message")["data"]

    assert [each["payload"] for each in (first, second, third)] == [0, 1, 2]
    late.channel.unsubscribe()
    # Nobody listens: what was not acknowledged goes to whoever collects next.
    other = speaker(f"l-{unique}")
    other.collect()
    again = [other.next("message")["data"] for _ in range(2)]
    assert [(each["payload"], each.get("attempt")) for each in again] == [(1, 2), (2, 2)]


def test_only_what_the_agent_does_costs_a_message_an_attempt(
    bridged: Any, redis: Redis, speaker: Make, unique: str
) -> None:
    name = f"l-{unique}"
    agent = Speaker(redis, name, token(name, lives=3))
    agent.collect()
    speaker(f"w-{unique}").ask("send", to_agent=name, message_type="n", payload=1)
    assert "attempt" not in agent.next("message")["data"]
    with bridged.new_client(authorization=f"Bearer {token('boss', 'admin')}") as client:
        path = f"{API}/agents/{name}/inbox/peek"
        # Its token expires: it gets nothing more.
        while client.get(path).json()["items"][0]["status"] == "delivered":
            pass
    anew = speaker(name)
    anew.collect()
    assert "attempt" not in anew.next("message")["data"]
    anew.ask("collect", "again")
    assert anew.next("message")["data"]["attempt"] == 2
    anew.ask("leave")
    anew.ask("collect", "back")
    message = anew.next("message")["data"]
    assert message["attempt"] == 3
    assert anew.ask("ack", message_ids=[message["message_id"]])["data"]["acknowledged"] == 1


@pytest.mark.parametrize(
    ("said", "body", "code"),
    [
        ("none", {"type": "collect", "id": "x"}, "unauthenticated"),
        ("forged", {"type": "collect", "id": "x"}, "invalid_token"),
        ("old", {"type": "collect", "id": "x"}, "token_expired"),
        ("own", {"type": "collect", "id": "x", "agent_id": "somebody"}, "inbox_not_allowed"),
        ("own", {"type": "collect", "id": "x", "agent_id": "no id"}, "invalid_id"),
        ("own", {"id": "x"}, "invalid_message"),
        ("own", {"type": "collect", "id": "x", "more": 1}, "invalid_message"),
        ("own", [], "invalid_message"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_who_is_not_known_changes_nothing_and_is_told_so(
    redis: Redis, bridged: Any, speaker: Make, unique: str, said: str, body: Any, code: str
) -> None:
    watcher = speaker(f"x-{unique}")
    watcher.collect()
    watcher.listen("mas:refused")
    tokens = {
        "none": None,
        "forged": token(f"f-{unique}", key=KEY[::-1] + "x"),
        "old": token(f"f-{unique}", lives=-60),
        "own": token(f"f-{unique}"),
    }
    if isinstance(body, dict) and tokens[said] is not None:
        body = {**body, "token": tokens[said]}

    redis.publish("mas:send", json.dumps(body))

    assert watcher.next("refused")["code"] == code


@pytest.mark.parametrize(
    ("kind", "data", "code"),
    [
        (
            "send",
            {"to_agent": "b", "message_type": "n", "from_agent": "other"},
            "sender_not_allowed",
        ),
        ("send", {"message_type": "n"}, "invalid_destination"),
        ("send", {"topic": "a.*", "message_type": "n"}, "illegal_wildcard"),
        ("subscribe_topics", {"patterns": ["a.*b"]}, "illegal_wildcard"),
        ("nack", {"message_id": "not-mine"}, "message_not_found"),
        ("ack", {}, "missing_field"),
        ("collect", {"prefetch": 0}, "invalid_value"),
        ("dance", {}, "unknown_type"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_cannot_be_done_has_a_receipt_that_says_why(
    speaker: Make, unique: str, kind: str, data: dict[str, Any], code: str
) -> None:
    agent = speaker(f"p-{unique}")
    agent.collect()

    receipt = agent.ask(kind, "wrong", **data)

    assert receipt["status"] >= 400
    assert receipt["data"]["code"] == code


def test_a_delivery_does_not_count_when_its_reader_s_token_is_over(
    bridged: Any, speaker: Make, unique: str
) -> None:
    name = f"e-{unique}"
    agent = speaker(name, token(name, jti=unique))
    agent.collect()
    agent.say("send", to_agent=name, message_type="note", payload=1)
    first = agent.next("message")["data"]

    with bridged.new_client(authorization=f"Bearer {token('boss', 'admin')}") as boss:
        # The log knows of it only then, and has to be told that it is back.
        while deliveries(boss, first["message_id"]) != ["delivered"]:
            time.sleep(0.05)
        boss.post("/mas/api/v1/security/revocations", json={"token_id": unique}).raise_for_status()
        while deliveries(boss, first["message_id"]) != ["queued"]:
            time.sleep(0.05)
    agent.token = token(name)
    agent.collect()
    again = agent.next("message")["data"]

    assert again["message_id"] == first["message_id"]
    assert "attempt" not in again


def deliveries(boss: Any, message_id: str) -> list[str]:
    """How a message stands at its recipients."""
    answer = boss.get(f"{API}/messages/{message_id}")
    return [each["status"] for each in answer.json().get("deliveries", ())]
