"""Durations: exact sums, and percentiles that are never too small and hardly too large."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from aia_mas.projections.durations import Durations

MILLISECONDS = st.lists(st.integers(min_value=0, max_value=10**10), min_size=1, max_size=60)


def durations(values: list[int]) -> Durations:
    result = Durations()
    for value in values:
        result.add(value)
    return result


def test_nothing_took_no_time() -> None:
    empty = Durations()
    assert (empty.count, empty.mean, empty.percentile(99), empty.longest) == (0, 0, 0, 0)


def test_a_clock_that_went_back_counts_as_no_time() -> None:
    result = durations([-5, 10])
    assert (result.count, result.total, result.mean, result.longest) == (2, 10, 5, 10)


@given(MILLISECONDS, st.integers(min_value=1, max_value=100))
def test_a_percentile_is_at_most_an_eighth_too_large(values: list[int], percent: int) -> None:
    exact = sorted(values)[-(-len(values) * percent // 100) - 1]
    assert exact <= durations(values).percentile(percent) <= exact * 9 / 8 + 1


@given(MILLISECONDS)
def test_mean_and_longest_are_exact(values: list[int]) -> None:
    result = durations(values)
    assert (result.total, result.longest) == (sum(values), max(values))
    assert result.mean == sum(values) // len(values)


@given(MILLISECONDS, st.integers())
def test_the_order_makes_no_difference(values: list[int], seed: int) -> None:
    shuffled = Random(seed).sample(values, len(values))
    assert durations(values) == durations(shuffled)


def test_a_copy_stays_as_it_is() -> None:
    original = durations([1, 2])
    copy = original.copy()
    original.add(3)
    assert (copy.count, copy.buckets) == (2, {1: 1, 2: 1})
