"""Whatever parameters may be, the economy goes on, and a vote changes them back."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import pytest
from msgspec.structs import asdict, replace

from aia_mas.domain.economy.governance.kinds import LONGEST_SECONDS, ProposalKind
from aia_mas.domain.economy.governance.proposal import ProposalStatus
from aia_mas.domain.economy.governance.tally import Choice
from aia_mas.domain.economy.parameter_changes import (
    CHANGEABLE,
    LONGEST_PERIOD,
    LONGEST_WAIT,
    MOST_LOST,
    MOST_PROPOSALS,
    SHORTEST_ROUND,
)
from aia_mas.domain.economy.parameters import PARAMETERS, EconomicParameters, ParametersState
from aia_mas.domain.kernel.money import MAX_AMOUNT, ONE

from .basis import AGENTS, KINDS
from .test_whole_economy_machine import WholeEconomy

MILLION = 10**6
PERIODS = (0, LONGEST_PERIOD)
WAITS = (0, LONGEST_WAIT)
SHARES = (0, MILLION)
AMOUNTS = (0, MAX_AMOUNT)
NOT_NONE = (1, MAX_AMOUNT)
HARDEST = [
    replace(
        kind,
        delay_seconds=30 * 86_400.0,
        period_seconds=30 * 86_400.0,
        timelock_seconds=30 * 86_400.0,
        grace_seconds=0.0,
        quorum_ppm=667_000,
        threshold_ppm=750_000,
        veto_ppm=100_000,
    )
    for kind in KINDS
]
STEEP = [{"name": f"t{n}", "min_stake": n, "multiplier_ppm": 10**8} for n in range(32)]
EXTREMES: dict[str, tuple[Any, ...]] = {
    "tiers": ([{"name": "t", "min_stake": MAX_AMOUNT, "multiplier_ppm": 1}], STEEP),
    "base_task_reward": AMOUNTS,
    "stake_per_task": NOT_NONE,
    "min_delegation": AMOUNTS,
    "min_stake_age_seconds": PERIODS,
    "unbonding_seconds": PERIODS,
    "reward_block": NOT_NONE,
    "rating_window_seconds": WAITS,
    "staking_reward_per_day": AMOUNTS,
    "staking_reward_interval_seconds": (1, LONGEST_WAIT),
    "reporter_share_ppm": SHARES,
    "jail_lost_tasks": (0, MOST_LOST),
    "jail_window_seconds": (1, LONGEST_PERIOD),
    "jail_seconds": WAITS,
    "gov_per_completion": AMOUNTS,
    "gov_per_vote": AMOUNTS,
    "vote_reward_interval_seconds": (SHORTEST_ROUND, LONGEST_PERIOD),
    "open_proposals_per_proposer": (1, MOST_PROPOSALS),
    "budget_warning_ppm": SHARES,
    "proposal_kinds": (
        [asdict(each) for each in KINDS if each.name == "parameters"],
        [asdict(each) for each in HARDEST],
    ),
}
ALL = [
    *({name: value} for name, values in EXTREMES.items() for value in values),
    {name: values[0] for name, values in EXTREMES.items()},
    {name: values[1] for name, values in EXTREMES.items()},
]


def test_of_every_parameter_the_extremes_are_tried():
    assert EXTREMES.keys() == CHANGEABLE
    assert HARDEST[0].period_seconds <= LONGEST_SECONDS


@pytest.mark.parametrize("changes", ALL, ids=lambda each: "+".join(each)[:40])
def test_a_vote_changes_back_whatever_parameters_are(changes: dict[str, Any]):
    # Given an economy at work, some of whose parameters are as far out as they may be
    economy = WholeEconomy()
    economy.begin(faucet=False, age=0, unbonding=60, stakes=(2_100, 2_100, 700, 150), pace=0)
    _settle(economy)
    before = _terms(economy)
    economy.change_terms(change=changes, table=None)
    _settle(economy)
    assert {name: plain(getattr(_terms(economy), name)) for name in changes} == plain(changes)
    _work(economy)

    # When those who have a stake vote to have them as they were
    kinds = {kind.name: kind for kind in _terms(economy).proposal_kinds}
    old = {name: plain(getattr(before, name)) for name in changes}
    tiers = old.pop("tiers", None)
    if old:
        _vote(economy, kinds["parameters"], change=old)
    if tiers is not None:
        _vote(economy, KINDS[2], table=before.tiers)

    # Then they are, and all that was begun is as it should be
    assert _terms(economy) == before
    economy.every_account_is_what_plain_sums_make_it()
    economy.stakes_are_what_is_in_their_accounts()
    economy.rewards_are_promised_once_and_backed()
    economy.market.restart()


def plain(value: Any) -> Any:
    """Return what stands in JSON for it."""
    return msgspec.json.decode(msgspec.json.encode(value))


def _vote(economy: WholeEconomy, kind: ProposalKind, **wanted: Any) -> None:
    given = {"other": AGENTS[1], "amount": ONE, "change": {}, "table": (), "through": None}
    made = len(economy.proposals)
    economy.propose(name=AGENTS[0], kind=kind.name, **{**given, **wanted})
    assert len(economy.proposals) == made + 1
    proposal_id = economy.proposals[-1]
    economy.later(int(kind.delay_seconds))
    _settle(economy)
    economy.vote_on(proposal_id, set(AGENTS), Choice.YES)
    for seconds in (kind.period_seconds, kind.timelock_seconds):
        economy.later(int(seconds))
        _settle(economy)
    assert economy.proposal(proposal_id).status is ProposalStatus.EXECUTED


def _work(economy: WholeEconomy) -> None:
    """Have a little of everything happen, as far as it may."""
    draw = random.Random(1)
    for owner, payer in (("pat", "pat"), ("quin", None)):
        economy.submit(
            draw=draw,
            cost=None,
            took=0,
            done=True,
            owner=owner,
            payer=payer,
            most=20 * ONE,
            tags=(),
            attempts=1,
            seconds=None,
        )
    economy.stake(name=AGENTS[0], amount=ONE, token="AIA")
    economy.delegate(name=AGENTS[1], to=AGENTS[2], part=2, off=0)
    economy.unstake(name=AGENTS[2], part=3, off=0, token="AIA")
    economy.slash(name=AGENTS[3], ppm=1_000, reporter=AGENTS[0], again=False)
    for seconds in (1, 3_600):
        economy.claim(name=AGENTS[0])
        economy.later(seconds)
        _settle(economy)


def _settle(economy: WholeEconomy) -> None:
    """Work all off; nothing but what there is no money for may be left."""
    left = economy.market.settle()
    assert all("staking-rewards" in each for each in left), left


def _terms(economy: WholeEconomy) -> EconomicParameters:
    state: ParametersState = economy.market.states[PARAMETERS]
    return state.parameters
