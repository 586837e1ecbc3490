"""What is out of a tray: as much as there is room for, told of, and kept by another mailroom."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque

import pytest

from aia_mas.application.communication.collecting import CRITICAL as BESIDE
from aia_mas.domain.communication.destination import Destination
from aia_mas.domain.communication.mailbox import TopicsSubscribed
from aia_mas.domain.communication.mailroom.inboxes import Inbox
from aia_mas.domain.communication.mailroom.letter import EAGER
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.message_events import MessageExpired
from aia_mas.domain.communication.sending import SendMessage
from aia_mas.domain.communication.terms import MessageTerms

from .desk import CRITICAL, LOW, first_out, take
from .mail import EVERYBODY, NOW, Room, at, sent
from .stations import Post

# ------------------------------------------------------------------------------------- windows


def test_a_window_is_filled_and_emptied(desk):
    positions = [desk.room.send(f"m{number}", "bob") for number in range(3)]
    tray, room = desk.tray(), set[int]()
    assert take(tray, 2, room=room) == positions[:2]
    assert room == set(positions[:2])

    desk.room.acknowledge(positions[0], "bob")
    assert room == {positions[1]}
    desk.room.fail(positions[1], "bob", retry=1.0)
    assert room == set()


def test_critical_ones_have_room_of_their_own(desk):
    normal = [desk.room.send(f"n{number}", "bob") for number in range(3)]
    critical = [desk.room.send(f"c{number}", "bob", priority=CRITICAL) for number in range(3)]
    tray = desk.tray()

    assert take(tray, 0, critical=2) == critical[:2]
    assert take(tray, 2, critical=2) == [critical[2], normal[0]]
    assert take(tray, 0, critical=2) == []


@pytest.mark.parametrize("at_once", [1, 16, 17])
async def test_a_low_one_is_not_kept_waiting_for_ever_by_a_window_full_of_critical_ones(at_once):
    """However many of them its reader acknowledges at once."""
    post = Post(MessageTerms(ack_seconds=86_400.0, held=100))
    station = await post.open()
    collection = station.collect("bob", 1)
    collection.__enter__()
    number = itertools.count()

    async def send(priority):
        message = SendMessage(
            message_id=f"m{next(number)}",
            from_agent="ann",
            to=Destination(agents=("bob",)),
            message_type="note",
            priority=priority,
        )
        await station.do(message)

    for _ in range(1 + BESIDE):
        await send(CRITICAL)
    out = deque(await collection.next(100, 0.0))
    assert len(out) == 1 + BESIDE
    await send(LOW)
    await post.advance(LOW.offset_seconds)

    handed = []
    for _ in range(3):
        for _ in range(at_once):
            await send(CRITICAL)
            _ = station.office.acknowledge("bob", out.popleft().letter.message_id)
        await post.rest()
        more = await collection.next(100, 0.0)
        assert collection.out == len(out) + len(more) == 1 + BESIDE
        out += more
        handed += more
    assert [each.letter.rank for each in handed].count(LOW.rank) == 1
    await post.close()


def test_no_more_than_so_many_bytes_and_one_at_least(desk):
    positions = [desk.room.send(f"m{number}", "bob", size=100) for number in range(4)]
    tray = desk.tray()
    assert take(tray, most_bytes=150) == positions[:2]
    assert take(tray, most_bytes=1) == positions[2:3]


def test_what_others_settle_while_nobody_has_room_does_not_pile_up(desk):
    tray, kept = desk.tray(), desk.room.send("m", "bob")
    assert take(tray, 1) == [kept]
    for number in range(5_000):
        position = desk.room.send(f"m{number}", "bob", ack_seconds=86_400.0)
        # It is out over another node.
        if number % 2:
            desk.room.note(position, "bob", 86_400.0)
        desk.room.acknowledge(position, "bob")
    waiting = [desk.room.send(f"n{number}", "bob") for number in range(3)]

    assert len(tray._places) < 2_500
    assert take(tray) == waiting


# --------------------------------------------------------------------------------- hearing of it


def test_whoever_collects_is_woken_by_what_comes_and_by_room_for_what_waits(desk):
    tray, waker = desk.tray(), asyncio.Event()
    tray.wakers.add(waker)

    def woken() -> bool:
        was = waker.is_set()
        waker.clear()
        return was

    position = desk.room.send("m1", "bob")
    assert woken()
    desk.room.send("m2", "cal")
    assert not woken()
    take(tray)
    desk.room.acknowledge(position, "bob")
    assert not woken(), "nothing waits"
    positions = [desk.room.send(f"m{number}", "bob") for number in (3, 4)]
    assert take(tray, 1) == positions[:1]
    assert woken()
    desk.room.acknowledge(positions[0], "bob")
    assert woken()


def test_letters_to_many_come_once(desk):
    desk.room.register("bob", *(f"a{number}" for number in range(100)))
    first = desk.room.send("m1", goes=EVERYBODY)
    tray = desk.tray()
    second = desk.room.send("m2", goes=EVERYBODY)
    third = desk.room.send("m3", "bob")

    assert take(tray) == [first, second, third]
    desk.room.acknowledge(first, "bob")
    assert desk.settled == [first]
    assert take(tray) == []


def test_a_letter_to_many_that_expired_gives_its_room_back(desk):
    desk.room.register("bob", *(f"a{number}" for number in range(100)))
    position = desk.room.send("m1", goes=EVERYBODY, ttl=10.0)
    tray, room = desk.tray(), set[int]()
    assert take(tray, room=room) == [position]
    desk.room.expire("m1", 11.0)
    tray.take(1, "socket")

    assert room == set()
    assert tray.out == {}


def test_what_was_put_back_is_next(desk):
    positions = [desk.room.send(f"m{number}", "bob") for number in range(4)]
    tray = desk.tray()
    taken = tray.take(3, "socket")
    for out in taken[1:]:
        tray.put_back(out)

    assert take(tray) == positions[1:]
    assert taken[1].over
    assert first_out(tray) is taken[0]


def test_what_was_put_back_until_later_waits_so_long(desk):
    position = desk.room.send("m1", "bob")
    tray = desk.tray()
    [out] = tray.take(1, "socket")
    tray.put_back(out, at(30).timestamp())

    assert take(tray) == []
    desk.now = 30.0
    assert take(tray) == [position]
    assert first_out(tray).attempt == 1


# ----------------------------------------------------------------------------- another mailroom


def test_what_is_out_stays_out_when_the_mailroom_is_another_one(desk):
    first, second = desk.room.send("m1", "bob"), desk.room.send("m2", "bob")
    tray, room = desk.tray(), set[int]()
    take(tray, 1, room=room)
    desk.restored()

    assert tray.restart()
    assert room == {first}
    assert take(tray) == [second]
    desk.room.acknowledge(first, "bob")
    assert room == set()


def test_what_has_ended_there_is_out_no_more_and_its_room_is_given_back(desk):
    position = desk.room.send("m1", "bob")
    tray, room = desk.tray(), set[int]()
    take(tray, room=room)
    desk.restored(lambda other: other.acknowledge(position, "bob"))
    desk.room.register("bob")

    assert tray.restart()
    assert room == set()
    assert desk.settled == [position]
    assert take(tray) == []


def test_it_is_the_name_that_counts_not_the_number(desk):
    desk.room.send("m0", "ann")
    position = desk.room.send("m1", "bob")
    tray = desk.tray()
    assert tray.number == 1
    other = Room()
    other.send("m9", "cal", "dan", "eve")
    other.log = other.log[:1]
    mail = other.send("m1", "bob")
    desk.room = other
    assert mail == position

    assert tray.restart()
    assert tray.number == 3
    assert take(tray) == [mail]


def test_who_is_not_known_there_has_no_tray(desk):
    position = desk.room.send("m1", "bob")
    tray, waker = desk.tray(), asyncio.Event()
    tray.wakers.add(waker)
    take(tray)
    desk.room = Room()

    assert not tray.restart()
    assert waker.is_set()
    assert desk.settled == [position]


def test_who_is_listened_for_is_not_forgotten_before_the_tray_is_put_away(desk):
    position = desk.room.send("m1", "bob")
    tray = desk.tray()
    desk.room.acknowledge(position, "bob")
    assert desk.room.room.directory.get("bob") is not None

    tray.close()
    assert desk.room.room.directory.get("bob") is None


# ------------------------------------------------------------------------------- letters to many


async def test_only_the_trays_of_those_are_looked_at_to_whom_a_letter_to_many_goes(monkeypatch):
    post = Post(MessageTerms())
    station = await post.open()
    names = [f"a{number}" for number in range(4 * EAGER)]
    some = names[EAGER:-EAGER]
    for name in names:
        patterns = ("some", "all") if name in some else ("all",)
        await post.happens(f"mailbox/{name}", TopicsSubscribed(patterns=patterns, at=NOW))
        assert station.office.tray(name) is not None
    await post.rest()
    looked = list[str]()
    look = Mailroom.inbox

    def inbox(room: Mailroom, number: int) -> Inbox | None:
        looked.append(room.directory.recipients[number].name)
        return look(room, number)

    monkeypatch.setattr(Mailroom, "inbox", inbox)
    for topic, concerned in (("some", some), ("all", names)):
        for event in (sent(goes=Destination(topic=topic), ttl=60.0), MessageExpired(at=at(61))):
            looked.clear()
            await post.happens(f"message/{topic}", event)
            assert sorted(looked) == sorted(concerned)
    await post.close()
