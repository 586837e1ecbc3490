"""What is counted for monitoring: exact bounds, bounded keys, each system for itself."""

from itertools import accumulate
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY

from aia_mas.application.histogram import Histogram
from aia_mas.interfaces.monitoring import HttpCounts, Monitor
from aia_mas.projections.durations import Durations


@given(st.lists(st.integers(0, 120)))
def test_a_histogram_counts_up_to_and_with_its_bounds(values: list[int]) -> None:
    histogram = Histogram((0, 1, 10, 100))
    for value in values:
        histogram.add(value)
    counted = list(accumulate(histogram.counts))
    assert counted == [
        sum(value <= bound for value in values) for bound in (0, 1, 10, 100, float("inf"))
    ]
    assert histogram.total == sum(values)


@given(st.lists(st.integers(0, 10**7)))
def test_durations_are_known_exactly_up_to_one_less_than_a_power_of_two(values: list[int]) -> None:
    durations = Durations()
    for value in values:
        durations.add(value)
    for bound, count in durations.doublings(22):
        assert count == sum(value <= bound for value in values), bound


def test_a_copy_of_the_counts_stays_as_it_is() -> None:
    counts = HttpCounts()
    counts.count("GET", "/a/{id}", 200, 0.002)
    copy = counts.copy()
    counts.count("GET", "/a/{id}", 200, 0.002)
    assert copy["GET", "/a/{id}"].classes == [0, 0, 1, 0, 0, 0]
    assert sum(copy["GET", "/a/{id}"].seconds.counts) == 1


def test_methods_and_routes_of_clients_making_are_not_told_apart() -> None:
    counts = HttpCounts()
    for number in range(100):
        counts.count(f"BREW{number}", None, 405, 0.0)
    counts.count("GET", None, 0, 0.0)
    rows = {key: row.classes for key, row in counts.copy().items()}
    assert rows == {
        ("other", "unmatched"): [0, 0, 0, 0, 100, 0],
        ("GET", "unmatched"): [1, 0, 0, 0, 0, 0],
    }


def test_systems_in_one_process_share_nothing_and_leave_the_global_registry_alone() -> None:
    system: Any = None
    before = set(REGISTRY._names_to_collectors)
    first, second = Monitor(system), Monitor(system)
    first.requests.count("GET", "/", 200, 0.1)
    assert second.requests.copy() == {}
    assert set(REGISTRY._names_to_collectors) == before
