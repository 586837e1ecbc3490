"""Delegation of stake: it counts for another agent, stays its owner's, and comes back in time."""

import pytest

from aia_mas.domain.economy.staking.commands import Delegate, Stake, Undelegate, Unstake
from aia_mas.domain.economy.staking.events import DelegationReceived, StakeDelegated
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.agent_events import AgentUnregistered

from .stake_world import ADMIN, NOW, OPERATOR, World, agent

DAY = 86_400


def staked_world(**terms) -> World:
    world = World({"ann": 1_000, "bob": 1_000}, **terms)
    for agent_id in ("ann", "bob"):
        amount = 1_000 * ONE
        world.do(Stake(agent_id=agent_id, amount=amount, transfer_id=f"s-{agent_id}"))
    world.later(terms.get("min_stake_age_seconds", 0))
    return world


def delegate(tokens: int, agent_id: str = "ann", to: str = "bob") -> Delegate:
    return Delegate(agent_id=agent_id, to=to, amount=tokens * ONE)


def undelegate(tokens: int | None = None, number: int = 1) -> Undelegate:
    amount = None if tokens is None else tokens * ONE
    return Undelegate(agent_id="ann", to="bob", amount=amount, undelegation_id=f"u{number}")


def code_of(world: World, command, by=ADMIN) -> str:
    before = dict(world.states)
    with pytest.raises(DomainError) as refused:
        world.do(command, by)
    assert world.states == before
    return refused.value.code


def effective(world: World) -> tuple[int, int]:
    return world.stake("ann").effective // ONE, world.stake("bob").effective // ONE


def test_delegated_stake_counts_for_the_other_and_earns_for_its_owner():
    world = staked_world()

    given, got = world.do(delegate(400), agent("ann"))

    assert given == StakeDelegated(
        to="bob",
        amount=400 * ONE,
        at=NOW,
        bonded=1_000 * ONE,
        effective=600 * ONE,
        earning=1_000 * ONE,
    )
    assert type(got) is DelegationReceived
    assert (got.bonded, got.effective, got.earning) == (1_000 * ONE, 1_400 * ONE, 1_000 * ONE)
    assert world.tokens("staked:AIA:ann") == 1_000


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (delegate(1, to="ann"), "self_delegation"),
        (delegate(1_001), "insufficient_stake"),
        (delegate(0), "zero_amount"),
        (delegate(-1), "negative_amount"),
        (undelegate(), "delegation_not_found"),
    ],
)
def test_bad_input_has_its_code_and_changes_nothing(command, code):
    assert code_of(staked_world(), command) == code


def test_what_is_delegated_cannot_be_unstaked_or_delegated_again():
    world = staked_world()
    world.do(delegate(700))

    out = Unstake(agent_id="ann", amount=301 * ONE, transfer_id="u")
    assert code_of(world, out) == "insufficient_stake"
    assert code_of(world, delegate(301, to="cal")) == "insufficient_stake"
    # What was delegated to an agent is not its own to give on, or to take.
    given_on = Unstake(agent_id="bob", amount=1_001 * ONE, transfer_id="u")
    assert code_of(world, given_on) == "insufficient_stake"


def test_only_stake_that_counts_can_be_delegated():
    world = World({"ann": 100}, min_stake_age_seconds=DAY)
    world.do(Stake(agent_id="ann", amount=100 * ONE, transfer_id="s"))

    assert code_of(world, delegate(1)) == "insufficient_stake"


def test_without_a_period_it_is_back_at_once():
    world = staked_world()
    world.do(delegate(400))

    world.do(undelegate(150), agent("ann"))

    assert effective(world) == (750, 1_250)
    assert code_of(world, undelegate(251)) == "insufficient_stake"


def test_with_a_period_it_counts_for_nobody_meanwhile():
    world = staked_world(unbonding_seconds=DAY)
    world.do(delegate(400))

    world.do(undelegate(150), agent("ann"))

    assert effective(world) == (600, 1_250)
    out = Unstake(agent_id="ann", amount=601 * ONE, transfer_id="u")
    assert code_of(world, out) == "insufficient_stake"
    world.later(DAY - 1)
    assert effective(world) == (600, 1_250)
    world.later(1)
    assert effective(world) == (750, 1_250)
    assert world.settle() == 0


def test_whoever_got_a_delegation_may_give_it_back_and_others_may_not():
    world = staked_world()
    world.do(delegate(400))

    assert code_of(world, undelegate(), agent("cal")) == "permission_denied"
    assert code_of(world, undelegate(), OPERATOR) == "permission_denied"
    world.do(undelegate(), agent("bob"))

    assert effective(world) == (1_000, 1_000)
    assert code_of(world, delegate(1), agent("bob")) == "permission_denied"


def test_delegations_are_bounded_on_both_sides():
    world = staked_world()
    for number in range(16):
        world.do(delegate(1, to=f"to{number}"))
    assert code_of(world, delegate(1)) == "too_many_delegations"
    world.do(delegate(1, to="to3"))
    for number in range(64):
        giver = f"giver{number}"
        world.states[f"account/wallet:AIA:{giver}"] = world.states["account/staked:AIA:bob"]
        world.do(Stake(agent_id=giver, amount=ONE, transfer_id=f"s-{giver}"))
        world.do(delegate(1, giver, "zoe"))
    assert code_of(world, delegate(1, "bob", "zoe")) == "too_many_delegations"


@pytest.mark.parametrize("seconds", [0, DAY])
def test_when_an_agent_leaves_all_delegations_with_it_end(seconds):
    world = staked_world(unbonding_seconds=seconds)
    world.do(delegate(400))
    world.do(delegate(300, "bob", "ann"))

    world.happen("agent/ann", AgentUnregistered(at=NOW))
    world.settle()
    world.later(seconds)
    world.later(seconds)

    assert world.stake("ann").is_empty
    assert effective(world) == (0, 1_000)
    assert world.tokens("wallet:AIA:ann") == 1_000
