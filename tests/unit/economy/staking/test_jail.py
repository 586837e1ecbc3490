"""Jail: agents that go missing too often, and how they get out."""

from datetime import timedelta

import pytest

from aia_mas.domain.economy.staking.commands import Delegate, Jail, Stake, Unjail, Unstake
from aia_mas.domain.economy.staking.events import AgentJailed
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.money import ONE
from aia_mas.domain.orchestration.task_events import ReleaseReason, TaskReleased, TaskStatus

from .stake_world import ADMIN, NOW, OPERATOR, World, agent

TERMS = {"jail_lost_tasks": 3, "jail_window_seconds": 3_600, "jail_seconds": 600}
UNJAIL = Unjail(agent_id="ann")


def lose(world: World, agent_id: str = "ann", **fields) -> None:
    event = TaskReleased(
        agent_id=agent_id,
        attempt=1,
        outcome=TaskStatus.QUEUED,
        released_at=world.now,
        **{"reason": ReleaseReason.LEASE_EXPIRED, **fields},
    )
    world.happen(f"task/{world.new_id()}", event)
    world.settle()


def staked_world(**terms) -> World:
    world = World({"ann": 500}, **{**TERMS, **terms})
    world.do(Stake(agent_id="ann", amount=500 * ONE, transfer_id="s"))
    return world


def jailed_world() -> World:
    world = staked_world()
    for _ in range(3):
        lose(world)
    assert world.stake("ann").jailed_until is not None
    return world


def code_of(world: World, command, by=ADMIN) -> str:
    with pytest.raises(DomainError) as refused:
        world.do(command, by)
    return refused.value.code


def test_whoever_loses_so_many_tasks_within_the_window_is_jailed():
    world = staked_world()
    lose(world)
    lose(world)
    assert world.stake("ann").jailed_until is None

    lose(world)

    stake = world.stake("ann")
    assert stake.jailed_until == NOW + timedelta(seconds=600)
    assert (stake.bonded, stake.effective, stake.earning) == (500 * ONE, 0, 0)
    assert world.settle() == 0


def test_losses_that_lie_further_apart_do_not_add_up():
    world = staked_world()
    for _ in range(5):
        lose(world)
        world.later(1_801)

    assert world.stake("ann").jailed_until is None


def test_what_was_not_begun_and_what_was_moved_by_hand_is_no_loss():
    world = staked_world()
    for _ in range(3):
        lose(world, begun=False)
        lose(world, reason=ReleaseReason.REASSIGNED, by="ops")

    assert world.stake("ann").jailed_until is None


def test_there_is_no_jail_when_the_parameters_say_so():
    world = staked_world(jail_lost_tasks=0)
    for _ in range(9):
        lose(world)

    assert world.stake("ann").jailed_until is None


def test_whoever_has_no_stake_is_not_jailed():
    world = staked_world()
    for _ in range(9):
        lose(world, "bob")

    assert world.stake("bob").jailed_until is None
    assert world.settle() == 0


def test_an_agent_gets_out_by_itself_once_its_time_is_over():
    world = jailed_world()
    assert code_of(world, UNJAIL, agent("ann")) == "still_jailed"
    assert code_of(world, UNJAIL, agent("bob")) == "permission_denied"
    assert code_of(world, UNJAIL, OPERATOR) == "permission_denied"

    world.later(600)
    world.do(UNJAIL, agent("ann"))

    assert world.stake("ann").effective == 500 * ONE
    assert code_of(world, UNJAIL, agent("ann")) == "not_jailed"
    lose(world)
    assert world.stake("ann").jailed_until is None, "what it lost before counts no longer"


def test_nobody_but_the_settlement_jails():
    assert code_of(staked_world(), Jail(agent_id="ann", lost=3)) == "system_account"


def test_a_jailed_agent_may_stake_and_unstake_and_stays_there():
    world = jailed_world()

    world.do(Unstake(agent_id="ann", amount=200 * ONE, transfer_id="u"))
    world.do(Stake(agent_id="ann", amount=100 * ONE, transfer_id="t"))

    assert (world.stake("ann").bonded, world.stake("ann").effective) == (400 * ONE, 0)


def test_what_others_delegated_to_a_jailed_agent_counts_for_nobody():
    world = jailed_world()
    world.states["account/wallet:AIA:bob"] = world.states["account/staked:AIA:ann"]
    world.do(Stake(agent_id="bob", amount=500 * ONE, transfer_id="b"))

    world.do(Delegate(agent_id="bob", to="ann", amount=500 * ONE))

    assert (world.stake("ann").effective, world.stake("bob").effective) == (0, 0)


def test_a_jailed_agent_does_not_have_its_stake_count_for_another_one():
    world = jailed_world()

    assert code_of(world, Delegate(agent_id="ann", to="bob", amount=100 * ONE)) == "stake_jailed"

    world.later(600)
    world.do(UNJAIL, agent("ann"))
    world.do(Delegate(agent_id="ann", to="bob", amount=100 * ONE))
    assert world.stake("bob").effective == 100 * ONE


def test_jail_stands_in_the_log_with_what_was_lost():
    world = staked_world()
    events = []
    happen = world.happen
    world.happen = lambda stream, *some: (events.extend(some), happen(stream, *some))
    for _ in range(3):
        lose(world)

    (event,) = [each for each in events if isinstance(each, AgentJailed)]
    assert event.lost == 3
