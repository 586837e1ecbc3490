"""Tiers are those of the configuration: who has one, who is asked for, what nobody can have."""

import pytest

from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.errors import UnknownTier
from aia_mas.domain.orchestration.fleet import Fleet
from aia_mas.domain.orchestration.requirement import signature_of
from aia_mas.domain.orchestration.task_specification import Requirements
from aia_mas.domain.orchestration.tiers import DEFAULT_TIERS, Tier, Tiers

from .scored_fleet import TOKEN, ScoredFleet

OWN = Tiers([Tier("high", 50 * TOKEN), Tier("low", 5 * TOKEN)])


def fleet(tiers: Tiers) -> Fleet:
    world = ScoredFleet()
    world.fleet = Fleet(tiers=tiers)
    for agent_id, stake in (("a", 0), ("b", 5 * TOKEN), ("c", 50 * TOKEN)):
        world.agent(agent_id, stake=stake)
    return world.fleet


def asking(min_tier: str) -> Requirements:
    return Requirements(min_tier=min_tier)


@pytest.mark.parametrize(("min_tier", "suiting"), [("low", ["b", "c"]), ("high", ["c"])])
def test_who_has_the_tier_or_a_higher_one_suits(min_tier, suiting):
    assert fleet(OWN).candidates(signature_of("t", asking(min_tier))) == suiting


def test_a_tier_that_is_configured_no_more_suits_nobody_and_says_so():
    signature = signature_of("t", asking("gold"))
    a_fleet = fleet(OWN)

    assert a_fleet.candidates(signature) == []
    (reason,) = a_fleet.why_not(signature)
    assert (reason.code, reason.facts) == ("unknown_tier", {"min_tier": "gold"})
    assert [each.code for each in a_fleet.filtered(signature)] == ["unknown_tier"]
    assert a_fleet.pick(signature) is None


def test_a_fleet_that_is_restored_under_other_tiers_goes_by_them():
    """The log says how much was staked; what that is called is the configuration's word."""
    snapshot = at_once(fleet(DEFAULT_TIERS).snapshot())

    restored = at_once(Fleet.restore(snapshot, tiers=OWN))

    assert restored.candidates(signature_of("t", asking("high"))) == ["c"]


def test_the_stake_of_the_highest_tier_counts_as_much_as_any_larger_one():
    pick = fleet(OWN).pick(signature_of("t", Requirements()))

    assert pick is not None
    stakes = {each.agent_id: each.stake for each in pick.grounds.candidates}
    assert stakes["c"] == 10_000
    assert 0 < stakes["b"] < 10_000


def test_tiers_are_in_the_order_of_their_stakes():
    assert OWN.names == ("low", "high")
    assert OWN.stakes_of("low") == (5 * TOKEN, 50 * TOKEN)
    assert OWN.stakes_of("high") == (50 * TOKEN, None)
    assert OWN.highest == 50 * TOKEN
    assert Tiers([]).highest == 0
    assert Tiers([]).of(10**30) is None


def test_an_unknown_name_is_refused_and_the_known_ones_are_told():
    with pytest.raises(UnknownTier, match="known are: low, high"):
        OWN.check("gold", "requirements.min_tier")
