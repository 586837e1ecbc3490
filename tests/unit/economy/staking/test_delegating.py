"""Delegation of stake: it counts for another agent, stays its owner's, and comes back in time."""

import pytest
from msgspec.structs import replace

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.staking.commands import Delegate, Stake, Undelegate, Unstake
from aia_mas.domain.economy.staking.events import DelegationReceived, StakeDelegated
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.agent import AgentState, AgentStatus
from aia_mas.domain.orchestration.agent_events import AgentUnregistered
from aia_mas.domain.orchestration.capabilities import Capabilities

from .stake_world import ADMIN, HANDLERS, NOW, OPERATOR, World, agent

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
        (delegate(9), "delegation_too_small"),
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


def test_what_is_added_or_taken_leaves_no_delegation_that_is_too_small():
    world = staked_world(unbonding_seconds=DAY)
    world.do(delegate(30))
    world.do(delegate(1))

    assert code_of(world, undelegate(22)) == "delegation_too_small"
    # What is on its way back takes one of the places, too.
    assert code_of(world, undelegate(9)) == "delegation_too_small"
    world.do(undelegate(10))
    world.change_terms(min_delegation=100 * ONE)
    assert code_of(world, undelegate(10)) == "delegation_too_small"
    assert code_of(world, delegate(78)) == "delegation_too_small"
    # Whoever has less, by a slash or by other parameters, takes all of it back, or adds to it.
    world.do(delegate(79))
    world.do(undelegate(None, 2))

    assert world.stake("ann").received == world.stake("bob").received == 0
    assert world.stake("ann").delegated == 110 * ONE


def test_without_a_period_any_part_is_back_at_once():
    world = staked_world()
    world.do(delegate(30))

    world.do(undelegate(1))

    assert effective(world) == (971, 1_029)
    assert code_of(world, undelegate(20)) == "delegation_too_small"


def test_dust_fills_none_of_the_places_of_an_agent():
    world = staked_world()
    for number in range(70):
        dust = delegate(0, f"giver{number}", "bob")
        world.states[f"account/wallet:AIA:giver{number}"] = world.states["account/staked:AIA:bob"]
        world.do(Stake(agent_id=f"giver{number}", amount=ONE, transfer_id=f"s{number}"))
        assert code_of(world, replace(dust, amount=ONE)) == "delegation_too_small"

    world.do(delegate(100))

    assert len(world.stake("bob").got) == 1


def test_delegations_are_bounded_on_both_sides():
    world = staked_world(min_delegation=ONE)
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


@pytest.mark.parametrize("seconds", [0, DAY])
def test_an_agent_that_came_back_meanwhile_keeps_its_delegations_and_its_stake(seconds):
    # Given an agent that left, and works of a leader that has not heard that it is back
    world = staked_world(unbonding_seconds=seconds)
    world.do(delegate(400))
    world.do(delegate(300, "bob", "ann"))
    world.happen("agent/ann", AgentUnregistered(at=NOW))
    works = world.dues.due(world.now, 100)
    assert {type(work.command) for work in works} == {Undelegate, Unstake}
    back = AgentState(
        status=AgentStatus.ACTIVE,
        online=True,
        capabilities=Capabilities(),
        owner="ann",
        revision=1,
        registered_at=NOW,
    )
    world.states["agent/ann"] = back

    # When they are carried out
    before = dict(world.states)
    decisions = [world.decide(work.command, SETTLEMENT) for work in works]

    # Then nothing is: and what they went by is expected to be as it was
    assert all(each.refusal is None and not each.events for each in decisions)
    assert world.states == before
    assert all("agent/ann" in _reads(work.command) for work in works)
    # As an agent that is gone it loses what is left of them.
    world.states["agent/ann"] = replace(back, status=AgentStatus.UNREGISTERED)
    assert all(world.decide(work.command, SETTLEMENT).events for work in works)


def _reads(command) -> tuple[str, ...]:
    return HANDLERS[type(command)].reads(command)
