"""The registry of commands about stakes: reads, decision and answer of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aia_mas.application.economy.reading import over_streams
from aia_mas.application.economy.stake_answer import stake_answer
from aia_mas.application.engine.handlers import Evolvers, Handlers
from aia_mas.domain.economy.staking import (
    commands,
    delegating,
    jailing,
    rewards,
    slashing,
    staking,
    state,
)
from aia_mas.domain.kernel import Event

EVENTS: tuple[type[Event], ...] = (
    *state.EVENTS,
    *slashing.EVIDENCE_EVENTS,
    *rewards.REWARDS_EVENTS,
)

EVOLVERS: Evolvers = {
    "stake": state.evolve,
    "evidence": slashing.evolve_evidence,
    "staking": rewards.evolve_rewards,
}

STATES: Mapping[str, type[msgspec.Struct]] = {
    "stake": state.StakeState,
    "evidence": slashing.EvidenceState,
    "staking": rewards.StakingRewardsState,
}


def handlers() -> Handlers:
    """Return the handlers of all commands about stakes."""
    return {
        commands.Stake: over_streams(commands.streams_of_stake, staking.stake, stake_answer),
        commands.Unstake: over_streams(commands.streams_of_unstake, staking.unstake, stake_answer),
        commands.CancelUnbonding: over_streams(
            commands.streams_of_unbonding, staking.cancel_unbonding, stake_answer
        ),
        commands.ReleaseUnbonding: over_streams(
            commands.streams_of_unbonding, staking.release_unbonding, stake_answer
        ),
        commands.MatureStake: over_streams(
            commands.streams_of_jail, staking.mature_stake, stake_answer
        ),
        commands.Delegate: over_streams(
            commands.streams_of_loan, delegating.delegate, stake_answer
        ),
        commands.Undelegate: over_streams(
            commands.streams_of_loan, delegating.undelegate, stake_answer
        ),
        commands.ReturnDelegation: over_streams(
            commands.streams_of_loan, delegating.return_delegation, stake_answer
        ),
        commands.Jail: over_streams(commands.streams_of_jail, jailing.jail, stake_answer),
        commands.Unjail: over_streams(commands.streams_of_jail, jailing.unjail, stake_answer),
        rewards.ShareStakingRewards: over_streams(
            rewards.streams_of_sharing, rewards.share_staking_rewards, _nothing
        ),
    }


def _nothing(_state: Any, _command: Any) -> None:
    return None
