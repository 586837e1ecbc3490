"""Slashing: who loses what, who gets it, and each evidence once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.economy.staking.commands import Delegate, Stake, Undelegate, Unstake
from aia_mas.domain.economy.staking.slashing import Slash, shares_of
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.money import MAX_AMOUNT, ONE

from .stake_world import OPERATOR, TREASURER, World, agent

DAY = 86_400


def slash(evidence_id: str = "e1", **fields) -> Slash:
    fields = fields or {"fraction_ppm": 100_000}
    return Slash(agent_id="ann", evidence_id=evidence_id, **fields)


def code_of(world: World, order, by=TREASURER) -> str:
    before = {name: state for name, state in world.states.items() if "order/" not in name}
    with pytest.raises(DomainError) as refused:
        world.order(order, by)
    assert {n: s for n, s in world.states.items() if "order/" not in n} == before
    return refused.value.code


def at_risk() -> World:
    """Ann has 100 free, 200 delegated, 300 unbonding; bob delegated 400 to her, of 500."""
    world = World({"ann": 600, "bob": 500, "wallet:AIA_GOV:ann": 9}, unbonding_seconds=DAY)
    world.do(Stake(agent_id="ann", amount=600 * ONE, transfer_id="s1"))
    world.do(Stake(agent_id="ann", amount=9 * ONE, transfer_id="s2", token="AIA_GOV"))
    world.do(Stake(agent_id="bob", amount=500 * ONE, transfer_id="s3"))
    world.do(Unstake(agent_id="ann", amount=4 * ONE, transfer_id="u0", token="AIA_GOV"))
    world.do(Unstake(agent_id="ann", amount=300 * ONE, transfer_id="u1"))
    world.do(Delegate(agent_id="ann", to="cal", amount=200 * ONE))
    world.do(Delegate(agent_id="bob", to="ann", amount=400 * ONE))
    return world


def test_everything_at_risk_loses_the_same_share():
    world = at_risk()

    result = world.order(slash(fraction_ppm=100_000, reporter="rex", reason="lied"))

    ann, bob, cal = (world.stake(agent_id) for agent_id in ("ann", "bob", "cal"))
    assert (ann.free, ann.delegated, ann.unbonding()) == (90 * ONE, 180 * ONE, 270 * ONE)
    assert (bob.bonded, bob.delegated, ann.received) == (460 * ONE, 360 * ONE, 360 * ONE)
    assert (cal.received, cal.effective) == (180 * ONE, 180 * ONE)
    assert (ann.bonded_gov, ann.unbonding("AIA_GOV")) == (5 * ONE, 4 * ONE)
    assert (world.tokens("slashed:AIA"), world.tokens("wallet:AIA:rex")) == (90, 10)
    assert (result["slashed"], result["from_delegators"]) == ("100", "40")
    assert world.tokens("staked:AIA:ann") == 270
    assert world.tokens("unbonding:AIA:ann") == 270
    world.later(DAY)
    assert world.tokens("wallet:AIA:ann") == 270


def test_stake_that_was_taken_back_from_an_agent_stays_at_risk_there_for_the_period():
    world = at_risk()
    back = Undelegate(agent_id="bob", to="ann", amount=400 * ONE, undelegation_id="x")
    world.do(back, agent("bob"))

    world.order(slash())
    assert world.stake("bob").bonded == 460 * ONE
    world.later(DAY)
    world.order(slash("e2"))

    assert world.stake("bob").bonded == 460 * ONE


def test_two_that_delegated_to_each_other_lose_both_ways():
    world = World({"ann": 100, "bob": 100})
    for agent_id in ("ann", "bob"):
        world.do(Stake(agent_id=agent_id, amount=100 * ONE, transfer_id=f"s-{agent_id}"))
    world.do(Delegate(agent_id="ann", to="bob", amount=100 * ONE))
    world.do(Delegate(agent_id="bob", to="ann", amount=100 * ONE))

    world.order(slash(fraction_ppm=500_000))

    ann, bob = world.stake("ann"), world.stake("bob")
    assert (ann.bonded, ann.effective) == (50 * ONE, 50 * ONE)
    assert (bob.bonded, bob.effective) == (50 * ONE, 50 * ONE)
    (last,) = [e for n, e in world.dues.stakes.items() if n == "bob"]
    assert last == bob


def test_an_amount_is_taken_in_full_or_as_far_as_there_is_any():
    world = at_risk()

    assert world.order(slash(amount=1))["slashed"] == "0.000000000000000001"
    assert world.order(slash("e2", amount=MAX_AMOUNT))["slashed"] == "999.999999999999999999"
    assert world.stake("ann").is_empty is False  # the AIA_GOV
    assert world.stake("ann").bonded == 0
    assert world.stake("bob").bonded == 100 * ONE


def test_each_evidence_counts_once_whoever_it_is_about():
    world = at_risk()
    world.order(slash())

    assert code_of(world, slash()) == "evidence_already_used"
    other = Slash(agent_id="bob", evidence_id="e1", amount=ONE)
    assert code_of(world, other) == "evidence_already_used"


def test_what_is_maturing_is_at_risk():
    world = World({"ann": 100}, min_stake_age_seconds=DAY)
    world.do(Stake(agent_id="ann", amount=100 * ONE, transfer_id="s"))

    world.order(slash(fraction_ppm=250_000))

    assert world.stake("ann").bonded == 75 * ONE
    world.later(DAY)
    assert world.stake("ann").effective == 75 * ONE


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (slash(fraction_ppm=0), "invalid_fraction"),
        (slash(fraction_ppm=1_000_001), "invalid_fraction"),
        (slash(amount=0), "zero_amount"),
        (slash(amount=-1), "negative_amount"),
        (slash(amount=MAX_AMOUNT + 1), "amount_too_large"),
        (slash(amount=1, fraction_ppm=1), "invalid_value"),
        (Slash(agent_id="ann", evidence_id="e"), "invalid_value"),
        (slash("..", amount=1), "invalid_id"),
        (slash(amount=1, reporter="ann"), "self_report"),
        (slash(amount=1, reporter="a b"), "invalid_id"),
        (slash(amount=1, reason="\0"), "invalid_text"),
        (slash(amount=1, partners=("bob",)), "invalid_value"),
        (Slash(agent_id="nobody", evidence_id="e", amount=1), "nothing_to_slash"),
    ],
)
def test_bad_input_has_its_code_and_changes_nothing(order, code):
    assert code_of(at_risk(), order) == code


@pytest.mark.parametrize("by", [OPERATOR, agent("ann"), agent("bob")])
def test_only_the_treasury_slashes(by):
    assert code_of(at_risk(), slash(), by) == "permission_denied"


@given(st.lists(st.integers(0, 10**24), min_size=1, max_size=30), st.integers(0, 10**6))
def test_shares_are_exact_in_sum_and_proportional(parts, ppm):
    total = sum(parts)
    if not total:
        return
    amount = total * ppm // 10**6

    shares = shares_of(amount, parts)

    assert sum(shares) == amount
    for share, part in zip(shares, parts, strict=True):
        assert 0 <= share <= part
        assert abs(share * total - amount * part) < total
