"""The economy as Prometheus' metric families; amounts in tokens, which floats only come near to."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from aia_mas.interfaces.monitoring.making import counters, gauge, gauges
from aia_mas.interfaces.monitoring.reading import Reading
from aia_mas.projections.economy.figures import EconomicSummary


def economy_families(reading: Reading) -> Iterator[Metric]:
    """Yield the families of a reading that are about the economy."""
    economy = reading.economy
    yield from _tokens(economy)
    yield from _stake(economy)
    yield from _pools(economy)
    proposals = [([status], count) for status, count in economy.proposals.by_status.items()]
    yield gauges("proposals", "Proposals by status", ["status"], proposals)
    yield gauge(
        "incentive_programs_running", "Incentive programs that run", economy.programs.running
    )
    budgets = economy.budgets
    counts = (("all", budgets.total), ("warned", budgets.warned), ("exceeded", budgets.exceeded))
    states = [([state], count) for state, count in counts]
    yield gauges("budgets", "Budgets, and those that are used up or nearly", ["state"], states)
    orders = [([kind], count) for kind, count in sorted(reading.orders.items())]
    yield gauges("orders_open", "Orders that wait for the settlement", ["kind"], orders)


def _tokens(economy: EconomicSummary) -> Iterator[Metric]:
    tokens = economy.tokens.items()
    for name, text, field in (
        ("token_supply", "Tokens issued and not burned", "supply"),
        ("token_circulating", "Tokens of agents and clients", "circulating"),
        ("token_staked", "Bonded tokens", "staked"),
        ("token_unbonding", "Tokens on their way back to wallets", "unbonding"),
        ("token_held", "Tokens that pending transfers hold", "held"),
    ):
        values = [([token], float(getattr(supply, field))) for token, supply in tokens]
        yield gauges(name, text, ["token"], values)
    balances = [
        ([purpose, token], float(balance))
        for token, supply in tokens
        for purpose, balance in supply.system.items()
    ]
    yield gauges(
        "system_account_balance",
        "Tokens in accounts of the system",
        ["purpose", "token"],
        balances,
    )
    earned = [
        ([kind, token], float(amount))
        for kind, amounts in economy.rewards["all"].by_kind.items()
        for token, amount in amounts.items()
    ]
    yield counters("earned_tokens", "Tokens earned", ["kind", "token"], earned)


def _stake(economy: EconomicSummary) -> Iterator[Metric]:
    stake = economy.stake
    yield gauge("stakers", "Who has bonded AIA", stake.stakers)
    agents = [([tier.name], tier.agents) for tier in stake.tiers]
    yield gauges("tier_agents", "Agents by tier", ["tier"], agents)
    stakes = [([tier.name], float(tier.stake)) for tier in stake.tiers]
    yield gauges("tier_stake", "Effective stake by tier", ["tier"], stakes)
    yield gauge("stake_gini", "Gini coefficient of bonded AIA, 0 to 1", stake.gini or 0)


def _pools(economy: EconomicSummary) -> Iterator[Metric]:
    labels, pools = ["pool", "token"], economy.pools
    for name, text, field in (
        ("pool_balance", "What is left in a pool that rewards are paid from", "balance"),
        ("pool_reserved", "What of that is promised", "reserved"),
        ("pool_burn_per_day", "What is paid a day", "burn_per_day"),
    ):
        values = [([pool.name, pool.token], float(getattr(pool, field))) for pool in pools]
        yield gauges(name, text, labels, values)
    yield gauges(
        "pool_runway_seconds",
        "For how long a pool lasts at that rate; none where nothing is paid",
        labels,
        [
            ([pool.name, pool.token], pool.runway_seconds)
            for pool in pools
            if pool.runway_seconds is not None
        ],
    )
