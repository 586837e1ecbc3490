"""Which letter is delivered next, by a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.application.communication.out import Out
from aia_mas.application.communication.tray import Tray
from aia_mas.domain.communication.mailroom.snapshot import restore, snapshot
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.task_specification import Priority

from .mail import EVERYBODY, NOW, Room, at

LOW, NORMAL, CRITICAL = Priority.LOW, Priority.NORMAL, Priority.CRITICAL


class Desk:
    """A mailroom, the trays of a node on it, and what time it is (``now``: seconds from NOW)."""

    def __init__(self) -> None:
        self.room = Room()
        self.now = 0.0
        self.settled: list[int] = []

    def tray(self, name: str = "bob") -> Tray:
        """Return a new tray."""
        number = self.room.room.directory.number(name)
        return Tray(
            lambda: self.room.room,
            number,
            lambda: NOW.timestamp() + self.now,
            lambda out: self.settled.append(out.letter.position),
        )

    def restored(self, change: Callable[[Room], None] = lambda _: None) -> None:
        """Go over to the mailroom of a snapshot, in which something more has happened."""
        other = Room()
        other.log = list(self.room.log)
        other.room = at_once(restore(list(at_once(snapshot(self.room.room)))))
        change(other)
        self.room = other


@pytest.fixture
def desk() -> Desk:
    return Desk()


def take(tray: Tray, most: int = 100, **more: Any) -> list[int]:
    return [out.letter.position for out in tray.take(most, "socket", **more)]


def first_out(tray: Tray) -> Out:
    return next(iter(tray.out.values()))


# -------------------------------------------------------------------------------------- order


def test_what_waits_and_what_comes_is_delivered_in_the_order_of_the_log(desk):
    first = desk.room.send("m1", "bob")
    tray = desk.tray()
    second = desk.room.send("m2", "bob")

    assert take(tray) == [first, second]
    assert take(tray) == []


def test_the_more_urgent_goes_first(desk):
    low = desk.room.send("m1", "bob", priority=LOW)
    normal = desk.room.send("m2", "bob", seconds=1.0)
    critical = desk.room.send("m3", "bob", seconds=2.0, priority=CRITICAL)
    desk.now = 2.0

    assert take(desk.tray()) == [critical, normal, low]


def test_what_waited_long_enough_goes_before_the_more_urgent(desk):
    """A low message is not kept waiting for ever by critical ones that keep coming."""
    low = desk.room.send("low", "bob", priority=LOW)
    tray = desk.tray()
    desk.room.send("c", "bob", priority=CRITICAL)
    delivered = {}
    for second in range(0, 700, 10):
        desk.now = float(second)
        desk.room.send(f"c{second}", "bob", priority=CRITICAL, seconds=desk.now)
        [delivered[second]] = take(tray, 1)

    [when] = [second for second, position in delivered.items() if position == low]
    # One of them always waits since the step before.
    assert when == LOW.offset_seconds - CRITICAL.offset_seconds + 10


def test_clocks_of_senders_do_not_turn_round_what_stands_in_the_log(desk):
    first = desk.room.send("m1", "bob", seconds=5.0)
    second = desk.room.send("m2", "bob", seconds=1.0)
    assert take(desk.tray()) == [first, second]


names = st.sampled_from(("ann", "eve"))
kinds = st.sampled_from(list(Priority))


@given(st.lists(st.tuples(names, kinds, st.integers(0, 50)), max_size=30), st.data())
def test_first_deliveries_are_in_order_per_sender_within_a_priority(messages, data):
    desk = Desk()
    tray, delivered = desk.tray(), list[int]()

    def deliver() -> None:
        taken = tray.take(data.draw(st.integers(1, 3)), "socket")
        if taken and data.draw(st.booleans()):
            # The last of them was not delivered after all.
            tray.put_back(taken.pop())
        delivered.extend(out.letter.position for out in taken)

    for number, (sender, priority, seconds) in enumerate(messages):
        desk.now += seconds
        desk.room.send(f"m{number}", "bob", from_agent=sender, priority=priority, seconds=desk.now)
        if data.draw(st.booleans()):
            deliver()
    while len(delivered) < len(messages):
        deliver()

    lanes: dict[Any, list[int]] = {}
    for position in delivered:
        event: Any = desk.room.log[position - 1][1]
        lanes.setdefault((event.from_agent, event.priority), []).append(position)
    assert all(lane == sorted(lane) for lane in lanes.values())


# --------------------------------------------------------------------------------------- times


def test_it_is_not_delivered_before_its_time(desk):
    later = desk.room.send("m1", "bob", deliver_after=at(10))
    now = desk.room.send("m2", "bob")
    tray = desk.tray()

    assert take(tray) == [now]
    assert tray.next_due() == at(10).timestamp()
    desk.now = 9.9
    assert take(tray) == []
    desk.now = 10.0
    assert take(tray) == [later]


def test_what_failed_is_delivered_again_when_it_is_due(desk):
    position = desk.room.send("m1", "bob")
    tray = desk.tray()
    take(tray)
    desk.room.fail(position, "bob", retry=4.0)
    assert tray.out == {}

    desk.now = 3.9
    assert take(tray) == []
    desk.now = 4.0
    assert take(tray) == [position]
    assert first_out(tray).attempt == 2


def test_what_failed_for_good_is_delivered_no_more(desk):
    position = desk.room.send("m1", "bob")
    tray = desk.tray()
    take(tray)
    desk.room.fail(position, "bob")

    desk.now = 1e6
    assert take(tray) == []
    assert tray.next_due() is None


def test_a_clock_that_is_set_back_loses_nothing(desk):
    position = desk.room.send("m1", "bob")
    tray = desk.tray()
    take(tray)
    desk.room.fail(position, "bob", retry=4.0)
    desk.now = 5.0
    assert take(tray, 0) == []
    desk.now = 1.0
    assert take(tray) == []
    desk.now = 4.0
    assert take(tray) == [position]


def test_whoever_has_waited_longest_is_tried_again_first(desk):
    """Not whoever comes first in the log: that may have been put off for long."""
    put_off = desk.room.send("m1", "bob", deliver_after=at(1_000), priority=LOW)
    early = desk.room.send("m2", "bob", priority=LOW)
    tray = desk.tray()
    take(tray)
    desk.room.fail(early, "bob", retry=1_000.0)

    desk.now = 1_000.0
    critical = desk.room.send("m3", "bob", priority=CRITICAL, seconds=999.0)
    assert take(tray) == [early, critical, put_off]


def test_what_has_expired_is_not_delivered(desk):
    desk.room.send("m1", "bob", ttl=5.0)
    tray = desk.tray()
    desk.now = 5.0
    assert take(tray) == []


def test_what_is_out_at_another_node_stays_there_until_long_after_its_deadline(desk):
    position = desk.room.send("m1", "bob")
    tray = desk.tray()
    desk.room.note(position, "bob", 0.5, ack=10.0)

    desk.now = 15.0
    assert take(tray) == []
    desk.now = 30.0
    assert take(tray) == [position]


def test_what_another_node_says_of_an_attempt_holds_here(desk):
    position = desk.room.send("m1", "bob")
    tray = desk.tray()
    take(tray)
    desk.room.fail(position, "bob", retry=1.0)

    assert desk.settled == [position]
    desk.now = 1.0
    assert take(tray) == [position]


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


def test_no_more_than_so_many_bytes_and_one_at_least(desk):
    positions = [desk.room.send(f"m{number}", "bob", size=100) for number in range(4)]
    tray = desk.tray()
    assert take(tray, most_bytes=150) == positions[:2]
    assert take(tray, most_bytes=1) == positions[2:3]


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
