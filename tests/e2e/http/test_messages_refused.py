"""Bad input about messages: every mistake has its code, its field, and changes nothing."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from .mail import MESSAGES, C, ok, send, take
from .problems import head, refused

TO = {"to_agent": "nobody-yet"}
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({}, "invalid_destination", "to_agent"),
    ({**TO, "topic": "a"}, "invalid_destination", "topic"),
    ({**TO, "broadcast": True}, "invalid_destination", "broadcast"),
    ({**TO, "mode": "any"}, "invalid_destination", "mode"),
    ({"to_agents": []}, "invalid_destination", "to_agents"),
    ({"to_agents": [f"a{n}" for n in range(257)]}, "invalid_destination", "to_agents"),
    ({"to_agents": ["a", "b c"]}, "invalid_id", "to_agents.1"),
    ({"to_agent": "x" * 129}, "id_too_long", "to_agent"),
    ({"to_agent": "system"}, "reserved_id", "to_agent"),
    ({"topic": "tasks.*"}, "illegal_wildcard", "topic"),
    ({"topic": "tasks..x"}, "invalid_topic", "topic"),
    ({"topic": ".".join("x" * 17)}, "invalid_topic", "topic"),
    ({"topic": "x" * 256}, "invalid_topic", "topic"),
    ({"capability": ""}, "invalid_text", "capability"),
    ({"role": "x" * 129}, "invalid_text", "role"),
    ({**TO, "message_type": ""}, "invalid_text", "message_type"),
    ({**TO, "message_id": "a/b"}, "invalid_id", "message_id"),
    ({**TO, "message_id": ".."}, "invalid_id", "message_id"),
    ({**TO, "from_agent": "a b"}, "invalid_id", "from_agent"),
    ({**TO, "payload": "x" * 65_536}, "message_payload_too_large", "payload"),
    ({**TO, "headers": {"x": "y" * 1_025}}, "invalid_text", "headers.x"),
    ({**TO, "headers": {"": "y"}}, "invalid_text", "headers"),
    ({**TO, "headers": {str(n): "" for n in range(33)}}, "invalid_value", "headers"),
    ({**TO, "correlation_id": ""}, "invalid_text", "correlation_id"),
    ({**TO, "reply_to": "a b"}, "invalid_id", "reply_to"),
    ({**TO, "ttl": 0}, "message_already_expired", "ttl"),
    ({**TO, "ttl": -1.5}, "message_already_expired", "ttl"),
    ({**TO, "ttl": 40_000_000}, "invalid_value", "ttl"),
    ({**TO, "ack_seconds": 0.5}, "invalid_value", "ack_seconds"),
    ({**TO, "max_attempts": 101}, "invalid_value", "max_attempts"),
    ({**TO, "deliver_after": "9999-12-31T23:59:59-23:00"}, "invalid_value", "deliver_after"),
    ({**TO, "deliver_after": "tomorrow"}, "invalid_type", "deliver_after"),
    ({**TO, "priority": "urgent"}, "invalid_value", "priority"),
    ({**TO, "payload": {"a": float("inf")}}, "invalid_number", "payload.a"),
    ({**TO, "to": "x"}, "unknown_field", "to"),
]


@pytest.mark.parametrize(("wrong", "code", "field"), WRONG)
def test_a_message_with_a_mistake_is_not_sent(
    client: httpx.Client, wrong: dict[str, Any], code: str, field: str
) -> None:
    before = head(client)
    body = {"message_type": "note", **wrong}
    raw = json.dumps(body).encode()  # what httpx refuses to send, too

    for path in ("messages/send", "messages/request", "routes/explain"):
        answer = client.post(
            f"{C}/{path}", content=raw, headers={"content-type": "application/json"}
        )
        problem = refused(answer, 422, code)
        assert problem["errors"][0]["field"] == field
    assert head(client) == before


def test_all_mistakes_are_told_at_once(client: httpx.Client) -> None:
    body = {
        "topic": "a.>",
        "message_type": "",
        "message_id": "a b",
        "headers": {"x.y": "z" * 2_000},
        "ttl": 0,
        "ack_seconds": 0,
        "deliver_after": "9999-12-31T23:59:59-23:00",
    }

    problem = refused(client.post(f"{MESSAGES}/send", json=body), 422, "invalid_id")

    assert {error["field"]: error["code"] for error in problem["errors"]} == {
        "message_id": "invalid_id",
        "topic": "illegal_wildcard",
        "deliver_after": "invalid_value",
        "message_type": "invalid_text",
        "headers.x\\.y": "invalid_text",
        "ttl": "message_already_expired",
        "ack_seconds": "invalid_value",
    }


def test_a_group_of_nobody_gets_nothing(client: httpx.Client, unique: str) -> None:
    before = head(client)

    for to in ({"capability": unique}, {"capability": unique, "mode": "any"}, {"role": unique}):
        body = {**to, "message_type": "note"}
        refused(client.post(f"{MESSAGES}/send", json=body), 409, "empty_group")
    assert head(client) == before
    sent = send(client, topic=unique)  # a topic may have nobody who listens
    assert sent["why"] == [f"topic {unique}: 0 now"]


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({"agent_id": "a b"}, "invalid_id", "agent_id"),
        ({}, "missing_field", "agent_id"),
        ({"agent_id": "a", "reason": "x" * 1_001}, "invalid_text", "reason"),
        ({"agent_id": "a", "attempt": 0}, "invalid_value", "attempt"),
        ({"agent_id": "a", "retry_after_seconds": -1}, "invalid_value", "retry_after_seconds"),
        (
            {"agent_id": "a", "retry_after_seconds": 1, "requeue": False},
            "invalid_value",
            "retry_after_seconds",
        ),
        ({"agent_id": "a", "requeue": 1}, "invalid_type", "requeue"),
    ],
)
def test_a_refusal_with_a_mistake_changes_nothing(
    client: httpx.Client, said: dict[str, Any], code: str, field: str
) -> None:
    before = head(client)

    problem = refused(client.post(f"{MESSAGES}/x/nack", json=said), 422, code)

    assert problem["errors"][0]["field"] == field
    assert head(client) == before


def test_lists_of_acknowledgements_are_bounded(client: httpx.Client, unique: str) -> None:
    path = f"{C}/agents/{unique}/inbox/ack"

    for ids, code, field in (
        ([], "invalid_value", "message_ids"),
        (["x"] * 1_001, "invalid_value", "message_ids"),
        (["x", "a/b"], "invalid_id", "message_ids.1"),
    ):
        problem = refused(client.post(path, json={"message_ids": ids}), 422, code)
        assert problem["errors"][0]["field"] == field
    for messages in ([], [{}] * 1_001):
        answer = client.post(f"{MESSAGES}/send-batch", json={"messages": messages})
        refused(answer, 422, "invalid_batch_size")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"match": {}, "priority": "high"}, "invalid_rule", "match"),
        ({"match": {"topic": "a"}}, "invalid_rule", "to"),
        ({"match": {"topic": "a"}, "to": {}}, "invalid_destination", "to.to_agent"),
        ({"match": {"topic": "a"}, "to": {"topic": "a.*"}}, "illegal_wildcard", "to.topic"),
        (
            {"match": {"topic": "a"}, "copy_to": {"to_agents": ["a", ""]}},
            "invalid_id",
            "copy_to.to_agents.1",
        ),
        ({"match": {"topic": "a.>.b"}, "last": True}, "illegal_wildcard", "match.topic"),
        ({"match": {"message_type": ""}, "last": True}, "invalid_text", "match.message_type"),
        (
            {"match": {"headers": {"a": "b" * 2_000}}, "last": True},
            "invalid_text",
            "match.headers.a",
        ),
        ({"match": {"topic": "a"}, "last": True, "order": -1}, "invalid_rule", "order"),
        (
            {"match": {"topic": "a"}, "last": True, "description": "x" * 1_001},
            "invalid_text",
            "description",
        ),
        ({"match": {"subject": "a"}, "last": True}, "unknown_field", "match.subject"),
        ({"priority": "high"}, "missing_field", "match"),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused(
    client: httpx.Client, body: dict[str, Any], code: str, field: str
) -> None:
    before = head(client)

    problem = refused(client.put(f"{C}/rules/r", json=body), 422, code)

    assert problem["errors"][0]["field"] == field
    assert head(client) == before
    refused(client.get(f"{C}/rules/r"), 404, "rule_not_found")
    refused(client.delete(f"{C}/rules/r"), 404, "rule_not_found")


def test_subscriptions_that_are_none_are_refused(client: httpx.Client, unique: str) -> None:
    path, before = f"{C}/agents/{unique}/subscriptions", head(client)

    for method in ("POST", "PUT"):
        for patterns, code, field in (
            (["a", "b*"], "illegal_wildcard", "patterns.1"),
            (["a.>.b"], "illegal_wildcard", "patterns.0"),
            (["a b"], "invalid_topic", "patterns.0"),
            ([""], "invalid_topic", "patterns.0"),
        ):
            answer = client.request(method, path, json={"patterns": patterns})
            assert refused(answer, 422, code)["errors"][0]["field"] == field
        many = {"patterns": [f"t{n}" for n in range(257)]}
        refused(client.request(method, path, json=many), 409, "too_many_subscriptions")
    refused(client.delete(path), 400, "invalid_parameter")
    refused(client.delete(path, params={"pattern": "a*"}), 400, "invalid_parameter")
    refused(client.get(f"{C}/agents/a%20b/subscriptions"), 422, "invalid_id")
    assert head(client) == before
    assert ok(client.get(path))["patterns"] == []


def test_queries_that_make_no_sense_are_refused(client: httpx.Client, unique: str) -> None:
    for path, query in (
        (f"agents/{unique}/inbox", {"wait": 4_000}),
        (f"agents/{unique}/inbox", {"limit": 0}),
        (f"agents/{unique}/inbox/peek", {"min_position": "x"}),
        ("messages", {"status": "lost"}),
        ("messages", {"since": "2026-01-01T00:00:00"}),
        ("messages", {"sort": "payload"}),
        ("dead-letters", {"priority": "urgent"}),
        ("topics", {"topic": "a.*"}),
        ("routes", {"kind": "agent"}),
    ):
        refused(client.get(f"{C}/{path}", params=query), 400, "invalid_parameter")
    for path in (f"agents/{unique}/inbox/peek", "messages", "topics", "routes", "dead-letters"):
        refused(client.get(f"{C}/{path}", params={"cursor": "x"}), 400, "invalid_cursor")
    for path in ("messages/none", "messages/none/deliveries"):
        refused(client.get(f"{C}/{path}"), 404, "message_not_found")


def test_a_full_inbox_takes_no_more(client: httpx.Client, unique: str) -> None:
    # Of somebody who is not registered a hundred are held.
    message = {"to_agent": unique, "message_type": "note"}
    batch = {"messages": [message] * 101}

    said = ok(client.post(f"{MESSAGES}/send-batch", json=batch))

    assert (said["accepted"], said["refused"]) == (100, 1)
    problem = said["items"][-1]["problem"]
    assert (problem["code"], problem["status"], problem["waiting"]) == ("inbox_full", 429, 100)
    answer = client.post(f"{MESSAGES}/send", json=message)
    assert refused(answer, 429, "inbox_full")["retry_after"] >= 1
    assert int(answer.headers["retry-after"]) >= 1
    assert len(take(client, unique)) == 100
