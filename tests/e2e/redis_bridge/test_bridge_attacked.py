"""What one agent says over Redis, however often and however odd, gives it nothing of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from redis import Redis

from .conftest import Speaker, token

API = "/mas/api/v1/communication"

Make = Callable[..., Speaker]


def test_what_a_subject_may_do_is_what_this_token_says_and_not_an_earlier_one(
    speaker: Make, unique: str
) -> None:
    name = f"demoted-{unique}"
    operator = speaker(name, token(name, "operator"))
    operator.collect()
    letter = {"to_agent": name, "message_type": "n", "from_agent": "system"}
    assert operator.ask("send", "before", **letter)["status"] == 200

    operator.token = token(name, "agent")
    refused = operator.ask("send", "after", **letter)

    assert (refused["status"], refused["data"]["code"]) == (403, "sender_not_allowed")


@pytest.mark.parametrize(
    "frame",
    [
        b'{"type":"send","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"type":"collect","token":"\xff"}',
        b'{"type":"collect","agent_id":"\xed\xa0\x80"}',
        b'{"type":"collect","agent_id":"\\udfff"}',
        b"\xff\xfe",
        b"",
    ],
    ids=["nested", "no UTF-8", "surrogate", "escaped surrogate", "UTF-16", "empty"],
)
def test_what_cannot_be_read_keeps_nobody_from_being_served(
    redis: Redis, speaker: Make, unique: str, frame: bytes
) -> None:
    agent = speaker(f"d-{unique}")
    agent.collect()
    agent.listen("mas:refused")

    redis.publish("mas:send", frame)

    assert agent.next("refused")["code"] == "invalid_message"
    # It is still being served: nobody had to say so again.
    agent.say("send", to_agent=agent.name, message_type="n", payload="served")
    assert agent.next("message")["data"]["payload"] == "served"


def test_data_that_cannot_be_read_has_a_receipt_and_harms_nobody(
    redis: Redis, speaker: Make, unique: str
) -> None:
    agent = speaker(f"u-{unique}")
    agent.collect()
    for kind in ("collect", "send", "ack", "subscribe_topics"):
        head = json.dumps({"token": agent.token, "type": kind, "id": kind})[:-1].encode()
        redis.publish("mas:send", head + b',"data":{"more":"\xff"}}')

        assert agent.next("receipt", id=kind)["status"] in {400, 422}
    agent.say("send", to_agent=agent.name, message_type="n", payload="served")
    assert agent.next("message")["data"]["payload"] == "served"


def test_who_says_collect_many_times_at_once_collects_once_and_leaves_once(
    redis: Redis, bridged: Any, speaker: Make, unique: str
) -> None:
    agent, writer = speaker(f"m-{unique}"), speaker(f"w-{unique}")
    agent.collect()
    with redis.pipeline(transaction=False) as pipeline:
        for number in range(10):
            body = {"token": agent.token, "type": "collect", "id": f"c{number}"}
            _ = pipeline.publish("mas:send", json.dumps(body))
        pipeline.execute()
    agent.next("receipt", id="c9")

    agent.ask("leave")
    writer.ask("send", to_agent=agent.name, message_type="n", payload=1)

    with bridged.new_client(authorization=f"Bearer {agent.token}") as client:
        inbox = client.get(f"{API}/agents/{agent.name}/inbox").json()
    assert [each["payload"] for each in inbox["items"]] == [1]
