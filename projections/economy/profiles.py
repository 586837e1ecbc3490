"""How somebody stands in the economy, out of the figures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime

from aia_mas.domain.economy.accounts import AIA, AIA_GOV
from aia_mas.domain.economy.parameters import MILLION, EconomicParameters
from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.earning_kinds import parts_of
from aia_mas.projections.economy.economy_fold import EconomyFold
from aia_mas.projections.economy.figures import (
    AgentEconomicProfile,
    Earned,
    NextTier,
    Ranks,
    Reputation,
    TokenBalances,
)
from aia_mas.projections.economy.flows import WINDOWS, Flow, Window, beginning
from aia_mas.projections.economy.people import Holding, Person

_PRIOR = 5
"""A reputation begins as if so many results had been rated with one half."""


def profile_of(
    fold: EconomyFold,
    agent_id: str,
    at: int,
    *,
    claimable: int = 0,
    voting_power: int | None = None,
) -> AgentEconomicProfile | None:
    """Return a profile; see ``EconomyView.profile`` (``at``: milliseconds since 1970)."""
    state = fold.state
    person = state.people.get(agent_id)
    if person is None:
        return None
    parameters, stake = state.parameters, person.effective
    tier = parameters.tier_of(stake)
    holding = person.holdings.get(AIA, Holding())
    power = person.bonded + person.bonded_gov if voting_power is None else voting_power
    return AgentEconomicProfile(
        agent_id=agent_id,
        registered=person.registered,
        wallet_address=person.address,
        tier=None if tier is None else tier.name,
        multiplier=parameters.multiplier_ppm(stake) / MILLION,
        next_tier=_next_tier(parameters, stake),
        balances={
            token: _balances(
                person.holdings.get(token, Holding()), claimable if token == AIA else 0
            )
            for token in sorted({AIA, AIA_GOV, *person.holdings})
        },
        staked=to_text(holding.staked),
        unbonding=to_text(holding.unbonding),
        effective_stake=to_text(stake),
        jailed_until=(
            datetime.fromtimestamp(person.jailed_until / 1000, UTC) if person.jailed_until else None
        ),
        rewarded_tasks=stake // parameters.stake_per_task,
        voting_power=to_text(power),
        earnings={window: earned_within(person.earned, window, at) for window in WINDOWS},
        rank=Ranks(
            stake=fold.stakes.rank(agent_id),
            stakers=len(fold.stakes),
            earnings=fold.earners.rank(agent_id),
            earners=len(fold.earners),
        ),
        reputation=_reputation(person),
        as_of=state.position,
    )


def earned_within(flows: Mapping[str, Flow], window: Window, at: int) -> Earned:
    """Return what flowed in a window that ends at a time (milliseconds since 1970)."""
    total: defaultdict[str, int] = defaultdict(int)
    by_kind: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for key in sorted(flows):
        amount = flows[key].within(window, at)
        if amount:
            kind, token = parts_of(key)
            total[token] += amount
            by_kind[kind][token] = to_text(amount)
    texts = {token: to_text(total[token]) for token in sorted({AIA, *total})}
    return Earned(since=beginning(window, at), total=texts, by_kind=dict(by_kind))


def score_of(person: Person) -> int:
    """Return somebody's reputation, millionths of 1."""
    return (_PRIOR * MILLION // 2 + person.rated) // (_PRIOR + person.ratings)


def _balances(holding: Holding, claimable: int) -> TokenBalances:
    return TokenBalances(
        wallet=to_text(holding.wallet),
        held=to_text(holding.held),
        available=to_text(holding.wallet - holding.held),
        staked=to_text(holding.staked),
        unbonding=to_text(holding.unbonding),
        claimable=to_text(claimable),
    )


def _next_tier(parameters: EconomicParameters, stake: int) -> NextTier | None:
    for tier in parameters.tiers:
        if tier.min_stake > stake:
            return NextTier(
                name=tier.name,
                min_stake=to_text(tier.min_stake),
                missing=to_text(tier.min_stake - stake),
                multiplier=tier.multiplier_ppm / MILLION,
            )
    return None


def _reputation(person: Person) -> Reputation:
    ratings = person.ratings
    return Reputation(
        score=score_of(person) / MILLION,
        ratings=ratings,
        mean=round(person.rated / (ratings * MILLION), 6) if ratings else None,
        completed=person.completed,
    )
