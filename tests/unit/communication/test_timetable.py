"""What is due is told, and nothing is left of what is over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.communication.mailroom.timetable import Timetable

changes = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(0, 40).map(lambda each: each / 4)),
    max_size=60,
)


@given(changes, st.integers(0, 45).map(lambda each: each / 4))
def test_what_is_due_is_told_by_the_second(added, now):
    table: Timetable[str] = Timetable()
    known: dict[str, float] = {}
    for item, when in added:
        if item in known:
            table.remove(item, known.pop(item))
        else:
            table.add(item, when)
            known[item] = when

    due = list(table.due(now))
    assert sorted(due) == sorted(item for item, when in known.items() if when <= now)
    assert [int(known[item]) for item in due] == sorted(int(known[item]) for item in due)
    assert len(table) == len(known)


def test_nothing_is_left_of_what_is_over_before_its_time():
    table: Timetable[int] = Timetable()
    for number in range(10_000):
        table.add(number, 10_000.0 + number)
        table.remove(number, 10_000.0 + number)

    assert len(table) == 0
    assert len(table._seconds) <= 64


def test_removing_what_is_not_there_changes_nothing():
    table: Timetable[str] = Timetable()
    table.add("a", 1.0)

    table.remove("b", 1.0)
    table.remove("a", 2.0)

    assert list(table.due(1.0)) == ["a"]
