"""How long is waited between deliveries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.communication.terms import MessageTerms

TERMS = MessageTerms(backoff_base_seconds=1.0, backoff_factor=2.0, backoff_cap_seconds=10.0)


@pytest.mark.parametrize(("failures", "wait"), [(1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (5, 10.0)])
def test_each_wait_is_longer_up_to_a_cap(failures, wait):
    assert TERMS.backoff(failures, 0.0) == wait


def test_chance_shortens_a_wait_by_no_more_than_is_set():
    assert TERMS.backoff(5, 1.0) == 5.0


@given(
    st.integers(1, 10_000),
    st.floats(0, 1),
    st.floats(0.001, 1e6),
    st.floats(1, 1e6),
    st.floats(0.001, 1e6),
    st.floats(0, 1),
)
def test_no_wait_is_longer_than_the_cap_nor_below_nothing(
    failures, chance, base, factor, cap, jitter
):
    terms = MessageTerms(
        backoff_base_seconds=base,
        backoff_factor=factor,
        backoff_cap_seconds=cap,
        backoff_jitter=jitter,
    )
    assert 0 <= terms.backoff(failures, chance) <= cap
