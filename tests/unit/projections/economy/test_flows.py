"""Sums over windows: against all that ever flowed, added up plainly."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.projections.economy.flows import DAY, HOUR, WINDOWS, Flow, Window, beginning

START = 1_780_000_000_000
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, HOUR - 1, HOUR, 5 * HOUR, DAY, 6 * DAY, 40 * DAY]),
        st.integers(1, 10**30),
    ),
    max_size=40,
)


def flowed(steps: list[tuple[int, int]]) -> tuple[Flow, list[tuple[int, int]], int]:
    flow, plain, at = Flow(), [], START
    for later, amount in steps:
        at += later
        flow.add(amount, at)
        plain.append((at, amount))
    return flow, plain, at


@given(STEPS, st.integers(0, 60 * DAY))
def test_windows_are_what_flowed_since_they_began(steps: list[tuple[int, int]], later: int) -> None:
    flow, plain, at = flowed(steps)
    end = at + later

    for window in WINDOWS:
        since = beginning(window, end)
        first = 0 if since is None else round(since.timestamp() * 1000)
        assert flow.within(window, end) == sum(amount for when, amount in plain if when >= first)


@given(STEPS)
def test_memory_is_bounded_and_snapshots_are_whole(steps: list[tuple[int, int]]) -> None:
    flow, _, _ = flowed(steps)

    assert len(flow.hours) <= 25
    assert len(flow.days) <= 31
    assert msgspec.json.decode(msgspec.json.encode(flow), type=Flow) == flow


@pytest.mark.parametrize(
    ("window", "begun"),
    [
        ("1h", datetime(2026, 3, 1, 11, tzinfo=UTC)),
        ("24h", datetime(2026, 2, 28, 12, tzinfo=UTC)),
        ("7d", datetime(2026, 2, 22, tzinfo=UTC)),
        ("30d", datetime(2026, 1, 30, tzinfo=UTC)),
        ("all", None),
    ],
)
def test_windows_begin_with_a_full_hour_or_day(window: Window, begun: datetime | None) -> None:
    end = round(datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC).timestamp() * 1000)

    assert beginning(window, end) == begun
