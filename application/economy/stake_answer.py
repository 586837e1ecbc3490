"""What a client gets for a command about a stake: the stake as it then is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from aia_mas.domain.economy.accounts import AIA, AIA_GOV
from aia_mas.domain.economy.staking.state import NO_STAKE, Loan, StakeState
from aia_mas.domain.kernel.money import to_text


class MaturingStake(msgspec.Struct, frozen=True):
    """Stake that does not count yet (``amount``: tokens; ``matures_at``: when it will, UTC)."""

    amount: str
    matures_at: datetime


class UnbondingStake(msgspec.Struct, frozen=True):
    """Stake on its way back to the wallet.

    Attributes:
        unbonding_id: Its id, by which it can be cancelled.
        token: AIA or AIA_GOV.
        amount: How much, tokens.
        releases_at: When it is in the wallet, UTC.
    """

    unbonding_id: str
    token: str
    amount: str
    releases_at: datetime


class DelegatedStake(msgspec.Struct, frozen=True):
    """A delegation, as one of the two sees it.

    Attributes:
        agent_id: Who is at the other end.
        amount: How much, tokens.
        returns_at: It was taken back, and is its owner's alone then, UTC; null: it counts.
    """

    agent_id: str
    amount: str
    returns_at: datetime | None


class StakeAnswer(msgspec.Struct, frozen=True):
    """An agent's stake; all amounts in tokens.

    Attributes:
        agent_id: Whose.
        bonded: Its own AIA that is bonded, what it delegated included.
        effective: What counts for its tier, its capacity and its votes.
        bonded_gov: Its own AIA_GOV that is bonded.
        unbonding: Its AIA that is unbonding.
        unbonding_gov: Its AIA_GOV that is unbonding.
        delegated: Its own AIA that it delegated.
        received: What others delegated to it.
        jailed_until: Until when it is jailed at least, UTC; null: it is not.
        claimed: The staking rewards that it got so far.
        maturing: What does not count yet, one after the other.
        unbondings: What is unbonding, one after the other.
        given: Its delegations.
        got: The delegations of others to it.
    """

    agent_id: str
    bonded: str
    effective: str
    bonded_gov: str
    unbonding: str
    unbonding_gov: str
    delegated: str
    received: str
    jailed_until: datetime | None
    claimed: str
    maturing: tuple[MaturingStake, ...]
    unbondings: tuple[UnbondingStake, ...]
    given: tuple[DelegatedStake, ...]
    got: tuple[DelegatedStake, ...]


def stake_answer(state: StakeState | None, command: Any) -> StakeAnswer:
    """Return the answer to a command about a stake."""
    return stake_view(command.agent_id, state or NO_STAKE)


def stake_view(agent_id: str, state: StakeState) -> StakeAnswer:
    """Return an agent's stake as clients see it."""
    return StakeAnswer(
        agent_id=agent_id,
        bonded=to_text(state.bonded),
        effective=to_text(state.effective),
        bonded_gov=to_text(state.bonded_gov),
        unbonding=to_text(state.unbonding(AIA)),
        unbonding_gov=to_text(state.unbonding(AIA_GOV)),
        delegated=to_text(state.delegated),
        received=to_text(state.received),
        jailed_until=state.jailed_until,
        claimed=to_text(state.claimed),
        maturing=tuple(MaturingStake(to_text(lot.amount), lot.matures_at) for lot in state.lots),
        unbondings=tuple(
            UnbondingStake(u.unbonding_id, u.token, to_text(u.amount), u.releases_at)
            for u in state.unbondings
        ),
        given=_delegations(state.given),
        got=_delegations(state.got),
    )


def _delegations(loans: Sequence[Loan]) -> tuple[DelegatedStake, ...]:
    return tuple(
        DelegatedStake(loan.agent_id, to_text(loan.amount), loan.returns_at) for loan in loans
    )
