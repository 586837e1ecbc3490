"""Orders into which the settlement fills what it knows: the log has the last word on that."""

from __future__ import annotations

import pytest

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.orders import OrderStatus, PlaceOrder, order_stream
from aia_mas.domain.economy.staking.commands import Delegate, Stake
from aia_mas.domain.economy.staking.rewards import ClaimRewards, NotifyStakingRewards
from aia_mas.domain.economy.staking.slashing import Slash
from aia_mas.domain.economy.todo import Work
from aia_mas.domain.kernel import DomainError, Principal
from aia_mas.domain.kernel.money import ONE

from .stake_world import ADMIN, OPERATOR, TREASURER, World, agent

CLAIM = ClaimRewards(agent_id="ann")


@pytest.fixture
def world() -> World:
    """Ann and bob have staked as much, and earned 50 each."""
    world = World({"ann": 500, "bob": 500, "reward_pool:AIA": 1_000})
    for name in ("ann", "bob"):
        world.do(Stake(agent_id=name, amount=500 * ONE, transfer_id=f"s-{name}"))
    world.order(NotifyStakingRewards(amount=100 * ONE))
    return world


def works(world: World) -> list[Work]:
    return [work for each in world.lists for work in each.due(world.now, 9)]


def status(world: World, order_id: str) -> OrderStatus:
    return world.states[order_stream(order_id)].status


def test_a_claim_reckoned_before_another_one_was_paid_is_reckoned_again(world):
    for order_id in ("c1", "c2"):
        world.do(PlaceOrder(order_id=order_id, order=CLAIM))
    first, second = works(world)
    world.do(first.command, SETTLEMENT)

    stale = world.decide(second.command, SETTLEMENT)

    assert (stale.refusal.code, stale.events) == ("conflict", ())
    assert status(world, "c2") is OrderStatus.PLACED
    world.settle()
    assert world.states[order_stream("c2")].refusal.code == "nothing_to_claim"
    assert world.tokens("wallet:AIA:ann") == pytest.approx(50)
    assert works(world) == []


def test_a_slash_reckoned_before_somebody_delegated_is_reckoned_again(world):
    wanted = Slash(agent_id="ann", evidence_id="e", fraction_ppm=100_000)
    world.do(PlaceOrder(order_id="s", order=wanted))
    (work,) = works(world)
    world.do(Delegate(agent_id="bob", to="ann", amount=100 * ONE))

    stale = world.decide(work.command, SETTLEMENT)

    assert (stale.refusal.code, stale.events) == ("conflict", ())
    world.settle()
    assert status(world, "s") is OrderStatus.EXECUTED
    assert world.stake("bob").bonded == 490 * ONE


def test_what_is_filled_in_cannot_be_ordered(world):
    with pytest.raises(DomainError) as refused:
        world.do(PlaceOrder(order_id="c", order=ClaimRewards(agent_id="ann", owed=ONE)))

    assert refused.value.code == "invalid_value"


def test_an_order_shows_only_what_was_ordered(world):
    world.do(PlaceOrder(order_id="c", order=CLAIM))

    assert world.states[order_stream("c")].order == {"agent_id": "ann"}


@pytest.mark.parametrize("by", [OPERATOR, agent("bob")])
def test_nobody_claims_for_others(world: World, by: Principal) -> None:
    with pytest.raises(DomainError) as refused:
        world.order(CLAIM, by)

    assert refused.value.code == "permission_denied"


@pytest.mark.parametrize("by", [ADMIN, TREASURER, agent("ann")])
def test_a_claim_pays_whole_units_into_the_wallet(world: World, by: Principal) -> None:
    paid = world.order(CLAIM, by)

    assert world.tokens("wallet:AIA:ann") == pytest.approx(50)
    assert float(paid["amount"]) == pytest.approx(50)
    assert world.stake("ann").claimed == world.balance("wallet:AIA:ann")


@pytest.mark.parametrize("by", [OPERATOR, agent("ann")])
def test_only_the_treasury_sets_rewards_aside(world: World, by: Principal) -> None:
    with pytest.raises(DomainError) as refused:
        world.order(NotifyStakingRewards(amount=1), by)

    assert refused.value.code == "permission_denied"


def test_no_more_is_set_aside_than_the_pool_has(world):
    with pytest.raises(DomainError) as refused:
        world.order(NotifyStakingRewards(amount=901 * ONE))

    assert refused.value.code == "insufficient_funds"
    assert world.earnings.index.notified == 100 * ONE


def test_the_daily_rate_is_shared_once_for_each_interval_while_anybody_stakes():
    world = World({"ann": 500, "reward_pool:AIA": 100}, staking_reward_per_day=24 * ONE)
    world.later(7_200)
    assert world.earnings.index.notified == 0, "nobody staked"
    world.do(Stake(agent_id="ann", amount=500 * ONE, transfer_id="s"))

    world.later(3_599)
    assert world.earnings.index.notified == 0
    world.later(1)
    assert world.earnings.index.notified == ONE
    assert world.settle() == 0
    # Also for the time in which nobody settled; of the pool no more than there is.
    world.later(10 * 3_600)
    assert world.earnings.index.notified == 11 * ONE
    world.later(100 * 3_600)
    assert world.earnings.index.notified == 100 * ONE
    assert world.balance("reward_pool:AIA") == 0
