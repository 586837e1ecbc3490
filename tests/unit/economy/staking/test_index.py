"""The reward index by hand: shares, rests, waiting rewards, tier tables, splitting."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.economy.parameters import DEFAULT_PARAMETERS, TierTerms
from aia_mas.domain.economy.staking.index import SCALE, RewardIndex
from aia_mas.domain.kernel.money import ONE

FLAT = (TierTerms(name="any", min_stake=1, multiplier_ppm=1_000_000),)


def conserved(index: RewardIndex) -> bool:
    held = index.all_owed() + index.rest + (index.queued + index.paid) * SCALE
    return held == index.notified * SCALE


def assert_nearly(index: RewardIndex, **tokens: int) -> None:
    """What a division leaves over waits for the next one: less than 10^-9 of a token here."""
    for name, units in tokens.items():
        assert 0 <= units - index.owed(name) <= ONE // 10**9


def test_rewards_are_shared_by_stake_times_multiplier():
    index = RewardIndex()
    index.set_earning("ann", 100 * ONE)  # bronze, x1.0
    index.set_earning("bob", 500 * ONE)  # silver, x1.2

    index.notify(700 * ONE)

    assert_nearly(index, ann=100 * ONE, bob=600 * ONE)
    assert conserved(index)


def test_below_the_lowest_tier_nothing_is_earned():
    index = RewardIndex()
    index.set_earning("ann", 100 * ONE - 1)
    index.set_earning("bob", 100 * ONE)

    index.notify(ONE)

    assert index.owed("ann") == 0
    assert_nearly(index, bob=ONE)


def test_what_comes_while_nobody_stakes_waits_for_the_next_rewards():
    index = RewardIndex(FLAT)
    index.notify(10)
    index.set_earning("ann", 5)
    assert (index.queued, index.owed("ann")) == (10, 0)

    index.notify(1)

    assert (index.queued, index.owed("ann")) == (0, 10)  # 11 less the rest
    assert conserved(index)


def test_what_a_division_leaves_over_is_shared_later():
    index = RewardIndex(FLAT)
    for name in ("ann", "bob", "cal"):
        index.set_earning(name, 1)

    for _ in range(3_000):
        index.notify(1)

    assert sum(index.owed(name) for name in ("ann", "bob", "cal")) >= 2_997
    assert conserved(index)


def test_a_payment_takes_whole_units_and_leaves_the_rest_owed():
    index = RewardIndex(FLAT)
    index.set_earning("ann", 2)
    index.set_earning("bob", 1)
    index.notify(10)

    index.pay("ann", index.owed("ann"))
    index.notify(1)

    assert index.owed("ann") == 1  # 0.67 that were left, and 0.67 more
    assert conserved(index)
    with pytest.raises(ValueError, match="more than it was owed"):
        index.pay("ann", 2)


def test_another_tier_table_counts_from_then_on():
    index = RewardIndex()
    index.set_earning("ann", 100 * ONE)
    index.set_earning("bob", 500 * ONE)
    index.notify(700 * ONE)

    index.set_tiers((TierTerms(name="all", min_stake=ONE, multiplier_ppm=3_000_000),))
    index.notify(600 * ONE)

    assert_nearly(index, ann=200 * ONE, bob=1_100 * ONE)
    index.set_tiers(())
    index.notify(ONE)
    assert (index.weight, index.queued) == (0, ONE)
    assert conserved(index)


def test_an_agent_that_no_longer_earns_keeps_what_it_earned():
    index = RewardIndex(FLAT)
    index.set_earning("ann", 7)
    index.notify(100)

    index.set_earning("ann", 0)
    index.notify(50)
    index.set_earning("bob", 1)
    index.notify(0)

    assert index.owed("ann") in (99, 100)
    assert index.owed("bob") in (49, 50)


parts_of_stake = st.lists(st.integers(0, 12_000 * ONE), min_size=1, max_size=12)
others = st.lists(st.integers(0, 12_000 * ONE), max_size=6)
rewards = st.lists(st.integers(1, 5_000 * ONE), min_size=1, max_size=8)


@given(parts_of_stake, others, rewards)
def test_splitting_a_stake_over_many_agents_never_earns_more(parts, beside, amounts):
    whole, split = RewardIndex(), RewardIndex()
    whole.set_earning("one", sum(parts))
    for number, part in enumerate(parts):
        split.set_earning(f"part{number}", part)
    for index in (whole, split):
        for number, stake in enumerate(beside):
            index.set_earning(f"other{number}", stake)

    for amount in amounts:
        whole.notify(amount)
        split.notify(amount)

    apart = sum(split.share(f"part{number}").owed for number in range(len(parts)))
    # The index is a whole number: each sharing leaves less than the weight of all for the next.
    rounding = len(amounts) * max(whole.weight, split.weight)
    assert apart <= whole.share("one").owed + rounding
    assert rounding < SCALE * ONE // 10**6, "which is less than a millionth of a token"


def test_the_default_table_never_pays_less_for_more():
    factors = [tier.multiplier_ppm for tier in DEFAULT_PARAMETERS.tiers]

    assert factors == sorted(factors)
