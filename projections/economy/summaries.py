"""The economy as a whole, out of the figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

from aia_mas.domain.economy.accounts import AIA, AIA_GOV, Purpose, account_of
from aia_mas.domain.economy.budgets.periods import Period, period_at
from aia_mas.domain.economy.governance.proposal import ProposalStatus
from aia_mas.domain.economy.parameters import MILLION
from aia_mas.domain.kernel.money import to_text
from aia_mas.projections.economy.earning_kinds import key_of
from aia_mas.projections.economy.economy_fold import EconomyFold
from aia_mas.projections.economy.figures import (
    BudgetFigures,
    Earner,
    EconomicSummary,
    Pool,
    ProgramFigures,
    ProposalFigures,
    StakeSpread,
    TierFigures,
    TokenFigures,
)
from aia_mas.projections.economy.flows import DAY, HOUR, WINDOWS, Flow, beginning
from aia_mas.projections.economy.people import EconomyState, Holding
from aia_mas.projections.economy.profiles import earned_within

_TOP = 10
_POOLS = (
    ("rewards", AIA, Purpose.REWARD_POOL, Purpose.REWARDS_RESERVED),
    ("governance", AIA_GOV, Purpose.REWARD_POOL, None),
    ("staking", AIA, Purpose.STAKING_REWARDS, Purpose.STAKING_REWARDS),
)
"""Name, token, the account it is in, and the account of what is promised already."""


class Summaries:
    """Works summaries out; what takes all stakes is worked out once for each change of these."""

    def __init__(self, fold: EconomyFold) -> None:
        """Summarise what a fold knows."""
        self._fold = fold
        self._stake: StakeSpread | None = None
        self._changes: tuple[object, ...] = ()

    def at(self, at: int) -> EconomicSummary:
        """Return a summary (``at``: when the windows end, milliseconds since 1970)."""
        state = self._fold.state
        return EconomicSummary(
            as_of=state.position,
            at=datetime.fromtimestamp(state.at / 1000, UTC) if state.position else None,
            tokens={
                token: _supply(state.system, self._fold.totals.get(token, Holding()), token)
                for token in sorted({AIA, AIA_GOV, *self._fold.totals, *_tokens(state.system)})
            },
            stake=self._spread(),
            rewards={window: earned_within(state.earned, window, at) for window in WINDOWS},
            pools=[_pool(state, at, *pool) for pool in _POOLS],
            programs=_programs(state),
            budgets=_budgets(state, at),
            proposals=_proposals(state),
            top_earners=self._top_earners(),
        )

    def _spread(self) -> StakeSpread:
        fold = self._fold
        tiers = fold.state.parameters.tiers
        changes = fold.stakes.changes, fold.bonds.changes, tiers
        if self._stake is None or changes != self._changes:
            numerator, denominator = fold.bonds.inequality()
            floors = [tier.min_stake for tier in tiers]
            spans = zip(floors, [*floors[1:], None], strict=True) if floors else ()
            counted = [fold.stakes.between(least, below) for least, below in spans]
            self._changes = changes
            self._stake = StakeSpread(
                stakers=len(fold.bonds),
                below_tiers=fold.stakes.between(1, floors[0])[0] if floors else len(fold.stakes),
                tiers=[
                    TierFigures(
                        name=tier.name,
                        min_stake=to_text(tier.min_stake),
                        multiplier=tier.multiplier_ppm / MILLION,
                        agents=agents,
                        stake=to_text(stake),
                    )
                    for tier, (agents, stake) in zip(tiers, counted, strict=True)
                ],
                gini=numerator * MILLION // denominator / MILLION if len(fold.bonds) else None,
            )
        return self._stake

    def _top_earners(self) -> list[Earner]:
        state = self._fold.state
        found = []
        for amount, agent_id in self._fold.earners.top(_TOP):
            tier = state.parameters.tier_of(state.people[agent_id].effective)
            name = None if tier is None else tier.name
            found.append(Earner(agent_id=agent_id, earned=to_text(amount), tier=name))
        return found


def _tokens(system: Mapping[str, int]) -> set[str]:
    return {account.split(":", 2)[1] for account in system}


def _supply(system: Mapping[str, int], owned: Holding, token: str) -> TokenFigures:
    held: Counter[str] = Counter()
    for account, balance in system.items():
        purpose, account_token, *_ = account.split(":", 2)
        if account_token == token:
            held[purpose] += balance
    issued, burned = -held.pop(Purpose.ISSUANCE, 0), held.pop(Purpose.BURN, 0)
    circulating = owned.total
    return TokenFigures(
        supply=to_text(issued - burned),
        circulating=to_text(circulating),
        staked=to_text(owned.staked),
        unbonding=to_text(owned.unbonding),
        held=to_text(owned.held),
        system={str(purpose): to_text(held[purpose]) for purpose in sorted(held)},
        burned=to_text(burned),
        staked_share=(owned.staked * MILLION // circulating / MILLION if circulating else None),
    )


def _pool(
    state: EconomyState,
    at: int,
    name: str,
    token: str,
    account: Purpose,
    promised: Purpose | None,
) -> Pool:
    accounts = {account_of(each, token) for each in (account, promised) if each is not None}
    flows = [state.spent[each] for each in sorted(accounts) if each in state.spent]
    balance = sum(state.system.get(each, 0) for each in accounts)
    rate = _per_day(flows, at, state.begun)
    reserved = 0 if promised is None else state.system.get(account_of(promised, token), 0)
    return Pool(
        name=name,
        token=token,
        balance=to_text(balance),
        reserved=to_text(reserved),
        spent={
            window: to_text(sum(flow.within(window, at) for flow in flows)) for window in WINDOWS
        },
        burn_per_day=to_text(rate),
        runway_seconds=balance * DAY // 1000 // rate if rate else None,
    )


def _per_day(flows: list[Flow], at: int, begun: int) -> int:
    """Return what flows a day, by the last day, or by the time that there was; base units."""
    since = beginning("24h", at)
    assert since is not None
    first = max(round(since.timestamp() * 1000), begun)
    # What was paid in the first minutes is no rate of a day yet.
    length = max(at - first, HOUR)
    return sum(flow.within("24h", at) for flow in flows) * DAY // length


def _programs(state: EconomyState) -> ProgramFigures:
    escrowed: Counter[str] = Counter()
    for account, balance in state.system.items():
        purpose, token, *program = account.split(":", 2)
        if purpose == Purpose.INCENTIVE and program[0] in state.programs:
            escrowed[token] += balance
    paid = {
        key.partition(":")[2]: to_text(flow.total)
        for key, flow in state.earned.items()
        if key.startswith("incentives:")
    }
    return ProgramFigures(
        total=state.programs_total,
        running=len(state.programs),
        escrowed={token: to_text(amount) for token, amount in sorted(escrowed.items())},
        paid=dict(sorted(paid.items())),
    )


def _budgets(state: EconomyState, at: int) -> BudgetFigures:
    now = datetime.fromtimestamp(at / 1000, UTC)
    current = {kind: period_at(kind, now) for kind in Period}
    uses = state.budgets.values()
    going_on = [use for use in uses if use.period == current[use.kind]]
    payments = state.earned.get(key_of("payments", AIA))
    return BudgetFigures(
        total=len(state.budgets),
        warned=sum(use.warned == current[use.kind] for use in uses),
        exceeded=sum(use.exceeded == current[use.kind] for use in uses),
        held=to_text(sum(use.held for use in going_on)),
        spent=to_text(sum(use.spent for use in going_on)),
        burn_per_day=to_text(_per_day([payments] if payments else [], at, state.begun)),
    )


def _proposals(state: EconomyState) -> ProposalFigures:
    counts = Counter(state.proposals_ended)
    counts.update(state.proposals.values())
    return ProposalFigures(
        total=counts.total(),
        open=len(state.proposals),
        by_status={status.value: counts[status] for status in ProposalStatus},
    )
