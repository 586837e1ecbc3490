"""A flood of frames that come to nothing costs little, and keeps nobody from being served."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog
from redis import Redis

from .conftest import KEY, Speaker, token

API = "/mas/api/v1/communication"
EACH = 2_000
"""Frames of each kind."""

Make = Callable[..., Speaker]


class Lines:
    """Counts what is logged, whatever this process does with its log otherwise."""

    def __init__(self) -> None:
        self.count = 0
        self.codes: set[str] = set()

    def warning(self, _event: str, *, code: str, **_fields: Any) -> None:
        self.count += 1
        self.codes.add(code)


def flood(redis: Redis, subject: str, prefix: str) -> Counter[str]:
    """Publish frames that come to nothing; return how many of each code."""
    forged, own = token(subject, key=KEY[::-1] + "x"), token(subject)
    frames = {
        "invalid_token": {"token": forged, "type": "collect", "id": prefix},
        "inbox_not_allowed": {"token": own, "type": "collect", "agent_id": "somebody"},
        "unknown_type": {"token": own, "type": "dance", "id": prefix},
        "unauthenticated": {"type": "collect", "id": prefix},
    }
    bodies = {code: json.dumps(frame).encode() for code, frame in frames.items()}
    bodies["invalid_message"] = b"no JSON at all"
    pipeline = redis.pipeline(transaction=False)
    for number in range(EACH):
        for body in bodies.values():
            _ = pipeline.publish("mas:send", body)
        if number % 500 == 499:
            pipeline.execute()
    return Counter(dict.fromkeys(bodies, EACH))


def figures(bridged: Any) -> dict[str, Any]:
    """Return what the node tells of its bridge."""
    with bridged.new_client(authorization=f"Bearer {token('boss', 'admin')}") as client:
        told: dict[str, Any] = client.get(f"{API}/metrics").json()["redis"]
        text = client.get("/metrics").text
    for code, count in told["refused"].items():
        assert f'aia_mas_redis_frames_refused_total{{code="{code}"}} {float(count)}' in text
    assert f"aia_mas_redis_frames_unanswered_total {float(told['unanswered'])}" in text
    return told


def test_a_flood_is_counted_and_those_who_are_honest_are_served(
    redis: Redis,
    bridged: Any,
    speaker: Make,
    unique: str,
) -> None:
    honest, watcher = speaker(f"h-{unique}"), speaker(f"w-{unique}")
    honest.collect()
    watcher.listen("mas:refused")
    before = figures(bridged)

    with structlog.testing.capture_logs() as lines:
        sent = flood(redis, f"f-{unique}", unique)
        # It collects all the time, and what it says is heard behind the flood.
        receipt = honest.ask("send", to_agent=honest.name, message_type="n", payload="honest")
        message = honest.next("message")["data"]
        done = honest.ask("ack", message_ids=[message["message_id"]])

    assert (receipt["status"], done["data"]["acknowledged"]) == (200, 1)
    assert (message["payload"], message.get("attempt", 1)) == ("honest", 1)
    after = figures(bridged)
    refused = Counter(after["refused"]) - Counter(before["refused"])
    assert refused == sent
    unanswered = after["unanswered"] - before["unanswered"]
    assert after["frames"] - before["frames"] >= sum(sent.values())
    assert sum(sent.values()) > unanswered > sum(sent.values()) / 2
    told = Counter(refusals(redis, watcher, unique))
    assert 0 < sum(told.values()) <= sum(sent.values()) - unanswered
    # A line when each kind begins, and one in ten seconds after that.
    told_in_log = [line["code"] for line in lines if line["event"] == "redis_frames_refused"]
    assert set(told_in_log) == set(sent)
    assert len(told_in_log) <= len(sent) + EACH // 100


def refusals(redis: Redis, agent: Speaker, unique: str) -> list[str]:
    """Return the codes that somebody has heard until now."""
    redis.publish("mas:refused", json.dumps({"type": "end", "id": unique}))
    agent.next("end", id=unique)
    return [told["code"] for told in agent._heard if told["type"] == "refused"]


def test_what_is_too_large_is_thrown_away_unread(
    redis: Redis, bridged: Any, speaker: Make, unique: str
) -> None:
    agent = speaker(f"l-{unique}")
    agent.collect()
    agent.listen("mas:refused")
    longest = bridged.system.settings.max_body_bytes
    body = {"token": agent.token, "type": "send", "id": unique, "data": {"payload": "x" * longest}}

    redis.publish("mas:send", json.dumps(body))

    assert agent.next("refused")["code"] == "body_too_large"
    assert agent.ask("ack", message_ids=["none"])["status"] == 200


def test_a_listener_that_is_cut_off_listens_again_and_nobody_has_to_collect_anew(
    redis: Redis, bridged: Any, speaker: Make, unique: str
) -> None:
    """Redis cuts off who does not take what it has to say, as in a flood."""
    agent = speaker(f"c-{unique}")
    agent.collect()
    own = redis.client_id()
    listeners = [
        each
        for each in redis.client_list(_type="pubsub")
        if each["sub"] == "1" and each["name"] == "aia_mas_bridge"
    ]
    assert len(listeners) == 1
    assert int(listeners[0]["id"]) != own

    redis.client_kill_filter(_id=listeners[0]["id"])

    assert agent.insist("send", to_agent=agent.name, message_type="n", payload=1)["status"] == 200
    assert agent.next("message")["data"]["payload"] == 1
