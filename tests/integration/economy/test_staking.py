"""Stakes on a real log: across restarts, on two nodes at once, each thing done once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import anyio
import msgspec

from aia_mas.application.economy.order_desk import Order
from aia_mas.application.engine.engine import Origin
from aia_mas.application.event_log.log import EventFilter
from aia_mas.application.settings import Settings
from aia_mas.domain.economy.parameter_changes import ChangeParameters
from aia_mas.domain.economy.staking.commands import Delegate, Stake, Unstake
from aia_mas.domain.economy.staking.events import (
    EVENTS,
    StakeSlashed,
    StakingRewardsClaimed,
    UnbondingReleased,
)
from aia_mas.domain.economy.staking.index import SCALE
from aia_mas.domain.economy.staking.rewards import ClaimRewards, NotifyStakingRewards
from aia_mas.domain.economy.staking.slashing import Slash
from aia_mas.domain.kernel import DomainError, Event, Principal, Role
from aia_mas.interfaces.bootstrap import System

DEV = Principal("dev", frozenset({Role.ADMIN}))
ONE = 10**18
PATIENCE = 60.0


async def order(node: System, wanted: msgspec.Struct) -> Order:
    return (await node.economy.orders.place(node.new_id(), wanted, Origin(DEV), PATIENCE)).order


async def do(node: System, command: msgspec.Struct) -> None:
    done = await node.engine.execute(command, DEV)
    await node.economy.host.reached(done.position)


async def rich_and_staked(node: System, *agents: str, tokens: int = 500, **terms: Any) -> None:
    changes = {"staking_reward_per_day": 0, **terms}
    await order(node, ChangeParameters(changes=changes))
    for agent_id in agents:
        await node.economy.enrolment.enter(agent_id, 1_000 * ONE, Origin(DEV))
        amount, transfer_id = tokens * ONE, node.new_id()
        await do(node, Stake(agent_id=agent_id, amount=amount, transfer_id=transfer_id))


async def recorded(node: System, *kinds: type[Event]) -> list[Any]:
    topics = tuple(kind.topic for kind in kinds)
    return [each.event for each in await node.log.read(0, 10_000, EventFilter(topics=topics))]


async def until_recorded(node: System, kind: type[Event], count: int) -> None:
    with anyio.fail_after(PATIENCE):
        while len(await recorded(node, kind)) < count:
            await node.log.feed.wait(node.log.feed.position, 0.1)


async def balances(node: System, *accounts: str) -> list[int]:
    states = await node.economy.standing.accounts(accounts)
    return [states[account].balance for account in accounts]


def conserved(node: System) -> bool:
    index = node.economy.earnings.index
    held = index.all_owed() + index.rest + (index.queued + index.paid) * SCALE
    return held == index.notified * SCALE


async def test_stakes_and_what_they_earned_go_on_across_restarts(database: str) -> None:
    settings = Settings(database_url=database)
    async with System(settings) as node:
        await rich_and_staked(node, "ann", "bob", unbonding_seconds=1)
        await order(node, NotifyStakingRewards(amount=700 * ONE))
        await do(node, Delegate(agent_id="bob", to="ann", amount=100 * ONE))
        out = Unstake(agent_id="ann", amount=200 * ONE, transfer_id="out")
        await node.engine.execute(out, DEV)
        owed = node.economy.earnings.index.owed("ann")
        # It is stopped before what unbonds is back.
    async with System(settings) as again:
        await until_recorded(again, UnbondingReleased, 1)
        await order(again, NotifyStakingRewards(amount=ONE))
        assert again.economy.earnings.index.owed("ann") >= owed > 0
        paid = (await order(again, ClaimRewards(agent_id="ann"))).result
        assert paid["amount"]
        assert conserved(again)
    async with System(settings) as anew:
        live = anew.economy.earnings.index
        await order(anew, NotifyStakingRewards(amount=1))
        assert conserved(anew)
        await anew.projections.rebuild("settlement")  # type: ignore[attr-defined]
        rebuilt = anew.economy.earnings.index
        assert (rebuilt.totals(), rebuilt.shares) == (live.totals(), live.shares)
        assert len(await recorded(anew, UnbondingReleased)) == 1
        (staked,) = await balances(anew, "staked:AIA:ann")
        assert staked == 300 * ONE
        # The balances of stakes are what their events say.
        last = {}
        for each in await anew.log.read(0, 10_000, EventFilter(topics=_TOPICS)):
            last[each.stream.partition("/")[2]] = each.event
        for agent_id, event in last.items():
            accounts = (f"staked:AIA:{agent_id}", f"unbonding:AIA:{agent_id}")
            assert await balances(anew, *accounts) == [event.bonded, event.unbonding]


async def test_rewards_claimed_at_once_on_two_nodes_are_paid_once(database: str) -> None:
    settings = Settings(database_url=database)
    async with System(settings) as one, System(settings) as other:
        await rich_and_staked(one, "ann", "bob")
        await order(one, NotifyStakingRewards(amount=600 * ONE))

        outcomes = await asyncio.gather(
            *(_code(node, ClaimRewards(agent_id="ann")) for node in [one, other] * 6)
        )

        assert Counter(outcomes) == {"executed": 1, "nothing_to_claim": 11}
        (claimed,) = await recorded(one, StakingRewardsClaimed)
        assert 0 <= 300 * ONE - claimed.amount < ONE // 10**6
        left, wallet = await balances(other, "staking_rewards:AIA", "wallet:AIA:ann")
        assert (left, wallet) == (600 * ONE - claimed.amount, 500 * ONE + claimed.amount)


async def test_evidence_named_at_once_on_two_nodes_counts_once(database: str) -> None:
    settings = Settings(database_url=database)
    async with System(settings) as one, System(settings) as other:
        await rich_and_staked(one, "ann", "bob", unbonding_seconds=3_600)
        await do(one, Delegate(agent_id="bob", to="ann", amount=500 * ONE))
        wanted = Slash(agent_id="ann", evidence_id="case-1", fraction_ppm=100_000, reporter="rex")

        outcomes = await asyncio.gather(*(_code(node, wanted) for node in [one, other] * 4))

        assert Counter(outcomes) == {"executed": 1, "evidence_already_used": 7}
        (slashed,) = await recorded(other, StakeSlashed)
        assert (slashed.amount, slashed.others) == (50 * ONE, 50 * ONE)
        accounts = ("staked:AIA:ann", "staked:AIA:bob", "slashed:AIA", "wallet:AIA:rex")
        assert await balances(one, *accounts) == [450 * ONE, 450 * ONE, 90 * ONE, 10 * ONE]


async def test_a_slash_that_meets_changing_delegations_takes_them_as_they_are(
    database: str,
) -> None:
    """Who delegated is filled in by what the settlement knows; the log has the last word."""
    async with System(Settings(database_url=database)) as node:
        givers = [f"giver{number}" for number in range(12)]
        await rich_and_staked(node, "ann", *givers)

        async def slash(number: int) -> str:
            wanted = Slash(agent_id="ann", evidence_id=f"case-{number}", fraction_ppm=10_000)
            return await _code(node, wanted)

        gifts = (Delegate(agent_id=giver, to="ann", amount=100 * ONE) for giver in givers)
        outcomes = await asyncio.gather(
            *(node.engine.execute(gift, DEV) for gift in gifts),
            *(slash(number) for number in range(12)),
        )

        assert outcomes[12:] == ["executed"] * 12
        taken = await recorded(node, StakeSlashed)
        names = ["ann", *givers]
        left = await balances(node, *(f"staked:AIA:{name}" for name in names), "slashed:AIA")
        assert sum(left) == 13 * 500 * ONE
        assert left[-1] == sum(each.amount + each.others for each in taken)


async def _code(node: System, wanted: msgspec.Struct) -> str:
    try:
        return (await order(node, wanted)).status.value
    except DomainError as error:
        return error.code


_TOPICS: Sequence[str] = tuple(event.topic for event in EVENTS)
