# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about economic stakes."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer


class DelegatedStake(msgspec.Struct, frozen=True, kw_only=True):
    """A delegation, as one of the two sees it.

    Attributes:
        agent_id: Who is at the other end.
        amount: How much, tokens.
        returns_at: It was taken back, and is its owner's alone then, UTC; null: it counts.
    """

    agent_id: str
    amount: str
    returns_at: datetime | None


class MaturingStake(msgspec.Struct, frozen=True, kw_only=True):
    """Stake that does not count yet (`amount`: tokens; `matures_at`: when it will, UTC).

    Attributes:
        amount: Tokens.
        matures_at: When it will, UTC.
    """

    amount: str
    matures_at: datetime


class UnbondingStake(msgspec.Struct, frozen=True, kw_only=True):
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


class AgentStake(Answer, frozen=True, kw_only=True, rename={"received_": "received"}):
    """An agent's stake, and what comes of it.

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
        tier: Its tier; null: below the lowest.
        multiplier: What that multiplies rewards of tasks by.
        claimable: The staking rewards that it can claim, tokens.
    """

    agent_id: str
    bonded: str
    effective: str
    bonded_gov: str
    unbonding: str
    unbonding_gov: str
    delegated: str
    received_: str
    jailed_until: datetime | None
    claimed: str
    maturing: list[MaturingStake]
    unbondings: list[UnbondingStake]
    given: list[DelegatedStake]
    got: list[DelegatedStake]
    tier: str | None
    multiplier: str
    claimable: str


class StakeAnswer(Answer, frozen=True, kw_only=True, rename={"received_": "received"}):
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
    received_: str
    jailed_until: datetime | None
    claimed: str
    maturing: list[MaturingStake]
    unbondings: list[UnbondingStake]
    given: list[DelegatedStake]
    got: list[DelegatedStake]
