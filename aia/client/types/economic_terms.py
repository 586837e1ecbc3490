# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about economic terms."""

from __future__ import annotations

import msgspec

from aia.client.types.base import Answer
from aia.client.types.economy_shared import Order


class OrderPage(Answer, frozen=True, kw_only=True):
    """A page of orders.

    Attributes:
        items: The orders.
        next_cursor: For the page after this one; null on the last one.
        total: How many there are, when that was asked for.
    """

    items: list[Order]
    next_cursor: str | None
    total: int | None = None


class ShownProposalKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of proposals; shares (`_ppm`) in millionths.

    Attributes:
        name: Its name.
        commands: What proposals of this kind may do; none: these only say something.
        delay_seconds: From the proposal to the beginning of the vote; power counts from then.
        period_seconds: How long is voted, unless all is decided before.
        quorum_ppm: Of all power, what must at least be cast (abstentions count).
        threshold_ppm: Of what is cast but abstentions, what yes must exceed.
        veto_ppm: Of what is cast, what vetoes must at least come to.
        timelock_seconds: From the end of the vote to the execution.
        grace_seconds: For how long after that an execution that fails is tried again.
        deposit: What is held of the proposer's AIA until the end.
    """

    name: str
    commands: list[str]
    delay_seconds: float
    period_seconds: float
    quorum_ppm: int
    threshold_ppm: int
    veto_ppm: int
    timelock_seconds: float
    grace_seconds: float
    deposit: str


class ShownTier(msgspec.Struct, frozen=True, kw_only=True):
    """A tier of stakers.

    Attributes:
        name: Its name.
        min_stake: From which stake on it is held, tokens.
        multiplier: What rewards are multiplied by.
    """

    name: str
    min_stake: str
    multiplier: str


class ShownParameters(Answer, frozen=True, kw_only=True):
    """The parameters in force; amounts in tokens, shares (`_ppm`) in millionths.

    Attributes:
        revision: Counts the changes; the ETag.
        tiers: The tiers, by rising stake.
        base_task_reward: Of a task, before its multiplier and factor.
        stake_per_task: So much stake backs one rewarded task at a time.
        min_delegation: The smallest part of a stake that is delegated.
        min_stake_age_seconds: How long a stake must be bonded before it counts.
        unbonding_seconds: How long stake that is taken back stays at risk.
        reward_block: How much of the pool is reserved ahead at a time.
        rating_window_seconds: How long the reward of a task waits for its rating.
        staking_reward_per_day: What stakers share a day.
        staking_reward_interval_seconds: How often it is shared.
        reporter_share_ppm: The share of a slash that goes to who reported.
        jail_lost_tasks: Tasks lost within the window after which an agent is jailed; 0: never.
        jail_window_seconds: That window.
        jail_seconds: How long it stays there at least.
        gov_per_completion: AIA_GOV for each rewarded task.
        gov_per_vote: AIA_GOV for each full 100 tokens of power that vote themselves.
        vote_reward_interval_seconds: In so long a voter is paid for one vote.
        open_proposals_per_proposer: How many proposals somebody may have open at once.
        budget_warning_ppm: The share of a budget from which on there is a warning.
        proposal_kinds: The kinds of proposals, each with the terms on which it is decided.
    """

    revision: int
    tiers: list[ShownTier]
    base_task_reward: str
    stake_per_task: str
    min_delegation: str
    min_stake_age_seconds: int
    unbonding_seconds: int
    reward_block: str
    rating_window_seconds: int
    staking_reward_per_day: str
    staking_reward_interval_seconds: int
    reporter_share_ppm: int
    jail_lost_tasks: int
    jail_window_seconds: int
    jail_seconds: int
    gov_per_completion: str
    gov_per_vote: str
    vote_reward_interval_seconds: int
    open_proposals_per_proposer: int
    budget_warning_ppm: int
    proposal_kinds: list[ShownProposalKind]


class TierView(msgspec.Struct, frozen=True, kw_only=True):
    """A staking tier.

    Attributes:
        name: Its name.
        min_stake: From which stake on it is held, tokens.
        multiplier: What rewards are multiplied by.
    """

    name: str
    min_stake: str
    multiplier: str


class TierTable(Answer, frozen=True, kw_only=True):
    """The staking tiers that hold now, by rising stake."""

    items: list[TierView]


class TokenSupply(msgspec.Struct, frozen=True, kw_only=True):
    """A token and where the system has it; amounts in tokens.

    Attributes:
        token: Its name.
        cap: The most that may be in the world at once.
        supply: What is: issued and not burnt.
        issued: What was ever issued.
        balances: The system's accounts by what they are for.
    """

    token: str
    cap: str
    supply: str
    issued: str
    balances: dict[str, str]


class TreasuryView(Answer, frozen=True, kw_only=True):
    """The treasury and the supply.

    Attributes:
        treasury_address: Its address outside of this system (`AIA_TREASURY_ADDRESS`).
        gov_token_address: That of the AIA_GOV token (`AIA_GOV_TOKEN_ADDRESS`).
        faucet: Tokens come out of nothing for those who register; in development only.
        tokens: What there is of each.
    """

    treasury_address: str | None
    gov_token_address: str | None
    faucet: bool
    tokens: list[TokenSupply]
