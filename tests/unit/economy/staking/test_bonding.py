"""Stake and unstake: what moves, when it counts, when it is back, and what is refused."""

import pytest

from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.staking.commands import (
    CancelUnbonding,
    MatureStake,
    ReleaseUnbonding,
    Stake,
    Unstake,
)
from aia_mas.domain.economy.staking.events import StakeBonded, StakeWithdrawn, UnbondingBegan
from aia_mas.domain.kernel import Decision, DomainError, Principal, Role
from aia_mas.domain.kernel.money import MAX_AMOUNT, ONE
from aia_mas.domain.orchestration.agent import evolve
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered
from aia_mas.domain.orchestration.capabilities import Capabilities

from .stake_world import ADMIN, NOW, OPERATOR, TREASURER, World, agent

DAY = 86_400


def stake(tokens: int = 100, transfer_id: str = "t1", **fields) -> Stake:
    return Stake(agent_id="ann", amount=tokens * ONE, transfer_id=transfer_id, **fields)


def unstake(tokens: int | None = 100, transfer_id: str = "u1", **fields) -> Unstake:
    amount = None if tokens is None else tokens * ONE
    return Unstake(agent_id="ann", amount=amount, transfer_id=transfer_id, **fields)


def code_of(world: World, command, by=ADMIN) -> str:
    before = dict(world.states)
    with pytest.raises(DomainError) as refused:
        world.do(command, by)
    assert world.states == before
    return refused.value.code


def test_stake_moves_from_the_wallet_and_counts_at_once():
    world = World({"ann": 500})

    (event,) = world.do(stake(200), agent("ann"))

    assert event == StakeBonded(
        amount=200 * ONE,
        transfer_id="t1",
        at=NOW,
        bonded=200 * ONE,
        effective=200 * ONE,
        earning=200 * ONE,
    )
    assert (world.tokens("wallet:AIA:ann"), world.tokens("staked:AIA:ann")) == (300, 200)


def test_the_same_stake_again_changes_nothing():
    world = World({"ann": 500})
    world.do(stake(200))

    assert world.do(stake(200)) == ()
    assert world.stake("ann").bonded == 200 * ONE


@pytest.mark.parametrize(
    "by", [ADMIN, TREASURER, agent("ann"), Principal("ann", frozenset({Role.CLIENT}))]
)
def test_who_owns_a_stake_or_runs_the_treasury_disposes_of_it(by):
    world = World({"ann": 500})

    world.do(stake(200), by)
    world.do(unstake(200), by)

    assert world.tokens("wallet:AIA:ann") == 500


@pytest.mark.parametrize("by", [OPERATOR, agent("bob"), Principal("ann", frozenset({Role.VIEWER}))])
def test_nobody_else_does(by):
    world = World({"ann": 500}, unbonding_seconds=DAY)
    world.do(stake(200))
    world.do(unstake(50))

    assert code_of(world, stake(transfer_id="t2"), by) == "permission_denied"
    assert code_of(world, unstake(transfer_id="u2"), by) == "permission_denied"
    cancel = CancelUnbonding(agent_id="ann", unbonding_id="u1", transfer_id="c1")
    assert code_of(world, cancel, by) == "permission_denied"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (stake(501), "insufficient_funds"),
        (stake(0), "zero_amount"),
        (stake(-1), "negative_amount"),
        (Stake(agent_id="ann", amount=MAX_AMOUNT + 1, transfer_id="t"), "amount_too_large"),
        (stake(1, token="EUR"), "unknown_token"),
        (stake(1, token="AIA_GOV"), "insufficient_funds"),
        (unstake(101), "insufficient_stake"),
        (unstake(0), "zero_amount"),
        (unstake(-1), "negative_amount"),
        (unstake(1, token="AIA_GOV"), "insufficient_stake"),
        (unstake(1, token="EUR"), "unknown_token"),
        (
            CancelUnbonding(agent_id="ann", unbonding_id="no", transfer_id="c"),
            "unbonding_not_found",
        ),
    ],
)
def test_bad_input_has_its_code_and_changes_nothing(command, code):
    world = World({"ann": 600})
    world.do(stake(100, "t0"))

    assert code_of(world, command) == code


def test_gov_bonds_and_unbonds_like_aia_but_makes_no_tier():
    world = World({"wallet:AIA_GOV:ann": 50}, unbonding_seconds=DAY)

    (event,) = world.do(stake(30, token="AIA_GOV"))
    world.do(unstake(10, token="AIA_GOV"))

    assert (event.bonded_gov, event.effective, event.earning) == (30 * ONE, 0, 0)
    assert world.tokens("unbonding:AIA_GOV:ann") == 10
    world.later(DAY)
    assert world.tokens("wallet:AIA_GOV:ann") == 30
    assert world.stake("ann").bonded_gov == 20 * ONE


def test_without_a_period_unstaking_is_at_once():
    world = World({"ann": 100})
    world.do(stake(100))

    (event,) = world.do(unstake(60))

    assert type(event) is StakeWithdrawn
    assert (event.bonded, event.unbonding) == (40 * ONE, 0)
    assert world.tokens("wallet:AIA:ann") == 60


def test_stake_unbonds_for_a_period_and_is_then_released_once():
    world = World({"ann": 100}, unbonding_seconds=DAY)
    world.do(stake(100))

    (event,) = world.do(unstake(60))

    assert type(event) is UnbondingBegan
    assert (event.bonded, event.effective, event.unbonding) == (40 * ONE, 40 * ONE, 60 * ONE)
    world.later(DAY - 1)
    assert world.tokens("wallet:AIA:ann") == 0
    world.later(1)
    assert world.tokens("wallet:AIA:ann") == 60
    assert world.stake("ann").unbondings == ()
    assert world.settle() == 0


def test_nobody_but_the_settlement_releases_or_matures():
    world = World({"ann": 100}, unbonding_seconds=1, min_stake_age_seconds=1)
    world.do(stake(100))
    world.do(unstake(60))
    world.now = NOW.replace(hour=1)

    release = ReleaseUnbonding(agent_id="ann", unbonding_id="u1", transfer_id="r1")
    assert code_of(world, release) == "system_account"
    assert code_of(world, MatureStake(agent_id="ann")) == "system_account"


def test_what_is_unbonding_can_be_bonded_again():
    world = World({"ann": 100}, unbonding_seconds=DAY)
    world.do(stake(100))
    world.do(unstake(60))

    world.do(CancelUnbonding(agent_id="ann", unbonding_id="u1", transfer_id="c1"), agent("ann"))

    assert world.stake("ann").effective == 100 * ONE
    world.later(2 * DAY)
    assert world.tokens("staked:AIA:ann") == 100
    again = CancelUnbonding(agent_id="ann", unbonding_id="u1", transfer_id="c2")
    assert code_of(world, again) == "unbonding_not_found"


def test_stake_counts_once_it_has_its_minimum_age():
    world = World({"ann": 300}, min_stake_age_seconds=DAY)
    (event,) = world.do(stake(100))
    assert (event.bonded, event.effective, event.earning) == (100 * ONE, 0, 0)

    world.later(DAY // 2)
    world.do(stake(200, "t2"))
    world.later(DAY // 2)

    assert world.stake("ann").effective == 100 * ONE
    world.later(DAY // 2)
    assert world.stake("ann").effective == 300 * ONE


def test_the_youngest_stake_is_taken_first():
    world = World({"ann": 300}, min_stake_age_seconds=DAY)
    world.do(stake(100))
    world.later(DAY)
    world.do(stake(100, "t2"))

    world.do(unstake(150))

    assert (world.stake("ann").matured, world.stake("ann").lots) == (50 * ONE, ())


def test_unbonding_and_cancelling_does_not_make_stake_older():
    world = World({"ann": 100}, min_stake_age_seconds=DAY, unbonding_seconds=10 * DAY)
    world.do(stake(100))
    world.do(unstake(100))
    world.do(CancelUnbonding(agent_id="ann", unbonding_id="u1", transfer_id="c1"))

    world.later(DAY - 1)

    assert world.stake("ann").effective == 0
    world.later(1)
    assert world.stake("ann").effective == 100 * ONE


def test_parts_are_bounded():
    world = World({"ann": 200}, min_stake_age_seconds=DAY, unbonding_seconds=DAY)
    for number in range(64):
        world.now = NOW.replace(second=number % 60, minute=number // 60)
        world.do(stake(1, f"t{number}"))
    world.now = NOW.replace(hour=1)
    assert code_of(world, stake(1, "t64")) == "too_many_lots"
    for number in range(32):
        world.do(unstake(1, f"u{number}"))
    assert code_of(world, unstake(1, "u32")) == "too_many_unbondings"


def test_an_agent_that_leaves_gets_its_stake_back_and_keeps_its_wallet():
    world = World({"ann": 100, "wallet:AIA_GOV:ann": 5}, unbonding_seconds=DAY)
    world.happen(
        "agent/ann",
        AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=NOW),
    )
    world.do(stake(90))
    world.do(stake(5, "g", token="AIA_GOV"))

    world.happen("agent/ann", AgentUnregistered(at=NOW))
    world.settle()

    assert (world.stake("ann").bonded, world.stake("ann").bonded_gov) == (0, 0)
    world.later(DAY)
    assert (world.tokens("wallet:AIA:ann"), world.tokens("wallet:AIA_GOV:ann")) == (100, 5)
    assert world.settle() == 0


def test_an_agent_that_is_back_keeps_what_was_not_taken_yet():
    world = World({"ann": 100})
    joined = AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=NOW)
    world.happen("agent/ann", joined)
    world.do(stake(90))

    world.happen("agent/ann", AgentUnregistered(at=NOW), joined)
    world.settle()

    assert world.stake("ann").bonded == 90 * ONE


def test_nothing_is_taken_from_who_came_back_while_that_was_on_its_way():
    world = World({"ann": 100})
    joined = AgentRegistered(capabilities=Capabilities(), owner="o", registered_at=NOW)
    world.do(stake(90))
    world.happen("agent/ann", AgentUnregistered(at=NOW))
    (work,) = world.dues.due(NOW, 10)

    world.states["agent/ann"] = evolve(None, joined)
    assert world.decide(work.command, SETTLEMENT) == Decision()
    world.states["agent/ann"] = evolve(world.states["agent/ann"], AgentUnregistered(at=NOW))
    assert world.decide(work.command, SETTLEMENT).events
