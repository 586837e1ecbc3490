"""Reserving and settling: one entry, out of what was reserved, each number once."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from aia_mas.domain.economy.accounts import AIA_GOV, account_stream, reward_pool, wallet
from aia_mas.domain.economy.authority import SETTLEMENT
from aia_mas.domain.economy.ledger import AccountState
from aia_mas.domain.economy.ledger.events import BalanceChanged, TransferPosted
from aia_mas.domain.economy.rewards import blocks
from aia_mas.domain.economy.rewards.blocks import (
    RESERVED,
    ReserveRewards,
    reserve_rewards,
    streams_of_block,
)
from aia_mas.domain.economy.rewards.events import BLOCKS, RewardBlockReserved, RewardsSettled
from aia_mas.domain.economy.rewards.factor import Punctuality
from aia_mas.domain.economy.rewards.settling import (
    MOST,
    Completion,
    SettleRewards,
    settle_rewards,
    streams_of_settlement,
)
from aia_mas.domain.economy.rewards.work import STAKE_LOST
from aia_mas.domain.kernel import Context, Decision, Principal, Role
from aia_mas.domain.kernel.event import Event
from aia_mas.domain.kernel.money import ONE

from .reward_stories import NOW, block, settled, terms

ADMIN = Principal("root", frozenset({Role.ADMIN}))
GOV_POOL = reward_pool(AIA_GOV)


def states_of(
    streams: tuple[str, ...], balances: dict[str, int], *happened: Event
) -> dict[str, Any]:
    """Return the states that a decision reads (``balances``: tokens by account)."""
    states: dict[str, Any] = dict.fromkeys(streams)
    for account, tokens in balances.items():
        states[account_stream(account)] = AccountState(balance=tokens * ONE)
    for event in happened:
        states[BLOCKS] = blocks.evolve(states[BLOCKS], event)
    return {stream: states[stream] for stream in streams}


def reserve(
    command: ReserveRewards, pool: int, *before: Event, by: Principal = SETTLEMENT
) -> Decision:
    states = states_of(streams_of_block(command), {reward_pool(): pool}, *before)
    return reserve_rewards(states, command, Context(NOW, 0, by))


def settle(
    command: SettleRewards,
    balances: dict[str, int],
    *before: Event,
    by: Principal = SETTLEMENT,
) -> Decision:
    states = states_of(streams_of_settlement(command), balances, *before)
    return settle_rewards(states, command, Context(NOW, 0, by))


def done(task_id: str = "1", agent_id: str = "a", **changes: Any) -> Completion:
    return replace(Completion(task_id, 1, agent_id, terms()), **changes)


def settlement(*completions: Completion, number: int = 1, gov: int = 0) -> SettleRewards:
    return SettleRewards(number=number, completions=completions, gov=gov * ONE)


def balances_after(decision: Decision) -> dict[str, int]:
    """Return what each account came to, tokens."""
    return {
        stream.partition("/")[2]: event.balance // ONE
        for stream, event in decision.events
        if isinstance(event, BalanceChanged)
    }


def the(kind: type[Any], decision: Decision) -> Any:
    (found,) = [event for _, event in decision.events if isinstance(event, kind)]
    return found


def code_of(decision: Decision) -> str:
    assert decision.events == ()
    assert decision.refusal is not None
    return decision.refusal.code


def test_a_block_moves_from_the_pool_to_what_is_reserved():
    decision = reserve(ReserveRewards(1, 40 * ONE), 100)

    assert balances_after(decision) == {reward_pool(): 60, RESERVED: 40}
    assert the(RewardBlockReserved, decision) == RewardBlockReserved(
        block=1, amount=40 * ONE, transfer_id="rewards:block:1", at=NOW
    )


def test_the_last_block_is_what_the_pool_has_left():
    decision = reserve(ReserveRewards(1, 40 * ONE), 7)

    assert balances_after(decision) == {reward_pool(): 0, RESERVED: 7}
    assert the(RewardBlockReserved, decision).amount == 7 * ONE


def test_an_empty_pool_has_no_block():
    assert code_of(reserve(ReserveRewards(1, 40 * ONE), 0)) == "reward_pool_empty"


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_block_has_the_next_number_or_is_refused(number):
    decision = reserve(ReserveRewards(number, ONE), 100, block(1, 10))

    assert code_of(decision) == "rewards_moved_on"


def test_only_the_settlement_reserves_and_settles():
    assert code_of(reserve(ReserveRewards(1, ONE), 100, by=ADMIN)) == "system_account"
    for completion in (done(), done(forfeited=STAKE_LOST)):
        decision = settle(settlement(completion), {RESERVED: 100}, by=ADMIN)
        assert code_of(decision) == "system_account"


def test_many_completions_are_one_entry_with_a_leg_for_each_account():
    decision = settle(
        settlement(
            done("1", rating_ppm=1_000_000, punctuality=Punctuality.EARLY),
            done("2"),
            done("3", "b", rating_ppm=0, punctuality=Punctuality.LATE),
        ),
        {RESERVED: 54, wallet("a"): 5},
    )

    # 18 and 12 for a, 6 for b.
    assert balances_after(decision) == {wallet("a"): 35, wallet("b"): 6, RESERVED: 18}
    legs = the(TransferPosted, decision).legs
    assert {leg.account: leg.amount // ONE for leg in legs} == {
        wallet("a"): 30,
        wallet("b"): 6,
        RESERVED: -36,
    }
    event = the(RewardsSettled, decision)
    assert (event.number, event.reward, event.freed) == (1, 36 * ONE, 18 * ONE)
    assert event.transfer_id == "rewards:settled:1"
    assert [(item.task_id, item.factor_ppm, item.reward // ONE) for item in event.items] == [
        ("1", 1_500_000, 18),
        ("2", 1_000_000, 12),
        ("3", 500_000, 6),
    ]


def test_what_was_reserved_is_paid_or_given_back():
    event = the(RewardsSettled, settle(settlement(done(), done("2")), {RESERVED: 100}))

    assert event.reward + event.freed == 2 * terms().reserved


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_settlement_has_the_next_number_or_is_refused(number):
    decision = settle(
        settlement(done(), number=number), {RESERVED: 100}, block(1, 100), settled(1, {"0": 1})
    )

    assert code_of(decision) == "rewards_moved_on"


def test_gov_is_earned_in_the_same_entry():
    decision = settle(settlement(done("1"), done("2", "b"), gov=2), {RESERVED: 50, GOV_POOL: 100})

    after = balances_after(decision)
    assert (after[GOV_POOL], after[wallet("a", AIA_GOV)], after[wallet("b", AIA_GOV)]) == (96, 2, 2)
    event = the(RewardsSettled, decision)
    assert event.gov == 4 * ONE
    assert [item.gov for item in event.items] == [2 * ONE, 2 * ONE]
    assert len([each for _, each in decision.events if isinstance(each, TransferPosted)]) == 1


def test_where_gov_runs_out_the_reward_is_paid_all_the_same():
    decision = settle(settlement(done("1"), done("2", "b"), gov=2), {RESERVED: 50, GOV_POOL: 3})

    event = the(RewardsSettled, decision)
    assert [item.gov for item in event.items] == [2 * ONE, 0]
    assert event.reward == 24 * ONE


def test_a_forfeited_reward_frees_what_was_kept_for_it():
    decision = settle(settlement(done(forfeited=STAKE_LOST), gov=1), {RESERVED: 50, GOV_POOL: 100})

    event = the(RewardsSettled, decision)
    assert (event.reward, event.freed, event.gov) == (0, terms().reserved, 0)
    assert event.items[0].forfeited == STAKE_LOST
    # Nothing moves, so there is no entry.
    assert event.transfer_id == ""
    assert balances_after(decision) == {}


def test_terms_that_promise_more_than_was_kept_take_nothing_from_others():
    greedy = replace(terms(), reserved=ONE)
    decision = settle(settlement(done(terms=greedy)), {RESERVED: 50})

    assert the(RewardsSettled, decision).reward == ONE


def test_a_full_batch_fits_into_an_entry():
    many = settlement(*(done(str(n), f"a{n}") for n in range(MOST)), gov=1)
    decision = settle(many, {RESERVED: 18 * MOST, GOV_POOL: MOST})

    assert decision.refusal is None
    assert len(the(TransferPosted, decision).legs) == 2 * MOST + 2
