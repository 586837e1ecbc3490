"""`mas economy show`: the economy as a whole, or one agent's part in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from aia_mas.interfaces.cli.options import json_option
from aia_mas.interfaces.cli.remote.answers import show_json
from aia_mas.interfaces.cli.remote.parameters import Id
from aia_mas.interfaces.cli.remote.server import Server, server_options
from aia_mas.interfaces.cli.remote.tables import show_facts, show_table
from aia_mas.interfaces.cli.remote.words import lasting, listed, moment, share

if TYPE_CHECKING:
    from aia.client.types import AgentEconomicProfile, EconomicSummary

_BALANCES = (
    "TOKEN", ">WALLET", ">HELD", ">AVAILABLE", ">STAKED", ">UNBONDING", ">CLAIMABLE",
)  # fmt: skip
_SUPPLY = ("TOKEN", ">SUPPLY", ">CIRCULATING", ">STAKED", ">SHARE", ">TREASURY", ">BURNED")
_POOLS = ("POOL", "TOKEN", ">LEFT", ">RESERVED", ">A DAY", ">LASTS")
_TIERS = ("TIER", ">FROM", ">REWARDS", ">AGENTS", ">STAKE")


@click.command("show", short_help="Show the economy, or an agent's part in it.")
@click.argument("agent_id", type=Id(), required=False)
@json_option
@server_options
def show_economy(server: Server, agent_id: str | None, as_json: bool) -> None:
    """Show supply, pools, tiers and proposals; with AGENT_ID its balances, tier and earnings."""
    with server.client() as client:
        if agent_id is not None:
            profile = client.economy.profile(agent_id)
            return show_json(profile) if as_json else _show_profile(profile)
        summary = client.economy.summary()
        return show_json(summary) if as_json else _show_summary(summary)


def _show_profile(profile: AgentEconomicProfile) -> None:
    show_facts(_facts(profile))
    click.echo()
    show_table(
        _BALANCES,
        (
            (token, has.wallet, has.held, has.available, has.staked, has.unbonding, has.claimable)
            for token, has in profile.balances.items()
        ),
    )
    click.echo()
    show_table(
        ("EARNED IN", "SINCE", "TOKENS", "BY"),
        (
            (window, moment(earned.since), _tokens(earned.total), listed(earned.by_kind))
            for window, earned in profile.earnings.items()
        ),
    )


def _facts(profile: AgentEconomicProfile) -> Iterator[tuple[str, object]]:
    yield "Agent", profile.agent_id
    yield "Registered", "yes" if profile.registered else "no"
    yield "Address", profile.wallet_address
    yield "Tier", f"{profile.tier or 'none'}, rewards x {profile.multiplier:g}"
    if (following := profile.next_tier) is not None:
        yield "Next tier", f"{following.name}: {following.missing} tokens more"
    yield "Effective stake", f"{profile.effective_stake} ({profile.rewarded_tasks} rewarded tasks)"
    if profile.jailed_until is not None:
        yield "Jailed until", moment(profile.jailed_until)
    yield "Voting power", profile.voting_power
    rank = profile.rank
    yield "Rank by stake", _place(rank.stake, rank.stakers)
    yield "Rank by earnings", _place(rank.earnings, rank.earners)
    reputation = profile.reputation
    yield "Reputation", f"{reputation.score:.2f} after {reputation.ratings} ratings"


def _place(rank: int | None, among: int) -> str | None:
    return None if rank is None else f"{rank} of {among}"


def _show_summary(summary: EconomicSummary) -> None:
    show_table(
        _SUPPLY,
        (
            (
                token,
                where.supply,
                where.circulating,
                where.staked,
                share(where.staked_share),
                where.system.get("treasury", "0"),
                where.burned,
            )
            for token, where in summary.tokens.items()
        ),
    )
    click.echo()
    show_table(
        _POOLS,
        (
            (
                pool.name,
                pool.token,
                pool.balance,
                pool.reserved,
                pool.burn_per_day,
                "-" if pool.runway_seconds is None else lasting(pool.runway_seconds),
            )
            for pool in summary.pools
        ),
    )
    click.echo()
    show_table(
        _TIERS,
        (
            (tier.name, tier.min_stake, f"x {tier.multiplier:g}", tier.agents, tier.stake)
            for tier in summary.stake.tiers
        ),
    )
    click.echo()
    show_facts(_totals(summary))


def _totals(summary: EconomicSummary) -> Iterator[tuple[str, object]]:
    stake, programs, proposals = summary.stake, summary.programs, summary.proposals
    yield "Stakers", f"{stake.stakers}, {stake.below_tiers} of them below the tiers"
    yield "Gini of stake", None if stake.gini is None else f"{stake.gini:.3f}"
    yield "Earned in a day", _tokens(summary.rewards["24h"].total)
    yield "Programs", f"{programs.running} running of {programs.total}"
    yield "Budgets", f"{summary.budgets.total}, {summary.budgets.warned} near their end"
    yield "Proposals", f"{proposals.open} open of {proposals.total}"
    top = (f"{one.agent_id} ({one.earned})" for one in summary.top_earners)
    yield "Top earners", listed(top, 5)


def _tokens(amounts: dict[str, str]) -> str:
    return listed(f"{amount} {token}" for token, amount in amounts.items())
