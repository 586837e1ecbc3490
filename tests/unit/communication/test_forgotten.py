"""The mailroom knows nobody for longer than there is something to know them by."""

from __future__ import annotations

import pytest

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.mailbox import MailboxForwarded
from aia_mas.domain.communication.mailroom.folding import fold
from aia_mas.domain.communication.mailroom.letter import EAGER
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.orchestration.agent_events import AgentWentOffline

from .mail import EVERYBODY, MANY, NOW, again


@pytest.mark.parametrize("end", ["acknowledge", "bury", "drop", "drop_as_before", "expire"])
def test_an_id_that_mail_was_once_sent_to_is_forgotten(room, end):
    for number in range(100):
        position = room.send(f"m{number}", f"nobody-{number}", ttl=10.0)
        if end == "expire":
            room.expire(f"m{number}", 11.0)
        else:
            getattr(room, end)(position, f"nobody-{number}")
        # Nobody becomes known by what comes too late.
        room.acknowledge(position, f"nobody-{number}")

    assert len(room.room.directory) == 0
    assert len(room.room.directory.recipients) == 1
    assert room.room.held == 0


@pytest.mark.parametrize("restored", [False, True])
def test_ids_that_mail_to_many_was_once_sent_to_are_forgotten_when_it_has_expired(room, restored):
    for number in range(4):
        names = [f"nobody-{number}-{each}" for each in range(3 * EAGER)]
        room.send(f"m{number}", *names, ttl=10.0)
        room.waiting(names[0])
        room.expire(f"m{number}", 11.0)
    mailroom = again(room) if restored else room.room
    # Some of them with every event.
    for number in range(20):
        fold(mailroom, len(room.log) + number + 1, "agent/ann", AgentWentOffline(at=NOW))

    assert len(mailroom.directory) == 0


def test_an_agent_that_left_is_forgotten_when_its_mail_is_gone(room):
    room.register("bob", skills={"python": 1.0})
    room.unregister("bob")
    assert room.room.directory.get("bob") is None

    room.register("cal")
    position = room.send("m1", "cal")
    room.unregister("cal")
    assert room.room.directory.get("cal") is not None
    room.acknowledge(position, "cal")
    assert room.room.directory.get("cal") is None


def test_who_subscribes_is_known_until_it_does_not_any_more(room):
    room.subscribe("bob", "tasks.*")
    assert room.room.directory.get("bob") is not None
    room.unsubscribe("bob", "tasks.*")
    assert room.room.directory.get("bob") is None


def absent(mailroom: Mailroom) -> list[str]:
    directory = mailroom.directory
    return [directory.recipients[number].name for number in directory.absent]


def test_who_subscribed_and_is_no_agent_is_known_by_how_long(room):
    room.subscribe("ann", "a")
    room.register("bob", "cal", "dan")
    for name in ("bob", "cal", "dan"):
        room.subscribe(name, "b.*")
    room.unregister("cal")
    room.happens("mailbox/eve", MailboxForwarded(webhook=True, at=NOW))
    room.unregister("bob")
    assert absent(room.room) == ["ann", "cal", "eve", "bob"]

    # What they do is as if they had come just now; what they do not want any more is none.
    room.subscribe("ann", "c")
    room.unsubscribe("ann", "a")
    room.happens("mailbox/eve", MailboxForwarded(webhook=False, at=NOW))
    assert absent(room.room) == absent(again(room)) == ["cal", "bob", "ann"]

    room.register("cal")
    room.unsubscribe("ann", "c")
    room.unsubscribe("bob", "b.*")
    assert absent(room.room) == absent(again(room)) == []


def test_topics_are_those_that_somebody_gets(room):
    room.register("bob", "cal")
    for name in ("bob", "cal"):
        room.subscribe(name, "a.*")
    room.subscribe("bob", "b")
    room.unregister("bob")
    directory = room.room.directory

    assert list(directory.topics()) == [("a.*", 1 << directory.number("cal"))]
    room.register("bob")
    assert [pattern for pattern, _ in directory.topics("a.*")] == ["b"]
    assert directory.audience(Destination(topic="b")) == 1 << directory.number("bob")


def test_somebody_else_under_a_number_gets_nothing_that_was_for_the_one_before(crowded):
    crowded.send("m1", goes=EVERYBODY, ttl=10.0)
    crowded.expire("m1", 11.0)
    for name in MANY:
        crowded.unregister(name)
    assert len(crowded.room.directory) == 0

    position = crowded.send("m2", *(f"other-{number}" for number in range(EAGER + 1)))
    for number in range(EAGER + 1):
        assert crowded.waiting(f"other-{number}") == [position]
    assert len(crowded.room.directory.recipients) == len(MANY)
    assert again(crowded).directory.get("other-0") is not None
