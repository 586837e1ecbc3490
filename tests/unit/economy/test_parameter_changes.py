"""Parameters changed by orders: within bounds, in the revision named, and shown as they are."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.orders import OrderState, PlaceOrder
from aia_mas.domain.economy.parameter_changes import (
    AMOUNTS,
    CHANGEABLE,
    LONGEST_PERIOD,
    LONGEST_WAIT,
    ChangeParameters,
)
from aia_mas.domain.economy.parameters import (
    PARAMETERS,
    AdoptConfiguredParameters,
    EconomicParameters,
    ParametersState,
    TierTerms,
)
from aia_mas.domain.economy.supply.terms import SupplyTerms
from aia_mas.domain.kernel.errors import InvalidValue
from aia_mas.domain.kernel.precondition import Precondition
from aia_mas.interfaces.http.bodies import decode
from aia_mas.interfaces.http.schemas.parameters import (
    ParametersChange,
    ShownParameters,
    shown_parameters,
)

from .supply_world import CLIENT, OPERATOR, TREASURER, World, an_agent

CONFIGURED_ONLY = {"supply"}


def change(world: World, by: Any = TREASURER, **changes: Any) -> OrderState | None:
    condition = changes.pop("condition", Precondition())
    return world.order(ChangeParameters(changes=changes, condition=condition), by)


def now(world: World) -> ParametersState:
    state: ParametersState = world.states[PARAMETERS]
    return state


def test_every_parameter_can_be_changed_and_is_shown_but_what_is_configured_only():
    fields = {field.name for field in msgspec.structs.fields(EconomicParameters)}
    assert fields - CONFIGURED_ONLY == CHANGEABLE
    assert {f.name for f in msgspec.structs.fields(ShownParameters)} == CHANGEABLE | {"revision"}
    assert {f.name for f in msgspec.structs.fields(ParametersChange)} == CHANGEABLE | {"reason"}


def test_given_parameters_are_changed_and_the_others_stay():
    world = World()
    before = now(world)

    order = change(world, jail_seconds=5, base_task_reward=7)

    assert order is not None and order.result == {"revision": before.revision + 1}
    expected = msgspec.structs.replace(before.parameters, jail_seconds=5, base_task_reward=7)
    assert now(world).parameters == expected


def test_the_same_again_changes_nothing():
    world = World()
    change(world, jail_seconds=5)
    before = now(world)
    change(world, jail_seconds=5)
    assert now(world) == before


def test_another_revision_than_the_one_named_is_left_alone():
    world = World()
    revision = now(world).revision
    change(world, jail_seconds=5, condition=Precondition(revisions=(revision,)))
    assert world.refused is None

    change(world, jail_seconds=6, condition=Precondition(revisions=(revision,)))

    assert world.refused == "precondition_failed"
    assert now(world).parameters.jail_seconds == 5


def test_what_was_changed_stays_changed_until_the_configuration_says_something_else():
    world = World()
    configured = now(world).configured
    change(world, jail_seconds=5)
    world.give(AdoptConfiguredParameters(parameters=configured), SETTLEMENT)
    assert now(world).parameters.jail_seconds == 5

    other = msgspec.structs.replace(configured, jail_seconds=9)
    world.give(AdoptConfiguredParameters(parameters=other), SETTLEMENT)
    assert now(world).parameters.jail_seconds == 9


@pytest.mark.parametrize("caller", [OPERATOR, CLIENT, an_agent("ann")])
def test_only_treasurers_and_admins_change_parameters(caller: Any):
    world = World()
    assert change(world, caller, jail_seconds=5) is None
    assert world.refused == "permission_denied"


TIER = {"name": "wood", "min_stake": 1, "multiplier_ppm": 1_000_000}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"supply": msgspec.to_builtins(SupplyTerms(faucet=True))}, "supply"),
        ({"nothing": 1}, "nothing"),
        ({"revision": 1}, "revision"),
        ({"base_task_reward": -1}, "base_task_reward"),
        ({"base_task_reward": 10**33 + 1}, "base_task_reward"),
        ({"base_task_reward": "1"}, "base_task_reward"),
        ({"stake_per_task": 0}, "stake_per_task"),
        ({"reward_block": 0}, "reward_block"),
        ({"unbonding_seconds": -1}, "unbonding_seconds"),
        ({"jail_window_seconds": 0}, "jail_window_seconds"),
        ({"unbonding_seconds": LONGEST_PERIOD + 1}, "unbonding_seconds"),
        ({"min_stake_age_seconds": LONGEST_PERIOD + 1}, "min_stake_age_seconds"),
        ({"jail_window_seconds": LONGEST_PERIOD + 1}, "jail_window_seconds"),
        ({"jail_seconds": LONGEST_WAIT + 1}, "jail_seconds"),
        ({"jail_lost_tasks": -1}, "jail_lost_tasks"),
        ({"jail_lost_tasks": 1_001}, "jail_lost_tasks"),
        ({"rating_window_seconds": LONGEST_WAIT + 1}, "rating_window_seconds"),
        ({"staking_reward_interval_seconds": 0}, "staking_reward_interval_seconds"),
        ({"staking_reward_interval_seconds": 10**9}, "staking_reward_interval_seconds"),
        ({"staking_reward_per_day": -1}, "staking_reward_per_day"),
        ({"stake_per_task": -1}, "stake_per_task"),
        ({"min_delegation": -1}, "min_delegation"),
        ({"gov_per_completion": -1}, "gov_per_completion"),
        ({"gov_per_vote": -1}, "gov_per_vote"),
        ({"gov_per_vote": 10**33 + 1}, "gov_per_vote"),
        ({"vote_reward_interval_seconds": 0}, "vote_reward_interval_seconds"),
        ({"vote_reward_interval_seconds": 59}, "vote_reward_interval_seconds"),
        ({"open_proposals_per_proposer": 0}, "open_proposals_per_proposer"),
        ({"open_proposals_per_proposer": 101}, "open_proposals_per_proposer"),
        ({"reporter_share_ppm": 1_000_001}, "reporter_share_ppm"),
        ({"reporter_share_ppm": -1}, "reporter_share_ppm"),
        ({"budget_warning_ppm": 1_000_001}, "budget_warning_ppm"),
        ({"proposal_kinds": []}, "proposal_kinds"),
        ({"tiers": []}, "tiers"),
        ({"tiers": [TIER, TIER]}, "tiers"),
        ({"tiers": [TIER, {**TIER, "name": "iron"}]}, "tiers"),
        (
            {"tiers": [TIER, {"name": "iron", "min_stake": 2, "multiplier_ppm": 999_999}]},
            "tiers",
        ),
        ({"tiers": [{**TIER, "name": "Wood"}]}, "tiers.0.name"),
        ({"tiers": [{**TIER, "min_stake": -1}]}, "tiers.0.min_stake"),
        ({"tiers": [{**TIER, "multiplier_ppm": 0}]}, "tiers.0.multiplier"),
        ({"tiers": [{**TIER, "multiplier_ppm": 100_000_001}]}, "tiers.0.multiplier"),
        ({"tiers": [{**TIER, "name": f"t{n}", "min_stake": n} for n in range(33)]}, "tiers"),
    ],
)
def test_parameters_out_of_bounds_are_refused_when_ordered(changes: Any, field: str):
    world = World()
    decision = world.give(_placed(changes), TREASURER)
    assert decision.refusal is not None
    assert decision.refusal.field == field  # type: ignore[attr-defined]
    assert decision.events == ()


def _placed(changes: Any) -> PlaceOrder:
    return PlaceOrder(order_id="o", order=ChangeParameters(changes=changes))


def test_everything_that_is_wrong_is_told_at_once():
    world = World()
    refusal = world.give(_placed({"jail_seconds": -1, "base_task_reward": -1}), TREASURER).refusal
    assert {each.field for each in refusal.all} == {"jail_seconds", "base_task_reward"}


amounts = st.integers(1, 10**33)
parameters = st.builds(
    EconomicParameters,
    base_task_reward=amounts,
    stake_per_task=amounts,
    reward_block=amounts,
    reporter_share_ppm=st.integers(0, 1_000_000),
    min_delegation=amounts,
    jail_seconds=st.integers(0, LONGEST_WAIT),
    tiers=st.lists(
        st.tuples(st.integers(0, 10**33), st.integers(1, 10**8)),
        min_size=1,
        unique_by=lambda t: t[0],
    ).map(
        lambda rows: tuple(
            TierTerms(name=f"t{number}", min_stake=stake, multiplier_ppm=factor)
            for number, (stake, factor) in enumerate(
                zip(sorted(s for s, _ in rows), sorted(f for _, f in rows), strict=True)
            )
        )[:32]
    ),
)


@given(parameters)
def test_what_is_shown_says_exactly_what_is_in_force(known: EconomicParameters):
    """Sent back as it was shown, it is the same again: nothing is lost on the way."""
    shown = msgspec.to_builtins(shown_parameters(ParametersState(parameters=known, revision=3)))
    assert shown.pop("revision") == 3
    for name in AMOUNTS:
        assert isinstance(shown[name], str)

    order = decode(msgspec.json.encode(shown), ParametersChange).order(Precondition())

    world = World()
    world.order(order, TREASURER)
    assert world.refused is None
    assert now(world).parameters == msgspec.structs.replace(
        known, supply=now(world).configured.supply
    )


@pytest.mark.parametrize(
    "multiplier",
    ["1_0", "nan", "inf", "1e400", "\uff11", "", "1.0000001", "1.00000000000000001", "-1"],
)
def test_a_multiplier_is_a_plain_number(multiplier: str):
    tier = {"name": "wood", "min_stake": "1", "multiplier": multiplier}
    body = msgspec.json.encode({"tiers": [tier]})
    with pytest.raises(InvalidValue) as refused:
        decode(body, ParametersChange).order(Precondition())
    assert refused.value.field == "tiers.0.multiplier"
