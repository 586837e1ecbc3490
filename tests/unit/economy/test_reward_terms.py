"""What an attempt is promised, and what becomes of that by its rating and its punctuality."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.economy.parameters import DEFAULT_PARAMETERS
from aia_mas.domain.economy.rewards.factor import (
    HIGHEST,
    LOWEST,
    ONE,
    Punctuality,
    factor_of,
    most,
    punctuality,
    reward_of,
)
from aia_mas.domain.economy.rewards.terms import rewarded_at_once, terms_by
from aia_mas.domain.kernel.money import ONE as TOKEN

RATINGS = st.none() | st.integers(0, ONE)
STAKES = st.integers(0, 30_000 * TOKEN)


@pytest.mark.parametrize(
    ("rating", "when", "reward", "with_cost"),
    [
        # The worked example of docs/economy.md: silver, cost 15 + 10 x 1.2 x factor.
        (1.0, Punctuality.EARLY, "18", "33"),
        (1.0, Punctuality.IN_TIME, "16.8", "31.8"),
        (0.9, Punctuality.IN_TIME, "15.84", "30.84"),
        (None, Punctuality.EARLY, "13.2", "28.2"),
        (None, Punctuality.IN_TIME, "12", "27"),
        (None, Punctuality.LATE, "10.8", "25.8"),
        (0.25, Punctuality.IN_TIME, "9.6", "24.6"),
        (0.0, Punctuality.IN_TIME, "7.2", "22.2"),
        (0.0, Punctuality.LATE, "6", "21"),
    ],
)
def test_the_worked_example(rating, when, reward, with_cost):
    terms = terms_by(DEFAULT_PARAMETERS, 500 * TOKEN)
    assert terms is not None
    assert (terms.tier, terms.base, terms.multiplier_ppm) == ("silver", 10 * TOKEN, 1_200_000)

    factor = factor_of(None if rating is None else round(rating * ONE), when)
    earned = reward_of(terms.base, terms.multiplier_ppm, factor)

    assert earned == round(float(reward) * 100) * TOKEN // 100
    assert earned + 15 * TOKEN == round(float(with_cost) * 100) * TOKEN // 100


@given(RATINGS, st.sampled_from(Punctuality))
def test_a_factor_is_within_its_bounds(rating, when):
    assert LOWEST <= factor_of(rating, when) <= HIGHEST


@given(st.integers(0, ONE), st.integers(0, ONE), st.sampled_from(Punctuality))
def test_a_better_rating_never_earns_less(one, other, when):
    lower, higher = sorted((one, other))

    assert factor_of(lower, when) <= factor_of(higher, when)


@given(RATINGS)
def test_to_be_earlier_never_earns_less(rating):
    factors = [factor_of(rating, when) for when in Punctuality]

    assert factors == sorted(factors, reverse=True)


@given(st.integers(0, 10**24), st.integers(0, 100 * ONE), RATINGS, st.sampled_from(Punctuality))
def test_nothing_earns_more_than_is_kept_for_it(base, multiplier, rating, when):
    earned = reward_of(base, multiplier, factor_of(rating, when))

    assert 0 <= earned <= most(base, multiplier)


@pytest.mark.parametrize(
    ("took", "expected"),
    [
        (0.0, Punctuality.EARLY),
        (50.0, Punctuality.EARLY),
        (50.001, Punctuality.IN_TIME),
        (100.0, Punctuality.IN_TIME),
        (100.001, Punctuality.LATE),
    ],
)
def test_half_of_the_time_is_early(took, expected):
    assert punctuality(took, 100.0) is expected


@pytest.mark.parametrize(
    ("stake", "tier", "at_once"),
    [
        (0, None, 0),
        (99, None, 0),
        (100, "bronze", 1),
        (199, "bronze", 1),
        (500, "silver", 5),
        (10_000, "diamond", 100),
    ],
)
def test_a_stake_has_a_tier_and_backs_so_many(stake, tier, at_once):
    terms = terms_by(DEFAULT_PARAMETERS, stake * TOKEN)

    assert (None if terms is None else terms.tier) == tier
    assert rewarded_at_once(DEFAULT_PARAMETERS, stake * TOKEN) == at_once


@given(st.lists(STAKES, min_size=1, max_size=20))
def test_to_divide_a_stake_never_earns_more(parts):
    def at_most(stake: int) -> int:
        terms = terms_by(DEFAULT_PARAMETERS, stake)
        each = 0 if terms is None else terms.reserved
        return each * rewarded_at_once(DEFAULT_PARAMETERS, stake)

    assert sum(at_most(part) for part in parts) <= at_most(sum(parts))
