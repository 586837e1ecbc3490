"""A rate holds in every window of its period, whatever comes when, and wastes little of it."""

from bisect import bisect_left

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.orchestration.queueing.rate_window import ENTRIES, RateWindow, StoredWindow

SECOND = 1_000_000

# Long silences, bursts, and every distance in between, microseconds.
GAPS = st.one_of(
    st.just(0),
    st.integers(1, 100),
    st.integers(1, 2 * SECOND),
    st.just(SECOND),
    st.just(SECOND // 7),
)


def most_in_any_window(times: list[int], period: int) -> int:
    times = sorted(times)
    return max(n + 1 - bisect_left(times, at - period + 1) for n, at in enumerate(times))


class Key:
    """Dispatches as often as it may; each stands in the log a while after it was decided."""

    def __init__(self, rate: int, period: int) -> None:
        self.rate, self.period = rate, period
        self.window = RateWindow()
        self.now = 1_700_000_000 * SECOND
        self.under_way = 0
        self.times: list[int] = []

    @property
    def next_at(self) -> int:
        return self.window.next_at(self.under_way, self.rate, self.period, self.now)

    def decide(self, times: int) -> None:
        for _ in range(times):
            if self.next_at > self.now:
                return
            self.under_way += 1

    def log(self) -> None:
        while self.under_way:
            self.under_way -= 1
            self.times.append(self.now)
            self.window.dispatched(self.now, self.rate, self.period)


@given(
    st.sampled_from([1, 2, 3, 7, ENTRIES, ENTRIES + 1, 3 * ENTRIES]),
    st.sampled_from([1_000, 1_099, SECOND, 60 * SECOND]),
    st.lists(st.tuples(GAPS, st.integers(0, 400), GAPS), min_size=1, max_size=60),
)
def test_no_window_holds_more_than_the_rate(rate, period, steps):
    key = Key(rate, period)
    for gap, wanted, delay in steps:
        key.now += gap
        key.decide(wanted)
        key.now += delay
        key.log()

    if key.times:
        assert most_in_any_window(key.times, period) <= rate


@given(
    st.sampled_from([1, 5, ENTRIES, ENTRIES + 1, 10 * ENTRIES]),
    st.lists(GAPS, min_size=1, max_size=40),
)
def test_room_comes_back_after_a_period_and_a_hundredth(rate, gaps):
    key = Key(rate, SECOND)
    for gap in gaps:
        key.now += gap
        key.decide(rate)
        key.log()

        entitled = rate - sum(at > key.now - SECOND - SECOND // ENTRIES for at in key.times)
        if entitled > 0:
            assert key.next_at == key.now
        at = key.next_at
        key.now = at
        assert key.next_at == at, "it says truly when"


@pytest.mark.parametrize("rate", [10, 1_000, 1_000_000])
def test_it_stays_small(rate):
    key = Key(rate, 60 * SECOND)
    for _ in range(20_000):
        key.now = key.next_at + 17
        key.decide(1)
        key.log()
    stored = key.window.stored()
    assert len(stored.times) <= ENTRIES + 3


@given(st.lists(st.tuples(GAPS, st.integers(0, 300)), min_size=1, max_size=20))
def test_it_goes_on_after_a_restart_as_if_there_had_been_none(steps):
    key = Key(250, SECOND)
    for gap, wanted in steps:
        key.now += gap
        key.decide(wanted)
        key.log()
        stored = msgspec.json.encode(key.window.stored())
        restored = RateWindow(msgspec.json.decode(stored, type=StoredWindow | None))
        assert restored.next_at(0, 250, SECOND, key.now) == key.next_at
        key.window = restored


def test_a_longer_period_counts_what_is_still_known():
    window = RateWindow()
    for n in range(5):
        window.dispatched(n * SECOND, 10, 5 * SECOND)

    assert window.next_at(0, 5, 60 * SECOND, 4 * SECOND) == 60 * SECOND
    assert window.next_at(0, 6, 60 * SECOND, 4 * SECOND) == 4 * SECOND


def test_a_leader_whose_clock_is_behind_counts_from_the_last_time_known():
    window = RateWindow()
    window.dispatched(100, 1, 10)
    window.dispatched(50, 1, 10)

    assert window.next_at(0, 1, 10, 60) == 110
