# Written by `make client` from the OpenAPI document; changes are lost.
"""What is answered about economic reads."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aia.client.types.base import Answer


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """What was earned in a window.

    Attributes:
        since: When it begins, UTC: with a full hour, or with a full day where it is of days; None:
            it has no beginning.
        total: By token, in tokens.
        by_kind: The same by what it was earned with: `tasks` (rewards), `payments` (prices),
            `staking`, `incentives`, `governance`, `reports` (of what was slashed).
    """

    since: datetime | None
    total: dict[str, str]
    by_kind: dict[str, dict[str, str]]


class NextTier(msgspec.Struct, frozen=True, kw_only=True):
    """The tier above (`missing`: how many tokens more of effective stake make it).

    Attributes:
        missing: How many tokens more of effective stake make it.
    """

    name: str
    min_stake: str
    missing: str
    multiplier: float


class Ranks(msgspec.Struct, frozen=True, kw_only=True):
    """Places among all, from 1; equals share one, and None has none.

    Attributes:
        stake: By effective stake.
        stakers: How many have one.
        earnings: By AIA earned, ever.
        earners: How many have earned any.
    """

    stake: int | None
    stakers: int
    earnings: int | None
    earners: int


class Reputation(msgspec.Struct, frozen=True, kw_only=True):
    """What clients think of an agent's results.

    Attributes:
        score: 0..1; ratings are few at first, so it begins at 0.5 and moves with each of them.
        ratings: How many there are.
        mean: Their mean, 0..1; None: there are none.
        completed: Tasks that it completed.
    """

    score: float
    ratings: int
    mean: float | None
    completed: int


class TokenBalances(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has of one token, in tokens.

    Attributes:
        wallet: In the wallet, what is held of it included.
        held: What pending transfers hold of the wallet.
        available: What can be spent.
        staked: Bonded.
        unbonding: On its way back to the wallet.
        claimable: Staking rewards that can be claimed.
    """

    wallet: str
    held: str
    available: str
    staked: str
    unbonding: str
    claimable: str


class AgentEconomicProfile(Answer, frozen=True, kw_only=True):
    """How an agent, or another owner of a wallet, stands in the economy.

    Attributes:
        agent_id: Whose it is.
        registered: It is a registered agent now.
        wallet_address: The address that it declared outside of this system.
        tier: The tier of its effective stake; None: below all.
        multiplier: What rewards are multiplied by there; 0: it gets none from the pool.
        next_tier: The tier above, and what is missing; None: there is none.
        balances: By token.
        staked: Bonded AIA, tokens.
        unbonding: AIA that is unbonding, tokens.
        effective_stake: What counts for the tier: without what it delegated or what has not
            matured, with what was delegated to it; 0 while it is jailed.
        jailed_until: Until when it is jailed at least, UTC; None: it is not.
        rewarded_tasks: For how many tasks at once its stake earns rewards.
        voting_power: What its vote counts now, tokens.
        earnings: By window (`1h`, `24h`, `7d`, `30d`, `all`).
        rank: Its places among all.
        reputation: What clients think of it.
        as_of: The last event in all this.
    """

    agent_id: str
    registered: bool
    wallet_address: str | None
    tier: str | None
    multiplier: float
    next_tier: NextTier | None
    balances: dict[str, TokenBalances]
    staked: str
    unbonding: str
    effective_stake: str
    jailed_until: datetime | None
    rewarded_tasks: int
    voting_power: str
    earnings: dict[str, Earned]
    rank: Ranks
    reputation: Reputation
    as_of: int


class BudgetFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Budgets, in the periods that go on now.

    Attributes:
        total: How many there are.
        warned: How many have used more than they are to warn at.
        exceeded: How many have used more than there is.
        held: What tasks that are not over may cost, tokens.
        spent: What tasks have cost, tokens.
        burn_per_day: What payers pay a day for tasks, with or without a budget, at the rate of the
            last day.
    """

    total: int
    warned: int
    exceeded: int
    held: str
    spent: str
    burn_per_day: str


class Earner(msgspec.Struct, frozen=True, kw_only=True):
    """Who earned most (`earned`: AIA, ever).

    Attributes:
        earned: AIA, ever.
    """

    agent_id: str
    earned: str
    tier: str | None


class Pool(msgspec.Struct, frozen=True, kw_only=True):
    """What rewards are paid from.

    Attributes:
        name: `rewards`, `governance` or `staking`.
        token: In which token.
        balance: What is left, tokens.
        reserved: What of that is reserved for tasks, or owed to stakers.
        spent: What was paid, by window.
        burn_per_day: What is paid a day at the rate of the last day.
        runway_seconds: For how long it lasts at that rate; None: nothing was paid in that time.
    """

    name: str
    token: str
    balance: str
    reserved: str
    spent: dict[str, str]
    burn_per_day: str
    runway_seconds: int | None


class ProgramFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Incentive programs.

    Attributes:
        total: How many there ever were.
        running: How many run now.
        escrowed: What those that run have left, by token.
        paid: What all of them have paid, by token.
    """

    total: int
    running: int
    escrowed: dict[str, str]
    paid: dict[str, str]


class ProposalFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Proposals (`by_status`: how many are in each status; `open`: that can still change).

    Attributes:
        open: That can still change.
        by_status: How many are in each status.
    """

    total: int
    open: int
    by_status: dict[str, int]


class TierFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A tier, how many are in it, and their effective stake together."""

    name: str
    min_stake: str
    multiplier: float
    agents: int
    stake: str


class StakeSpread(msgspec.Struct, frozen=True, kw_only=True):
    """How stake is spread.

    Attributes:
        stakers: Who has bonded any AIA.
        below_tiers: Who has an effective stake below the lowest tier.
        tiers: By rising stake.
        gini: The Gini coefficient of the bonded AIA of all stakers, 0 (all have the same) to 1,
            worked out in integers and rounded down to millionths; None: nobody has any.
    """

    stakers: int
    below_tiers: int
    tiers: list[TierFigures]
    gini: float | None


class TokenFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Where a token is, in tokens.

    Attributes:
        supply: All that was issued and not burned.
        circulating: What agents and clients have: in wallets, staked, unbonding.
        staked: Bonded.
        unbonding: On its way back to wallets.
        held: What pending transfers hold of wallets.
        system: What the accounts of the system have, without what was burned; by purpose.
        burned: Out of the supply for good.
        staked_share: The share of the circulating that is bonded, 0..1; None: nothing circulates.
    """

    supply: str
    circulating: str
    staked: str
    unbonding: str
    held: str
    system: dict[str, str]
    burned: str
    staked_share: float | None


class EconomicSummary(Answer, frozen=True, kw_only=True):
    """The economy at a position of the log; what `economic_update` carries.

    Attributes:
        as_of: The last event in all this.
        at: When that was recorded, UTC; None: there is none.
        tokens: Supply and where it is, by token.
        stake: How it is spread.
        rewards: What all together earned, by window.
        pools: What rewards are paid from.
        programs: Incentive programs.
        budgets: Budgets.
        proposals: Proposals.
        top_earners: Who earned most AIA, ever; at most 10.
    """

    as_of: int
    at: datetime | None
    tokens: dict[str, TokenFigures]
    stake: StakeSpread
    rewards: dict[str, Earned]
    pools: list[Pool]
    programs: ProgramFigures
    budgets: BudgetFigures
    proposals: ProposalFigures
    top_earners: list[Earner]


class LeaderboardPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's place on a leaderboard.

    Attributes:
        rank: From 1; equals share one.
        agent_id: Who.
        value: What it is measured by: tokens, or a number.
        tier: The tier of its effective stake.
        stake: Its effective stake, tokens.
    """

    rank: int
    agent_id: str
    value: str
    tier: str | None
    stake: str


class Leaderboard(Answer, frozen=True, kw_only=True):
    """Who has most.

    Attributes:
        by: What they are measured by.
        window: Over which time, where that matters.
        token: In which token, where that matters.
        since: When the window begins, UTC; None: it has no beginning.
        items: The first of them.
        participants: How many have any.
        as_of: Everything up to this event is in it.
    """

    by: str
    window: str
    token: str
    since: datetime | None
    items: list[LeaderboardPlace]
    participants: int
    as_of: int
