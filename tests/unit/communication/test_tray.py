"""Which letter is delivered next, by a clock that is moved by hand."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.orchestration.task_specification import Priority

from .desk import CRITICAL, LOW, Desk, first_out, take
from .mail import at

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
