"""The mailroom: what each event changes, and that nobody can tell when it looked."""

from __future__ import annotations

import pytest

from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.orchestration.task_specification import Priority

from .mail import EVERYBODY, MANY, again

NORMAL = Priority.NORMAL.rank


# ------------------------------------------------------------------------------ one by one


def test_it_waits_for_each_recipient_until_it_arrives(room):
    position = room.send("m1", "bob", "cal")

    room.acknowledge(position, "bob", 1.0)
    assert room.waiting("bob") == []
    assert room.waiting("cal") == [position]
    assert room.room.figures[NORMAL].queued == 1

    room.acknowledge(position, "cal", 2.0)
    assert room.room.letters == {}
    figures = room.room.figures[NORMAL]
    assert (figures.sent, figures.queued, figures.acknowledged) == (1, 0, 2)


def test_a_message_to_nobody_waits_for_nobody(room):
    room.send("m1", goes=Destination(topic="tasks"))

    assert room.room.letters == {}
    assert room.room.figures[NORMAL].sent == 1


def test_what_arrived_arrives_no_second_time(room):
    position = room.send("m1", "bob")
    for _ in range(2):
        room.acknowledge(position, "bob", 1.0)

    assert room.room.figures[NORMAL].acknowledged == 1


def test_the_first_outcome_holds(room):
    """A letter without a further attempt is as good as buried: an acknowledgement is too late."""
    position = room.send("m1", "bob")
    room.fail(position, "bob")
    assert room.spent == {(position, "bob")}

    room.acknowledge(position, "bob", 1.0)
    room.fail(position, "bob", attempt=2, retry=5.0)
    room.note(position, "bob", 1.0, attempt=2)
    assert room.room.figures[NORMAL].acknowledged == 0
    assert room.spent == {(position, "bob")}

    room.bury(position, "bob")
    room.drop(position, "bob")
    figures = room.room.figures[NORMAL]
    assert (figures.dead, figures.dropped, figures.queued) == (1, 0, 0)
    assert room.room.inboxes.spent == {}


def test_a_message_dies_for_many_by_one_event(room):
    position = room.send("m1", "bob", "cal", "dan")
    for name in ("bob", "cal"):
        room.fail(position, name)
    assert room.spent == {(position, "bob"), (position, "cal")}

    room.bury(position, "bob", "cal", "nobody")
    room.bury(position, "bob")

    figures = room.room.figures[NORMAL]
    assert (figures.dead, figures.queued, room.spent) == (2, 1, set())
    assert [room.waiting(name) for name in ("bob", "cal", "dan")] == [[], [], [position]]


def test_many_make_room_by_one_event(room):
    first, second = room.send("m1", "bob", "cal"), room.send("m2", "bob")
    room.drop(first, "bob", "cal", "nobody")
    room.drop(first, "bob")

    figures = room.room.figures[NORMAL]
    assert (figures.dropped, figures.queued) == (2, 1)
    assert (room.waiting("bob"), room.waiting("cal")) == ([second], [])


def test_what_has_no_further_attempt_is_dead_and_not_dropped(room):
    """In older logs it was, since the one who drops and the one who buries agreed before."""
    first, second = room.send("m1", "bob"), room.send("m2", "bob")
    for position in (first, second):
        room.fail(position, "bob")
    room.drop(first, "bob")
    room.drop_as_before(second, "bob")

    assert (room.waiting("bob"), room.room.figures[NORMAL].dropped) == ([first], 1)
    assert room.spent == {(first, "bob")}


def test_a_note_of_an_attempt_that_failed_meanwhile_changes_nothing(room):
    position = room.send("m1", "bob")
    room.fail(position, "bob", attempt=1, retry=1.0)
    room.note(position, "bob", 0.5, attempt=1)

    known = room.room.delivery(position, room.room.directory.number("bob"))
    assert known is not None
    assert (known.failures, known.deadline) == (1, 0.0)
    assert len(room.room.inboxes.out) == 0


def test_an_attempt_fails_once(room):
    position = room.send("m1", "bob")
    room.fail(position, "bob", attempt=1, retry=1.0)
    room.fail(position, "bob", attempt=1, retry=9.0)

    assert room.room.figures[NORMAL].failed == 1


def test_it_expires_for_whoever_has_not_got_it(room):
    position = room.send("m1", "bob", "cal", ttl=10.0)
    room.acknowledge(position, "bob", 1.0)
    room.expire("m1", 11.0)

    figures = room.room.figures[NORMAL]
    assert (figures.acknowledged, figures.expired, figures.queued) == (1, 1, 0)
    assert room.waiting("cal") == []
    assert len(room.room.expiring) == 0


def test_what_was_queued_again_does_not_expire_with_the_others(room):
    position = room.send("m1", "bob", "cal", ttl=10.0)
    room.bury(position, "bob")
    again = room.redrive("m1", position, "bob", seconds=5.0)
    room.expire("m1", 11.0)

    assert room.waiting("bob") == [again]
    assert room.waiting("cal") == []


def test_what_died_for_many_is_queued_again_for_all_by_one_event(crowded):
    position = crowded.send("m1", goes=EVERYBODY)
    for name in MANY:
        crowded.fail(position, name)
    crowded.bury(position, *MANY)
    assert crowded.room.letters == {}

    redriven = crowded.redrive("m1", position, *MANY, seconds=5.0)

    assert {crowded.room.waiting(name) for name in MANY} == {1}
    assert crowded.waiting(MANY[0]) == [redriven]
    assert again(crowded).letters.keys() == {redriven}
    for name in MANY:
        crowded.acknowledge(redriven, name)
    figures = crowded.room.figures[NORMAL]
    assert (figures.dead, figures.acknowledged, figures.queued) == (len(MANY), len(MANY), 0)
    assert crowded.room.letters == {}


# ------------------------------------------------------------------------------------ groups


def test_a_group_is_who_belongs_to_it_when_the_message_stands_in_the_log(room):
    room.register("bob", "cal", labels={"role": "reviewer"}, skills={"python": 1.0})
    room.subscribe("cal", "tasks.*")
    first = room.send("m1", goes=Destination(role="reviewer"))
    second = room.send("m2", goes=Destination(capability="python"))
    third = room.send("m3", goes=Destination(topic="tasks.created"))
    room.register("dan", labels={"role": "reviewer"})

    assert room.waiting("bob") == [first, second]
    assert room.waiting("cal") == [first, second, third]
    assert room.waiting("dan") == []


def test_nobody_gets_what_they_sent_to_a_group_themselves(room):
    room.register("ann", "bob")
    room.send("m1", goes=EVERYBODY, from_agent="ann")
    room.send("m2", "ann", from_agent="ann")

    assert len(room.waiting("bob")) == 1
    assert room.waiting("ann") == [len(room.log)]


def test_who_left_gets_nothing_for_topics_until_it_is_back(room):
    room.register("bob")
    room.subscribe("bob", "tasks.*")
    room.subscribe("never-registered", "tasks.*")
    room.unregister("bob")
    room.send("m1", goes=Destination(topic="tasks.created"))
    assert room.waiting("bob") == []
    assert len(room.waiting("never-registered")) == 1

    room.register("bob")
    room.send("m2", goes=Destination(topic="tasks.created"))
    assert len(room.waiting("bob")) == 1


# ----------------------------------------------------------------------------- letters to many


def test_a_letter_to_many_is_in_nobodys_inbox_before_somebody_looks(crowded):
    position = crowded.send("m1", goes=EVERYBODY)
    assert crowded.room.inboxes.all() == []
    assert crowded.room.figures[NORMAL].queued == len(MANY)

    assert crowded.waiting(MANY[0]) == [position]
    assert len(crowded.room.inboxes.all()) == 1


def test_it_stands_in_the_order_of_the_log(crowded):
    crowded.send("m1", goes=EVERYBODY)
    crowded.send("m2", MANY[0])
    crowded.send("m3", goes=EVERYBODY)
    crowded.send("m4", MANY[0])

    last = len(crowded.log)
    assert crowded.waiting(MANY[0]) == [last - 3, last - 2, last - 1, last]


@pytest.mark.parametrize("looked", [False, True])
def test_it_arrives_whether_or_not_somebody_looked(crowded, looked):
    position = crowded.send("m1", goes=EVERYBODY)
    for name in MANY:
        if looked:
            assert crowded.waiting(name) == [position]
        crowded.acknowledge(position, name, 1.0)
        assert crowded.waiting(name) == []

    assert crowded.room.letters == {}
    assert crowded.room.figures[NORMAL].acknowledged == len(MANY)
    assert not crowded.room.inboxes.has_spread


def test_it_expires_at_once_and_is_cleared_away_bit_by_bit(crowded):
    position = crowded.send("m1", goes=EVERYBODY, ttl=10.0)
    later = crowded.send("m2", goes=EVERYBODY)
    for name in MANY[:40]:
        crowded.waiting(name)
    crowded.expire("m1", 11.0)

    assert crowded.room.figures[NORMAL].expired == len(MANY)
    assert crowded.room.figures[NORMAL].queued == len(MANY)
    assert not crowded.room.is_open(position, 0)
    for name in MANY:
        assert crowded.waiting(name) == [later]
    for name in MANY:
        crowded.online(name)
    assert crowded.room.inboxes._over == []


def test_what_expired_does_not_come_back_out_of_a_snapshot(crowded):
    crowded.send("m1", goes=EVERYBODY, ttl=10.0)
    for name in MANY:
        crowded.waiting(name)
    crowded.expire("m1", 11.0)

    restored = again(crowded)
    assert restored.inboxes.all() == []
    assert restored.letters == {}


# ------------------------------------------------------------------------- whoever is not there


def test_what_waits_for_ids_that_are_not_registered_is_counted(room):
    room.send("m1", "bob", "cal")
    room.register("bob")
    assert room.room.held == 1
    room.unregister("bob")
    assert room.room.held == 2
    room.acknowledge(1, "cal")
    room.bury(1, "bob")
    assert room.room.held == 0


def test_letters_to_many_count_whether_or_not_somebody_looked(crowded):
    crowded.send("m1", goes=EVERYBODY, ttl=10.0)
    crowded.unregister(MANY[0])
    crowded.unregister(MANY[1])
    assert crowded.room.held == 2
    assert again(crowded).held == 2

    crowded.register(MANY[0])
    assert crowded.room.held == 1
    crowded.expire("m1", 11.0)
    assert crowded.room.held == 0


def test_what_waited_when_it_came_online_is_its_backlog_as_far_as_it_still_waits(room):
    room.register("bob")
    room.offline("bob")
    first = room.send("m1", "bob")
    room.send("m2", "bob", ttl=10.0)
    room.online("bob")
    bob = room.room.directory.get("bob")
    assert bob.backlog == 2

    room.send("m3", "bob")
    room.send("m4", "bob")
    assert bob.backlog == 2
    room.acknowledge(first, "bob")
    room.expire("m2", 11.0)
    assert bob.backlog == 2
    room.acknowledge(len(room.log) - 3, "bob")
    assert bob.backlog == 1
