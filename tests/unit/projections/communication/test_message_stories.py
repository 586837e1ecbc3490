"""What is told of messages: stories, where they stand, and why it is too late to say something."""

from __future__ import annotations

import msgspec
import pytest

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.errors import (
    AlreadyAcknowledged,
    MessageClosed,
    MessageNotFound,
    NotARecipient,
)
from aia_mas.domain.communication.message_events import (
    MessageDropped,
    MessageExpired,
    Sealed,
)
from aia_mas.domain.kernel import Event
from aia_mas.projections.communication.story import with_waiting

from .mail_events import (
    NOW,
    Post,
    acknowledged,
    at,
    died,
    dropped,
    failed,
    noted,
    redriven,
    returned,
    sent,
    told,
)


async def test_a_story_tells_every_attempt_in_the_order_of_the_log() -> None:
    post = Post()
    post.write(sent("ann"))
    post.write(noted(1, "ann", 1, 2))
    post.write(failed(1, "ann", 1, 2))
    post.write(failed(1, "ann", 1, 3))  # another node saw the same
    post.write(noted(1, "ann", 1, 2))  # late
    waiting = await post.story()
    post.write(acknowledged(1, "ann", 2, 9))
    post.write(failed(1, "ann", 3, 12))  # too late
    story = await post.story()

    (delivery,) = waiting.deliveries
    assert (delivery.status, delivery.attempts, delivery.reason) == ("failed", 1, "refused: no")
    assert (delivery.retry_at, delivery.transport, delivery.deadline) == (at(7), "socket", None)
    assert (waiting.status, waiting.waiting) == ("failed", 1)
    assert told(story) == [
        (1, "sent", None, None, NOW),
        (2, "delivered", "ann", 1, at(2)),
        (3, "failed", "ann", 1, at(3)),
        (6, "retried", "ann", 2, at(9)),
        (6, "acknowledged", "ann", None, at(10)),
    ]
    assert story.history[2].retry_at == at(7)
    assert (story.status, story.waiting, story.counts.acknowledged) == ("acknowledged", 0, 1)
    (delivery,) = story.deliveries
    assert (delivery.acknowledged_at, delivery.ended_at, delivery.reason) == (at(10), None, None)
    assert (delivery.attempts, delivery.transport, delivery.delivered_at) == (2, "poll", at(9))


async def test_a_dead_letter_that_was_queued_again_is_none_any_more() -> None:
    post = Post()
    post.write(sent("ann", "bob"))
    for name in ("ann", "bob"):
        post.write(failed(1, name, 1, 2, retry=False))
        post.write(died(1, name, 1, 4))
    assert [each.recipient for each in (await post.messages.dead_letters()).items] == ["bob", "ann"]
    again = post.write(redriven("ann", 10))
    post.write(acknowledged(1, "ann", 2, 11))  # of the letter that is dead
    queued = await post.story()
    post.write(noted(again, "ann", 1, 12))
    post.write(acknowledged(again, "ann", 1, 12))
    story = await post.story()

    (letter,) = (await post.messages.dead_letters()).items
    assert (letter.recipient, letter.attempts, letter.reason) == ("bob", 1, "refused: no")
    assert (letter.died_at, letter.position, bytes(letter.payload)) == (at(4), 1, b'{"n":1}')
    assert (queued.status, queued.waiting, queued.counts.dead) == ("queued", 1, 1)
    assert queued.deliveries[0].redriven_at == at(10)
    assert (story.status, story.counts.acknowledged, story.counts.dead) == ("dead", 1, 1)
    of_ann = [each[:2] for each in told(story) if each[2] == "ann"]
    assert of_ann == [
        (2, "delivered"),
        (2, "failed"),
        (3, "dead"),
        (6, "redriven"),
        (8, "delivered"),
        (9, "acknowledged"),
    ]
    assert story.history[-3].by == "ops"
    received = (await post.messages.received("ann")).items
    assert [each.delivery.status for each in received] == ["acknowledged"]


async def test_a_message_expires_for_whoever_has_not_ended_with_it() -> None:
    post = Post()
    post.write(sent("ann", "bob", "cid", "dora", expires_at=at(60)))
    post.write(acknowledged(1, "ann", 1, 2))
    post.write(noted(1, "bob", 1, 2))
    post.write(died(1, "cid", 3, 4))
    post.write(redriven("cid", 10, expires_at=at(200)))
    post.write(MessageExpired(at=at(60)))
    story = await post.story()
    stands = {each.recipient: each.status.value for each in story.deliveries}
    post.write(MessageExpired(at=at(200)))
    later = await post.story()
    post.write(acknowledged(1, "bob", 1, 2))  # the first outcome holds
    post.write(died(1, "dora", 3, 70))
    last = await post.story()

    assert stands == {
        "ann": "acknowledged",
        "bob": "expired",
        "cid": "queued",  # again, and for longer
        "dora": "expired",
    }
    assert (story.status, story.counts.expired, story.waiting) == ("queued", 2, 1)
    bob = story.deliveries[1]
    assert (bob.ended_at, bob.deadline, bob.attempts) == (at(60), None, 1)
    assert later.deliveries[2].ended_at == at(200)
    assert (later.status, later.counts.expired) == ("expired", 3)
    assert msgspec.json.encode(last) == msgspec.json.encode(later)
    assert (await post.messages.dead_letters()).items == []
    expiries = [each for each in later.history if each.event == "expired"]
    assert [(each.recipient, each.at) for each in expiries] == [(None, at(60)), ("cid", at(200))]


async def test_a_group_is_delivered_to_until_somebody_knows_that_nobody_waits() -> None:
    post = Post()
    post.write(sent(expires_at=at(60)))
    queued = await post.story()
    post.write(acknowledged(1, "ann", 1, 2))
    delivered = await post.story()
    post.write(died(1, "bob", 3, 4))
    (listed,) = (await post.messages.list()).items

    assert (queued.status, queued.waiting, queued.deliveries) == ("queued", None, [])
    assert with_waiting(queued, 2).waiting == 2
    assert (delivered.status, listed.status) == ("delivered", "delivered")
    assert with_waiting(delivered, 1).status == "delivered"
    assert with_waiting(delivered, 0).status == "acknowledged"
    assert with_waiting(await post.story(), 0).status == "dead"
    post.write(MessageExpired(at=at(60)))
    assert (await post.story()).status == "dead"
    (received,) = (await post.messages.received("bob")).items
    assert (received.topic, received.delivery.status) == ("news", "dead")
    assert (await post.messages.received("cid")).items == []


@pytest.mark.parametrize(
    "event",
    [
        dropped(1, "ann", seconds=3),
        # In older logs each has an event of its own.
        MessageDropped(recipient="ann", position=1, waiting=11, bound=10, at=at(3)),
    ],
    ids=["many", "one"],
)
async def test_what_was_dropped_says_why(event: Event) -> None:
    post = Post()
    post.write(sent("ann"))
    post.write(event)
    post.write(died(1, "ann", 3, 4))
    post.write(acknowledged(1, "ann", 1, 5))

    story = await post.story()
    (delivery,) = story.deliveries
    assert (story.status, delivery.ended_at) == ("dropped", at(3))
    assert delivery.reason == "11 were waiting, at most 10 may"
    assert (await post.messages.dead_letters()).items == []


async def test_what_was_taken_back_waits_again_and_has_lost_no_attempt() -> None:
    post = Post()
    post.write(sent("ann", "bob", expires_at=at(60)))
    post.write(noted(1, "ann", 1, 2))
    post.write(returned(1, "ann", 1, 3))
    post.write(failed(1, "bob", 1, 2))
    post.write(noted(1, "bob", 2, 9))
    post.write(returned(1, "bob", 1, 9))  # that had failed
    before = await post.story()
    post.write(returned(1, "bob", 2, 10))
    back = await post.story()
    post.write(noted(1, "ann", 1, 12))
    again = await post.story()
    post.write(acknowledged(1, "ann", 1, 12))
    post.write(returned(1, "ann", 1, 13))  # too late
    story = await post.story()

    assert [each.status for each in before.deliveries] == ["queued", "delivered"]
    ann, bob = back.deliveries
    assert (ann.status, ann.deadline, ann.retry_at) == ("queued", None, None)
    assert (bob.status, bob.deadline, bob.retry_at) == ("failed", None, at(7))
    assert (bob.reason, back.waiting) == ("refused: no", 2)
    assert (again.deliveries[0].status, again.deliveries[0].deadline) == ("delivered", at(42))
    assert [each.status for each in story.deliveries] == ["acknowledged", "failed"]


async def test_what_was_dropped_at_some_of_a_group_was_delivered_nowhere() -> None:
    post = Post()
    post.write(sent(to=Destination(topic="news.all")))
    post.write(dropped(1, "ann", seconds=3))
    assert (await post.story()).status == "queued"
    post.write(acknowledged(1, "bob", 1, 4))
    assert (await post.story()).status == "delivered"


async def test_only_what_may_still_be_delivered_is_dropped() -> None:
    post = Post()
    post.write(sent("ann", "bob", "cid", "dora"))
    post.write(acknowledged(1, "ann", 1, 2))
    post.write(failed(1, "bob", 1, 2, retry=False))
    post.write(failed(1, "cid", 1, 2))
    post.write(dropped(1, "ann", "bob", "cid", "dora", seconds=3))
    story = await post.story()
    post.write(died(1, "bob", 1, 4))
    later = await post.story()

    stands = [(each.status.value, each.reason) for each in later.deliveries]
    why = "11 were waiting, at most 10 may"
    assert stands == [
        ("acknowledged", None),
        ("dead", "refused: no"),
        ("dropped", why),
        ("dropped", why),
    ]
    assert (story.status, story.counts.failed, story.counts.dropped) == ("failed", 1, 2)


@pytest.mark.parametrize(
    ("happened", "error", "status"),
    [
        ([sent("ann")], None, None),
        ([sent("ann"), noted(1, "ann", 1, 2)], None, None),
        ([sent("bob")], NotARecipient, None),
        ([sent()], NotARecipient, None),
        ([sent("ann"), acknowledged(1, "ann", 1, 2)], AlreadyAcknowledged, None),
        ([sent("ann"), died(1, "ann", 1, 2)], MessageClosed, "dead"),
        ([sent(), dropped(1, "ann", "bob", seconds=2)], MessageClosed, "dropped"),
        ([sent("ann"), died(1, "ann", 1, 2), redriven("ann", 9)], None, None),
        (
            [sent("ann", expires_at=at(9)), MessageExpired(at=at(9))],
            MessageClosed,
            "expired",
        ),
        ([sent(expires_at=at(9)), MessageExpired(at=at(9))], MessageClosed, "expired"),
        ([], MessageNotFound, None),
    ],
)
async def test_it_is_told_why_an_acknowledgement_is_refused(
    happened: list[Event], error: type[Exception] | None, status: str | None
) -> None:
    post = Post()
    for event in happened:
        post.write(event)
    refusal = (await post.messages.state_of("m1", "ann")).refusal

    assert (None if refusal is None else type(refusal)) is error
    assert refusal is None or refusal.facts.get("message_status") == status


async def test_it_is_told_where_a_message_was_sent_where_it_goes_and_why() -> None:
    post = Post()
    to, copy = Destination(capability="sql", any_one=True), Destination(topic="audit.sql")
    secret = Sealed(key_id="k", nonce="n", text="t")
    event = sent(
        "ann", to=to, goes_to=(to, copy), payload=None, sealed=secret, why=("ann is free",)
    )
    post.write(event)
    story = msgspec.json.decode(msgspec.json.encode(await post.story()))

    assert (story["capability"], story["mode"]) == ("sql", "any")
    assert story["goes_to"] == [{"capability": "sql", "mode": "any"}, {"topic": "audit.sql"}]
    assert (story["recipients"], story["why"]) == (["ann"], ["ann is free"])
    assert "topic" not in story
    assert (story["encrypted"], story["payload"]) == (True, None)
    assert await post.messages.sealed("m1") == secret
    assert "waiting" not in story  # of the topic nobody knows
