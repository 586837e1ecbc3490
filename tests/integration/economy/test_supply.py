"""Genesis and initial stakes on a real log: once, on however many nodes, across restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import anyio
import pytest

from aia_mas.application.economy.order_desk import OrderDesk
from aia_mas.application.engine.engine import Origin
from aia_mas.application.event_log.log import EventFilter, new_events
from aia_mas.application.event_log.records import AppendRequest, Expectation
from aia_mas.application.settings import Settings
from aia_mas.domain.economy.accounts import reward_pool, staked, treasury, wallet
from aia_mas.domain.economy.ledger.events import TransferPosted
from aia_mas.domain.economy.orders import OrderExecuted
from aia_mas.domain.economy.staking.events import StakeBonded
from aia_mas.domain.economy.supply.faucet import Faucet
from aia_mas.domain.kernel import Event, Principal, Role
from aia_mas.domain.orchestration.agent_commands import RegisterAgent, UnregisterAgent
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.interfaces.bootstrap import System

DEV = Principal("dev", frozenset({Role.ADMIN}))
ONE = 10**18
PATIENCE = 60.0


async def recorded(node: System, kind: type[Event]) -> list[str]:
    """Return the streams in which a kind of event was recorded, once for each."""
    events = await node.log.read(0, 10_000, EventFilter(topics=(kind.topic,)))
    return [event.stream for event in events]


async def until(node: System, kind: type[Event], streams: Sequence[str]) -> None:
    """Wait until a kind of event stands in some streams."""
    with anyio.fail_after(PATIENCE):
        while not set(streams) <= set(await recorded(node, kind)):
            await node.log.feed.wait(node.log.feed.position, 0.1)


async def as_formerly(node: System, agent_id: str, stake: int) -> None:
    """Register an agent as former releases did."""
    event = AgentRegistered(
        capabilities=Capabilities(),
        owner="dev",
        initial_stake=stake,
        registered_at=node.clock.now(),
    )
    stream = f"agent/{agent_id}"
    request = AppendRequest(
        command_id=node.new_id(),
        events=new_events(node.log.mapper, stream, 0, [event]),
        expectations=[Expectation(stream, 0, "")],
    )
    await node.log.append(request)


async def balances(node: System, *accounts: str) -> list[int]:
    states = await node.economy.standing.accounts(accounts)
    return [states[account].balance for account in accounts]


async def test_two_nodes_begin_with_one_genesis_and_a_restart_with_none(database: str) -> None:
    settings = Settings(database_url=database)
    genesis = ["transfer/genesis:AIA", "transfer/genesis:AIA_GOV"]
    async with System(settings) as one, System(settings) as other:
        await until(one, TransferPosted, genesis)
        await other.economy.enrolment.enter("ann", 5 * ONE, Origin(DEV))
    async with System(settings) as again:
        await again.economy.enrolment.enter("bob", 7 * ONE, Origin(DEV))

        posted = await recorded(again, TransferPosted)
        assert [stream for stream in posted if stream.startswith("transfer/genesis")] == genesis
        assert await balances(again, wallet("ann"), wallet("bob")) == [5 * ONE, 7 * ONE]
        assert await balances(again, treasury(), reward_pool("AIA_GOV")) == [
            90_000_000 * ONE,
            10_000_000 * ONE,
        ]


async def test_agents_of_former_releases_are_staked_once_across_restarts(database: str) -> None:
    settings = Settings(database_url=database)
    names = [f"old{number}" for number in range(8)]
    async with System(settings) as node:
        for name in names:
            await as_formerly(node, name, 100 * ONE)
        # It is stopped at some point of this.
    async with System(settings) as one, System(settings) as other:
        await until(one, StakeBonded, [f"stake/{name}" for name in names])
        await other.economy.enrolment.enter("ann", ONE, Origin(DEV))
        assert sorted(await recorded(one, StakeBonded)) == [f"stake/{name}" for name in names]
        assert await balances(other, *(staked(name) for name in names)) == [100 * ONE] * 8


async def test_registrations_at_once_on_two_nodes_stake_once_each(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(database_url=database)
    # An answer waits a few seconds at most, which are too few for so many on a busy machine.
    monkeypatch.setattr(OrderDesk.ended, "__defaults__", (PATIENCE,))
    names = [f"a{number}" for number in range(20)]

    async def come(node: System, name: str) -> None:
        command = RegisterAgent(agent_id=name, capabilities=Capabilities(), initial_stake=100 * ONE)
        await node.engine.execute(command, DEV)
        await node.economy.initial_stakes.staked(name)

    async with System(settings) as one, System(settings) as other:
        nodes = (one, other)
        await asyncio.gather(*(come(nodes[number % 2], name) for number, name in enumerate(names)))
        # The answer waited until it was so, and it stands in the log.
        assert sorted(await recorded(one, StakeBonded)) == sorted(f"stake/{n}" for n in names)
        assert len(await recorded(one, OrderExecuted)) == len(names)

        await one.engine.execute(UnregisterAgent(agent_id="a0"), DEV)
        await come(other, "a0")
        states = await balances(other, staked("a0"), wallet("a0"))
        assert sum(states) == 100 * ONE


async def test_an_order_that_was_answered_stands_in_the_log(database: str) -> None:
    """However early it is looked at: what is on its way there is not told."""
    async with System(Settings(database_url=database)) as node:
        for number in range(30):
            order = Faucet(owner=f"w{number}", amount=ONE)
            ended = await node.economy.orders.place(node.new_id(), order, Origin(DEV))
            stream = f"order/{ended.order.order_id}"
            assert [event.event.topic for event in await node.log.read_stream(stream)] == [
                "order.placed.v1",
                "order.executed.v1",
            ]
            assert ended.position <= node.log.feed.position
