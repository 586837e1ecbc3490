"""Questions and answers in one call: sent, waited for, acknowledged."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from .mail import (
    MESSAGES,
    agents,
    nack,
    nobody_asks,
    of,
    ok,
    peek,
    send,
    somebody_asks,
    somebody_waits,
    story,
    take,
    until_it_is,
)
from .problems import head, refused


def ask(client: httpx.Client, **question: Any) -> httpx.Response:
    headers = question.pop("headers", {})
    body = {"message_type": "question", "wait": 30, **question}
    return client.post(f"{MESSAGES}/request", json=body, headers=headers)


def reply(client: httpx.Client, question: dict[str, Any], **said: Any) -> dict[str, Any]:
    """Send the answer to a question that was taken from an inbox."""
    return send(
        client,
        from_agent=question["to_agent"],
        to_agent=question["reply_to"],
        correlation_id=question["correlation_id"],
        message_type="answer",
        **said,
    )


def test_a_question_is_answered_in_one_call(node: Any, client: httpx.Client, unique: str) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    before = send(client, to_agent=ann)["message_id"]

    with ThreadPoolExecutor(1) as pool, node.new_client() as other:
        asked = pool.submit(ask, other, from_agent=ann, to_agent=bob, payload="what?")
        (question,) = take(client, bob, wait=20)
        assert (question["reply_to"], question["payload"]) == (ann, "what?")
        assert question["correlation_id"] == question["message_id"]
        sent = reply(client, question, payload=42)
        answer = ok(asked.result())

    assert (answer["message_id"], answer["payload"]) == (sent["message_id"], 42)
    assert (answer["from_agent"], answer["correlation_id"]) == (bob, question["message_id"])
    told = story(client, sent["message_id"])
    assert told["status"] == "acknowledged"
    assert told["deliveries"][0]["transport"] == "reply"
    # What waited before it goes on waiting, and the answer does not come again.
    assert of(peek(client, ann)["items"]) == [before]


def test_an_answer_goes_past_whoever_else_collects(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann, bob = agents(client, unique, "ann", "bob")

    with ThreadPoolExecutor(2) as pool, node.new_client() as one, node.new_client() as other:
        collecting = pool.submit(take, one, ann, wait=20)
        node.run(somebody_waits(node))
        asked = pool.submit(ask, other, from_agent=ann, to_agent=bob)
        (question,) = take(client, bob, wait=20)
        reply(client, question)
        ok(asked.result())
        note = send(client, to_agent=ann)["message_id"]
        assert of(collecting.result()) == [note]


def test_a_question_that_nobody_answers_stays_sent(client: httpx.Client, unique: str) -> None:
    ann, bob = agents(client, unique, "ann", "bob")

    problem = refused(ask(client, from_agent=ann, to_agent=bob, wait=0.05), 504, "reply_timeout")

    (question,) = take(client, bob)
    assert problem["message_id"] == problem["correlation_id"] == question["message_id"]
    # An answer that comes later waits in the inbox like any other message.
    late = reply(client, question)
    assert of(take(client, ann)) == [late["message_id"]]


def test_a_question_asked_again_gets_the_answer_that_came(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    key = {"idempotency-key": unique}
    question = {"from_agent": ann, "to_agent": bob, "headers": key, "wait": 0.05}
    first = ask(client, **question)
    again = ask(client, **question)
    for answer in (first, again):
        refused(answer, 504, "reply_timeout")
    (taken,) = take(client, bob)
    assert first.json()["message_id"] == again.json()["message_id"] == taken["message_id"]

    with ThreadPoolExecutor(1) as pool, node.new_client() as other:
        # The same question word for word: it is the body that a key belongs to.
        waiting = pool.submit(ask, other, **{**question, "wait": 0.05})
        refused(waiting.result(), 504, "reply_timeout")
    sent = reply(client, taken, payload="late")
    before = head(client)
    third, fourth = ask(client, **question), ask(client, **question)

    assert ok(third)["message_id"] == ok(fourth)["message_id"] == sent["message_id"]
    assert third.headers["idempotent-replayed"] == "true"
    assert take(client, bob) == take(client, ann) == []
    assert story(client, sent["message_id"])["status"] == "acknowledged"
    assert head(client) == before


def test_what_is_put_off_or_dead_is_no_answer_to_who_asks_again(
    client: httpx.Client, unique: str
) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    question = {
        "from_agent": ann,
        "to_agent": bob,
        "headers": {"idempotency-key": unique},
        "wait": 0.05,
    }
    refused(ask(client, **question), 504, "reply_timeout")
    (taken,) = take(client, bob)
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    reply(client, taken, payload="later", deliver_after=later)
    dead = reply(client, taken, payload="dead")["message_id"]
    ok(nack(client, ann, dead, requeue=False))
    until_it_is(client, dead, "dead")
    refused(ask(client, **question), 504, "reply_timeout")

    sent = reply(client, taken, payload="now")
    assert ok(ask(client, **question))["message_id"] == sent["message_id"]


def test_a_question_under_its_own_id_is_waited_for_twice(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    question = {"from_agent": ann, "to_agent": bob, "message_id": f"{unique}-q"}

    with ThreadPoolExecutor(2) as pool, node.new_client() as one, node.new_client() as other:
        asked = [pool.submit(ask, client_, **question) for client_ in (one, other)]
        (taken,) = take(client, bob, wait=20)
        node.run(somebody_asks(node))
        sent = reply(client, taken, payload="yes")
        answers = [ok(each.result()) for each in asked]

    assert of(answers) == [sent["message_id"]] * 2
    assert take(client, ann) == take(client, bob) == []


def test_only_an_answer_is_one(node: Any, client: httpx.Client, unique: str) -> None:
    ann, bob, zoe = agents(client, unique, "ann", "bob", "zoe")

    with ThreadPoolExecutor(1) as pool, node.new_client() as other:
        asked = pool.submit(ask, other, from_agent=ann, to_agents=[bob, ann], correlation_id="c")
        (question,) = take(client, bob, wait=20)
        # Of another question, to another one, and the question itself.
        others = send(client, from_agent=bob, to_agent=ann, correlation_id="d")
        send(client, from_agent=bob, to_agent=zoe, correlation_id="c")
        sent = send(client, from_agent=bob, to_agent=ann, correlation_id="c")
        assert ok(asked.result())["message_id"] == sent["message_id"]

    assert of(take(client, ann)) == [question["message_id"], others["message_id"]]


def test_the_answer_to_who_goes_away_waits_for_them(
    node: Any, client: httpx.Client, unique: str
) -> None:
    ann, bob = agents(client, unique, "ann", "bob")
    body = json.dumps({"message_type": "question", "from_agent": ann, "to_agent": bob}).encode()
    url = httpx.URL(node.url)
    with socket.create_connection((url.host, url.port)) as gone:
        lines = (
            f"POST {MESSAGES}/request HTTP/1.1",
            f"host: {url.host}:{url.port}",
            "content-type: application/json",
            f"content-length: {len(body)}",
        )
        gone.sendall("".join(f"{line}\r\n" for line in (*lines, "")).encode() + body)
        node.run(somebody_asks(node))
    node.run(nobody_asks(node))
    (question,) = take(client, bob, wait=20)

    sent = reply(client, question)

    assert of(take(client, ann, wait=20)) == [sent["message_id"]]


def test_nobody_waits_for_a_node_that_stops(start_node: Callable[..., Any], unique: str) -> None:
    node = start_node()
    ann, bob = agents(node.client, unique, "ann", "bob")

    with ThreadPoolExecutor(2) as pool, node.new_client() as one, node.new_client() as other:
        asked = pool.submit(ask, one, from_agent=ann, to_agent=bob)
        (question,) = take(node.client, bob, wait=20)
        assert question["reply_to"] == ann
        collecting = pool.submit(take, other, ann, wait=20)
        node.run(somebody_waits(node))
        node.begin_stop()
        assert collecting.result() == []
        problem = refused(asked.result(), 503, "shutting_down")
        assert problem["retry_after"] >= 1
