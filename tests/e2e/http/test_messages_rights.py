"""Who may send as whom, and whose messages somebody may take, settle and see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from .conftest import bearer
from .mail import (
    MESSAGES,
    C,
    ack,
    nack,
    of,
    ok,
    send,
    somebody_waits,
    story,
    take,
    until_it_is,
)
from .problems import API, refused

SENT_BY_OTHERS = "sender_not_allowed"
OTHERS_MAIL = "inbox_not_allowed"


class People:
    """Clients with tokens of their own, by name."""

    def __init__(self, secured: Any) -> None:
        def client(name: str, role: str) -> httpx.Client:
            made: httpx.Client = secured.new_client(**bearer(name, role))
            return made

        self.ann, self.bob = client("ann", "agent"), client("bob", "agent")
        self.cleo, self.odd = client("cleo", "client"), client("auth0|cleo b", "client")
        self.otto, self.aude = client("otto", "operator"), client("aude", "auditor")
        self.vera, self.tess = client("vera", "viewer"), client("tess", "treasurer")

    def close(self) -> None:
        for client in vars(self).values():
            client.close()


@pytest.fixture(scope="module")
def people(secured: Any) -> Iterator[People]:
    people = People(secured)
    for name in ("ann", "bob"):
        with_skill = {"skills": {"sums": 1}}
        ok(getattr(people, name).put(f"{API}/agents/{name}", json=with_skill), 201)
    yield people
    people.close()


def test_everybody_sends_as_themselves(people: People) -> None:
    body = {"to_agent": "zoe", "message_type": "note"}

    for name in ("ann", "cleo", "otto"):
        sent = send(getattr(people, name), **body)
        named = send(getattr(people, name), **body, from_agent=name)
        assert (sent["from_agent"], named["from_agent"]) == (name, name)
    for name in ("vera", "aude", "tess"):
        answer = getattr(people, name).post(f"{MESSAGES}/send", json=body)
        refused(answer, 403, "permission_denied")
    refused(people.odd.post(f"{MESSAGES}/send", json=body), 422, "invalid_id")


def test_nobody_but_operators_sends_as_others(people: People) -> None:
    ann, bob, cleo, otto = people.ann, people.bob, people.cleo, people.otto
    body = {"to_agent": "zoe", "message_type": "note"}

    for client, others in ((ann, "bob"), (bob, "ann"), (cleo, "ann"), (people.odd, "cleo")):
        for name in (others, "system"):
            forged = {**body, "from_agent": name}
            refused(client.post(f"{MESSAGES}/send", json=forged), 403, SENT_BY_OTHERS)
            refused(client.post(f"{MESSAGES}/request", json=forged), 403, SENT_BY_OTHERS)
            refused(client.post(f"{C}/routes/explain", json=forged), 403, SENT_BY_OTHERS)
            broadcast = {"message_type": "note", "from_agent": name}
            refused(client.post(f"{C}/broadcast", json=broadcast), 403, SENT_BY_OTHERS)
            if client is people.odd:  # who has no name to send under
                continue
            batch = ok(client.post(f"{MESSAGES}/send-batch", json={"messages": [body, forged]}))
            assert [item["status"] for item in batch["items"]] == [201, 403]
            assert batch["items"][1]["problem"]["code"] == SENT_BY_OTHERS
    assert send(otto, **body, from_agent="system")["from_agent"] == "system"
    assert send(otto, **body, from_agent="bob")["from_agent"] == "bob"


def test_an_inbox_is_for_its_owner(people: People) -> None:
    ann, bob, otto = people.ann, people.bob, people.otto
    for_ann = send(bob, to_agent="ann")["message_id"]
    for_cleo = send(bob, to_agent="cleo")["message_id"]

    for client, owner in ((bob, "ann"), (people.cleo, "ann"), (ann, "cleo")):
        inbox = f"{C}/agents/{owner}/inbox"
        refused(client.get(inbox), 403, OTHERS_MAIL)
        refused(client.get(f"{inbox}/peek"), 403, OTHERS_MAIL)
        refused(client.post(f"{inbox}/ack", json={"message_ids": [for_ann]}), 403, OTHERS_MAIL)
        refused(ack(client, owner, for_ann), 403, OTHERS_MAIL)
        refused(nack(client, owner, for_ann), 403, OTHERS_MAIL)
        refused(client.get(f"{C}/agents/{owner}/messages"), 403, OTHERS_MAIL)
        subscriptions = f"{C}/agents/{owner}/subscriptions"
        refused(client.get(subscriptions), 403, OTHERS_MAIL)
        for method in ("POST", "PUT"):
            answer = client.request(method, subscriptions, json={"patterns": ["a"]})
            refused(answer, 403, OTHERS_MAIL)
        refused(client.delete(subscriptions, params={"pattern": "a"}), 403, OTHERS_MAIL)
        forwarding = client.put(f"{C}/agents/{owner}/forwarding", json={"webhook": True})
        refused(forwarding, 403, OTHERS_MAIL)
    # Somebody else's message, in one's own name.
    refused(ack(bob, "bob", for_ann), 403, "not_a_recipient")

    refused(people.aude.get(f"{C}/agents/ann/inbox"), 403, "permission_denied")
    assert of(ok(people.aude.get(f"{C}/agents/ann/inbox/peek"))["items"]) == [for_ann]
    assert of(take(ann, "ann")) == [for_ann]
    assert of(take(people.cleo, "cleo")) == [for_cleo]
    ok(ack(people.cleo, "cleo", for_cleo))
    ok(ack(otto, "ann", for_ann))


def test_messages_are_seen_by_those_who_sent_or_got_them(people: People) -> None:
    ann, bob, cleo, aude = people.ann, people.bob, people.cleo, people.aude
    ok(ann.post(f"{C}/agents/ann/subscriptions", json={"patterns": ["secret.*"]}))
    named = send(cleo, to_agent="ann")["message_id"]
    spread = send(cleo, topic="secret.plans", payload="the plan")["message_id"]

    for message_id in (named, spread):
        for client in (cleo, ann, aude, people.otto):
            assert story(client, message_id)["message_id"] == message_id
            ok(client.get(f"{MESSAGES}/{message_id}/deliveries"))
        refused(bob.get(f"{MESSAGES}/{message_id}"), 403, OTHERS_MAIL)
        refused(bob.get(f"{MESSAGES}/{message_id}/deliveries"), 403, OTHERS_MAIL)
        refused(people.vera.get(f"{MESSAGES}/{message_id}"), 403, "permission_denied")
    # Also once nothing of it is open any more.
    ok(ann.post(f"{C}/agents/ann/inbox/ack", json={"message_ids": [named, spread]}))
    assert story(ann, spread)["status"] == "acknowledged"

    for query in ({}, {"from_agent": "cleo"}, {"recipient": "ann"}):
        refused(bob.get(MESSAGES, params=query), 403, OTHERS_MAIL)
        ok(aude.get(MESSAGES, params=query))
    mine = ok(cleo.get(MESSAGES, params={"from_agent": "cleo", "recipient": "ann"}))
    assert named in of(mine["items"])
    assert spread in of(ok(ann.get(MESSAGES, params={"recipient": "ann"}))["items"])


def test_dead_letters_are_for_their_recipients_and_operators(people: People) -> None:
    ann, bob, otto = people.ann, people.bob, people.otto
    message_id = send(bob, to_agent="ann")["message_id"]
    ok(nack(ann, "ann", message_id, requeue=False))
    until_it_is(otto, message_id, "dead")
    redrive = f"{MESSAGES}/{message_id}/redrive"

    for query in ({}, {"recipient": "ann"}):
        refused(bob.get(f"{C}/dead-letters", params=query), 403, OTHERS_MAIL)
    for body in ({}, {"agent_id": "ann"}):
        refused(bob.post(redrive, json=body), 403, OTHERS_MAIL)
    refused(ann.post(redrive, json={}), 403, OTHERS_MAIL)
    refused(ann.post(f"{C}/dead-letters/redrive", json={}), 403, "permission_denied")
    mine = ok(ann.get(f"{C}/dead-letters", params={"recipient": "ann"}))
    assert of(mine["items"]) == of(ok(people.aude.get(f"{C}/dead-letters"))["items"])
    assert message_id in of(mine["items"])
    ok(ann.post(redrive, json={"agent_id": "ann"}))
    assert message_id in of(take(ann, "ann"))


def test_rules_are_for_operators_and_routes_for_watchers(people: People) -> None:
    rule = {"match": {"topic": "a"}, "priority": "low"}

    for client in (people.ann, people.cleo, people.aude, people.vera):
        refused(client.put(f"{C}/rules/r", json=rule), 403, "permission_denied")
        refused(client.delete(f"{C}/rules/r"), 403, "permission_denied")
    ok(people.otto.put(f"{C}/rules/r", json=rule))
    for path in ("rules", "rules/r", "routes"):
        for client in (people.otto, people.aude, people.vera):
            ok(client.get(f"{C}/{path}"))
        refused(people.ann.get(f"{C}/{path}"), 403, "permission_denied")
    for client in (people.ann, people.cleo, people.vera, people.tess):
        ok(client.get(f"{C}/topics"))
        ok(client.get(f"{C}/metrics"))
    assert ok(people.vera.get(f"{C}/agents/ann/subscriptions"))["agent_id"] == "ann"
    assert people.otto.delete(f"{C}/rules/r").status_code == 204


def test_whose_token_is_revoked_while_it_waits_gets_nothing(
    secured: Any, acting: Callable[..., httpx.Client], people: People
) -> None:
    admin, gus = acting("adam", "admin"), acting("gus", "agent")

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(gus.get, f"{C}/agents/gus/inbox", params={"wait": 20})
        secured.run(somebody_waits(secured))
        ok(admin.post(f"{API}/security/revocations", json={"subject": "gus"}))
        message_id = send(people.bob, to_agent="gus")["message_id"]
        refused(waiting.result(), 401, "token_revoked")
    (message,) = take(people.otto, "gus")
    assert message["message_id"] == message_id
    assert "attempt" not in message
