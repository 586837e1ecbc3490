"""Initial stakes: by the faucet in development, out of a balance or a grant elsewhere."""

from __future__ import annotations

import pytest

from aia_mas.domain.economy.accounts import staked, treasury, wallet
from aia_mas.domain.economy.orders import OrderPlaced, OrderStatus, PlaceOrder, order_stream
from aia_mas.domain.economy.staking.commands import Unstake
from aia_mas.domain.economy.supply.faucet import Faucet
from aia_mas.domain.economy.supply.initial_stake import InitialStake
from aia_mas.domain.economy.supply.treasury_orders import Fund, Mint
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_commands import PutAgent
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities

from .supply_world import (
    BEGINS,
    CLIENT,
    DEV,
    ELSEWHERE,
    NOW,
    OPERATOR,
    TREASURER,
    World,
    an_agent,
)


def granted(world: World, owner: str, amount: int) -> None:
    world.order(Mint(token="AIA", amount=amount), TREASURER)
    world.order(Fund(account=wallet(owner), token="AIA", amount=amount), TREASURER)
    assert world.refused is None


def put(agent_id: str, stake: int) -> PutAgent:
    return PutAgent(agent_id=agent_id, capabilities=Capabilities(), initial_stake=stake)


# In development


def test_a_registration_orders_its_stake_and_the_faucet_pays_for_it():
    world = World(BEGINS)
    decision = world.register("ann", 100)
    assert [type(event) for _, event in decision.events] == [AgentRegistered, OrderPlaced]
    stake_id = world.states["agent/ann"].stake_id

    world.settle()

    order = world.states[order_stream(stake_id)]
    assert order.status is OrderStatus.EXECUTED
    assert order.result["agent_id"] == "ann"
    assert world.stake("ann").bonded == world.balance(staked("ann")) == 100
    assert (world.balance(wallet("ann")), world.balance(treasury())) == (0, 600)
    world.check()


def test_a_registration_without_a_stake_is_what_it_was():
    world = World(BEGINS)
    decision = world.register("ann", 0)
    assert decision.events[0][1].stake_id == ""
    assert len(decision.events) == 1


def test_a_put_of_a_new_agent_stakes_and_one_of_a_known_agent_does_not():
    world = World(BEGINS)
    world.give(put("ann", 100))
    world.settle()
    before = len(world.log)

    world.give(put("ann", 200))
    world.settle()

    assert len(world.log) == before
    assert world.stake("ann").bonded == 100


def test_what_is_in_the_wallet_or_staked_already_counts():
    world = World(BEGINS)
    world.order(Faucet(owner="ann", amount=30))
    world.register("ann", 100)
    world.settle()
    assert (world.stake("ann").bonded, world.balance(wallet("ann"))) == (100, 0)
    assert world.balance("issuance:AIA") == -(700 + 30 + 70)

    world.unregister("ann")
    world.register("ann", 120)
    world.settle()

    assert world.stake("ann").bonded == 120
    assert world.balance("issuance:AIA") == -(700 + 100 + 20)
    world.check()


def test_coming_back_restores_the_stake_that_went_to_the_wallet():
    world = World(BEGINS)
    world.register("ann", 100)
    world.settle()
    world.give(Unstake(agent_id="ann", amount=None, transfer_id="back"))
    world.unregister("ann")
    assert world.balance(wallet("ann")) == 100

    world.register("ann", 100)
    world.settle()

    assert (world.stake("ann").bonded, world.balance(wallet("ann"))) == (100, 0)
    assert world.balance("issuance:AIA") == -800


def test_beyond_the_cap_the_agent_is_there_without_a_stake():
    world = World(BEGINS)
    world.settle()
    world.register("ann", 301)

    world.settle()

    order = world.states[order_stream(world.states["agent/ann"].stake_id)]
    assert order.refusal.code == "supply_cap_reached"
    assert world.stake("ann").bonded == 0
    world.check()


def test_who_left_before_it_was_staked_gets_none():
    world = World(BEGINS)
    world.register("ann", 100)
    world.unregister("ann")

    world.settle()

    order = world.states[order_stream(world.states["agent/ann"].stake_id)]
    assert order.refusal.code == "agent_not_found"
    assert world.balance(staked("ann")) == 0


def test_nobody_orders_an_initial_stake_but_by_a_registration():
    world = World(BEGINS)
    world.register("ann", 0)
    order = PlaceOrder(order_id="x", order=InitialStake(agent_id="ann", amount=100))
    for caller in (DEV, TREASURER, an_agent("ann")):
        world.give(order, caller)
        assert world.refused == "permission_denied"


# Before there was an economy


def old(world: World, agent_id: str, stake: int) -> None:
    """Have an agent come in as former releases recorded it."""
    registered = AgentRegistered(
        capabilities=Capabilities(), owner="o", initial_stake=stake, registered_at=NOW
    )
    world.happened([(f"agent/{agent_id}", registered)])


def test_agents_of_former_releases_are_staked_once():
    world = World(BEGINS)
    old(world, "ann", 100)
    old(world, "bob", 0)
    old(world, "cal", 50)
    world.unregister("cal")

    world.settle()
    before = len(world.log)
    world.settle()

    assert len(world.log) == before
    assert [world.stake(each).bonded for each in ("ann", "bob", "cal")] == [100, 0, 0]
    world.check()


def test_agents_of_former_releases_that_come_again_are_staked_by_that():
    world = World(BEGINS)
    old(world, "ann", 100)
    world.unregister("ann")
    world.register("ann", 40)

    world.settle()

    assert world.stake("ann").bonded == 40


def test_elsewhere_agents_of_former_releases_are_told_that_they_have_nothing():
    world = World(ELSEWHERE)
    old(world, "ann", 100)
    world.settle()

    orders = [state for stream, state in world.states.items() if stream.startswith("order/")]
    assert [order.refusal.code for order in orders] == ["insufficient_funds"]
    assert world.states["agent/ann"].status == "active"


# Elsewhere


@pytest.mark.parametrize("caller", [an_agent("ann"), DEV, TREASURER])
def test_elsewhere_a_registration_stakes_at_once_out_of_a_grant(caller):
    world = World()
    granted(world, "ann", 130)

    decision = world.register("ann", 100, caller)

    assert world.refused is None
    assert isinstance(decision.events[0][1], AgentRegistered)
    assert (world.stake("ann").bonded, world.balance(wallet("ann"))) == (100, 30)
    # Nothing of it is left to be ordered.
    before = len(world.log)
    world.settle()
    assert len(world.log) == before
    world.check()


@pytest.mark.parametrize("command", ["register", "put"])
def test_elsewhere_nothing_is_registered_without_the_funds(command):
    world = World()
    granted(world, "ann", 99)
    before = len(world.log)

    if command == "put":
        world.give(put("ann", 100), an_agent("ann"))
    else:
        world.register("ann", 100, an_agent("ann"))

    assert world.refused == "insufficient_funds"
    assert len(world.log) == before


@pytest.mark.parametrize("caller", [OPERATOR, CLIENT])
def test_elsewhere_nobody_stakes_what_is_anothers_by_registering_it(caller):
    world = World()
    granted(world, "ann", 100)
    world.register("ann", 100, caller)
    assert world.refused == "permission_denied"
    assert "agent/ann" not in world.states


def test_elsewhere_who_comes_back_with_its_stake_needs_nothing_more():
    world = World()
    granted(world, "ann", 100)
    world.register("ann", 100, an_agent("ann"))
    world.unregister("ann")

    world.register("ann", 100, an_agent("ann"))

    assert world.refused is None
    assert world.stake("ann").bonded == 100


def test_a_refused_registration_is_refused_as_before_whatever_it_would_stake():
    world = World()
    granted(world, "ann", 100)
    world.register("ann", 50, an_agent("ann"))
    world.register("ann", 50, an_agent("ann"))
    assert world.refused == "agent_already_registered"
    world.register("ann", -1, an_agent("ann"))
    assert world.refused == "agent_already_registered"
    world.register("..", 50, DEV)
    assert world.refused == "invalid_id"
    assert world.stake("ann").bonded == 50


def test_what_is_open_outlives_a_snapshot_whatever_its_amount():
    world = World(BEGINS)
    old(world, "ann", 10**33)
    old(world, "bob", 5)
    before = [work for each in world.lists for work in each.due(NOW, 100)]

    world.lists = [
        at_once(type(each).restore(list(at_once(each.snapshot())))) for each in world.lists
    ]

    assert [work for each in world.lists for work in each.due(NOW, 100)] == before
    assert len(before) == 4  # two of genesis, two of agents
