"""Dead letters over HTTP: listed by why, queued again one by one or many at once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from .mail import MESSAGES, C, ack, agents, nack, of, ok, send, story, take, until_it_is
from .problems import API, refused


def dead(client: httpx.Client, agent_id: str, reason: str = "", **message: Any) -> str:
    """Send a message that its recipient refuses for good; returns its id once it is dead."""
    message_id = str(send(client, to_agent=agent_id, **message)["message_id"])
    ok(nack(client, agent_id, message_id, reason=reason, requeue=False))
    until_it_is(client, message_id, "dead")
    return message_id


def listed(client: httpx.Client, **query: Any) -> Any:
    return ok(client.get(f"{C}/dead-letters", params=query))


def test_dead_letters_are_listed_by_whose_and_why(client: httpx.Client, unique: str) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    bad = dead(client, ann, "no such quarter", message_type=unique, priority="high")
    worse = dead(client, ann, message_type=unique)
    other = dead(client, bob, message_type=unique)
    spent = send(client, to_agent=bob, message_type=unique, max_attempts=2)["message_id"]
    for _ in range(2):
        take(client, bob, wait=20)
        ok(nack(client, bob, spent, reason="again", retry_after_seconds=0))
    until_it_is(client, spent, "dead")

    everything = listed(client, message_type=unique, sort="died_at", total=True)

    assert of(everything["items"]) == [bad, worse, other, spent]
    assert everything["total"] == 4
    first = everything["items"][0]
    assert (first["recipient"], first["attempts"]) == (ann, 1)
    assert first["reason"] == "refused: no such quarter"
    assert everything["items"][3]["attempts"] == 2
    for query, wanted in (
        ({"recipient": ann}, [bad, worse]),
        ({"priority": "high"}, [bad]),
        ({"reason": "refused"}, [bad, worse, other, spent]),
        ({"reason": "refused: no such quarter"}, [bad]),
        ({"reason": "timed_out"}, []),
        ({"until": first["died_at"]}, []),
    ):
        found = listed(client, message_type=unique, sort="died_at", **query)
        assert of(found["items"]) == wanted, query
    page = listed(client, message_type=unique, sort="died_at", limit=3)
    rest = listed(client, message_type=unique, sort="died_at", limit=3, cursor=page["next_cursor"])
    assert of([*page["items"], *rest["items"]]) == [bad, worse, other, spent]


def test_a_dead_message_is_queued_again_with_all_its_attempts(
    client: httpx.Client, unique: str
) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    both = send(client, to_agents=[ann, bob], message_type=unique, payload="once")["message_id"]
    for agent_id in (ann, bob):
        ok(nack(client, agent_id, both, requeue=False))
    until_it_is(client, both, "dead")
    redrive = f"{MESSAGES}/{both}/redrive"

    one = ok(client.post(redrive, json={"agent_id": ann}))

    assert (one["message_id"], one["dead"]) == (both, 1)
    (message,) = take(client, ann, wait=20)
    assert (message["message_id"], message["payload"]) == (both, "once")
    assert "attempt" not in message
    refused(client.post(redrive, json={"agent_id": ann}), 409, "message_not_dead")
    refused(client.post(redrive, json={"agent_id": "a b"}), 422, "invalid_id")
    refused(client.post(f"{MESSAGES}/none/redrive"), 404, "message_not_found")
    assert of(listed(client, message_type=unique)["items"]) == [both]
    key = {"idempotency-key": unique}
    rest, again = (client.post(redrive, headers=key) for _ in range(2))
    assert ok(rest)["dead"] == 0
    assert (again.content, again.headers["idempotent-replayed"]) == (rest.content, "true")
    assert of(take(client, bob, wait=20)) == [both]
    assert listed(client, message_type=unique)["items"] == []
    for agent_id in (ann, bob):
        ok(ack(client, agent_id, both))
    history = [(entry["event"], entry.get("recipient")) for entry in story(client, both)["history"]]
    assert ("redriven", ann) in history
    assert history[-1] == ("acknowledged", bob)


def test_what_nobody_of_many_takes_dies_by_a_few_events(
    node: Any, client: httpx.Client, unique: str
) -> None:
    many = agents(client, unique, *map(str, range(120)), labels={"role": unique})
    sent = str(send(client, role=unique, message_type=unique)["message_id"])
    communication = node.system.communication

    async def refuse() -> None:
        said = [communication.office.refuse(each, sent, "no", requeue=False) for each in many]
        await asyncio.gather(*said)

    node.run(refuse())

    died = until_it_is(client, sent, "dead")
    assert (died["counts"]["dead"], died["waiting"]) == (120, 0)
    stream = ok(client.get(f"{API}/audit/streams/message/{sent}"))["items"]
    events = [each["data"] for each in stream if each["topic"] == "message.died.v2"]
    assert 0 < len(events) <= 3
    items = [item for each in events for item in each["items"]]
    assert sorted(item["recipient"] for item in items) == sorted(many)
    assert {(item["attempts"], item["reason"]) for item in items} == {(1, "refused: no")}
    letters = listed(client, message_type=unique, limit=500)["items"]
    assert sorted(letter["recipient"] for letter in letters) == sorted(many)

    # All of them have it again by one event.
    assert ok(client.post(f"{MESSAGES}/{sent}/redrive"))["dead"] == 0
    (redriven, *_) = ok(client.get(f"{API}/audit/streams/message/{sent}?sort=-version"))["items"]
    assert redriven["topic"] == "message.redriven.v2"
    assert sorted(redriven["data"]["recipients"]) == sorted(many)
    assert of(take(client, many[0], wait=20)) == [sent]


def test_many_are_queued_again_by_a_filter(client: httpx.Client, unique: str) -> None:
    (ann,) = agents(client, unique, "ann")
    letters = [dead(client, ann, message_type=unique) for _ in range(3)]
    order = {"filter": {"message_type": unique}, "reason": "mended"}
    path = f"{C}/dead-letters/redrive"

    foretold = ok(client.post(path, json={**order, "dry_run": True, "limit": 2}))
    assert [item["message_id"] for item in foretold["items"]] == letters[:2]
    assert (foretold["bulk_id"], foretold["redriven"], foretold["more"]) == (None, 0, True)
    assert len(listed(client, message_type=unique)["items"]) == 3

    key = {"idempotency-key": unique}
    done = client.post(path, json={**order, "limit": 2}, headers=key)
    assert [(i["message_id"], i["agent_id"], i["status"]) for i in ok(done)["items"]] == [
        (letters[0], ann, "redriven"),
        (letters[1], ann, "redriven"),
    ]
    assert (ok(done)["redriven"], ok(done)["more"]) == (2, True)
    again = client.post(path, json={**order, "limit": 2}, headers=key)
    assert (again.content, again.headers["idempotent-replayed"]) == (done.content, "true")
    assert of(listed(client, message_type=unique)["items"]) == letters[2:]
    (ordered,) = ok(client.get(f"{API}/audit/streams/bulk/{ok(done)['bulk_id']}"))["items"]
    assert (ordered["data"]["action"], ordered["data"]["count"]) == ("redrive", 2)

    rest = ok(client.post(path, json=order))
    assert (rest["redriven"], rest["refused"], rest["more"]) == (1, 0, False)
    assert of(take(client, ann, wait=20)) == letters
    nothing = ok(client.post(path, json=order))
    assert (nothing["items"], nothing["redriven"]) == ([], 0)


@pytest.mark.parametrize(
    ("order", "code", "field"),
    [
        ({"limit": 0}, "invalid_value", "limit"),
        ({"limit": 1_001}, "invalid_value", "limit"),
        ({"filter": {"priority": []}}, "invalid_value", "filter.priority"),
        ({"filter": {"priority": ["urgent"]}}, "invalid_value", "filter.priority.0"),
        ({"filter": {"since": "9999-12-31T23:59:59-23:00"}}, "invalid_value", "filter.since"),
        ({"filter": {"status": "dead"}}, "unknown_field", "filter.status"),
        ({"reason": "x" * 10_001}, "invalid_text", "reason"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    client: httpx.Client, order: dict[str, Any], code: str, field: str
) -> None:
    answer = client.post(f"{C}/dead-letters/redrive", json={"dry_run": False, **order})

    assert refused(answer, 422, code)["errors"][0]["field"] == field
