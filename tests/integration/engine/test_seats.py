"""Two nodes register agents at once: as many as may be, and not one more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import pytest

from aia_mas.application.orchestration import seats as module
from aia_mas.application.settings import Settings
from aia_mas.domain.kernel.errors import DomainError
from aia_mas.domain.orchestration.agent_commands import UnregisterAgent
from aia_mas.domain.orchestration.agent_events import AgentRegistered, AgentUnregistered
from aia_mas.domain.orchestration.errors import MaxAgentsReached
from aia_mas.domain.orchestration.seating import SeatTaken
from aia_mas.interfaces.bootstrap import System

from .conftest import ALICE, PATIENCE, register

TwoNodes = Callable[[int], AbstractAsyncContextManager[tuple[System, System]]]


@pytest.fixture
def two_nodes(database: str) -> TwoNodes:
    """Starts two nodes with a limit on one database."""

    @asynccontextmanager
    async def start(max_agents: int) -> AsyncIterator[tuple[System, System]]:
        settings = Settings(database_url=database, max_agents=max_agents)
        async with System(settings) as one, System(settings) as other:
            yield one, other

    return start


async def outcomes(node: System, *agents: str) -> Counter[str]:
    """Register agents at once and return how often each outcome came."""

    async def outcome(agent_id: str) -> str:
        try:
            await node.engine.execute(register(agent_id), ALICE)
        except DomainError as error:
            return error.code
        return "registered"

    with anyio.fail_after(PATIENCE):
        return Counter(await asyncio.gather(*(outcome(agent) for agent in agents)))


async def most_registered(node: System) -> int:
    """Return how many agents were ever registered at once, by the log."""
    most = now = 0
    for event in await node.log.read(0, 100_000):
        now += isinstance(event.event, AgentRegistered)
        now -= isinstance(event.event, AgentUnregistered)
        most = max(most, now)
    return most


def names(prefix: str, count: int) -> list[str]:
    """Return ids of agents."""
    return [f"{prefix}{number}" for number in range(count)]


@pytest.mark.parametrize("limit", [1, 10])
async def test_two_nodes_at_once_reach_the_limit_and_never_exceed_it(
    two_nodes: TwoNodes, limit: int
) -> None:
    async with two_nodes(limit) as (one, other):
        assert await outcomes(one, *names("first", limit - 1)) == Counter(
            {"registered": limit - 1} if limit > 1 else {}
        )
        both = await asyncio.gather(
            outcomes(one, *names("one", 10)), outcomes(other, *names("other", 10))
        )
        assert both[0] + both[1] == Counter({"registered": 1, MaxAgentsReached.code: 19})
        assert await most_registered(one) == limit


async def test_two_nodes_go_from_far_to_the_limit_at_once(
    two_nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count begins on the way, while registrations of both nodes are under way."""
    monkeypatch.setattr(module, "NEAR", 24)
    monkeypatch.setattr(module, "AHEAD", 8)
    async with two_nodes(60) as (one, other):
        both = await asyncio.gather(
            outcomes(one, *names("one", 50)), outcomes(other, *names("other", 50))
        )
        assert both[0] + both[1] == Counter({"registered": 60, MaxAgentsReached.code: 40})
        assert await most_registered(one) == 60
        counted = [e for e in await one.log.read(0, 1000) if isinstance(e.event, SeatTaken)]
        assert 0 < len(counted) <= 24


async def test_a_node_whose_fold_stands_still_does_not_exceed_the_limit(
    two_nodes: TwoNodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It knows nothing of the agents of the other node, which fill up what is left."""
    monkeypatch.setattr(module, "NEAR", 20)
    monkeypatch.setattr(module, "AHEAD", 4)
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    async with two_nodes(40) as (one, other):
        host = one._dispatch_host
        stands, gate, waiting = asyncio.Event(), asyncio.Event(), asyncio.Event()
        room = module.Seats._room

        async def waiting_room(seats: module.Seats) -> None:
            waiting.set()
            await room(seats)

        fold = host._fold

        async def held(*args: object) -> None:
            if stands.is_set():
                await gate.wait()
            await fold(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(host, "_fold", held)
        monkeypatch.setattr(module.Seats, "_room", waiting_room)
        # The host may wait in a call that was looked up before; the one after it is ours.
        assert (await outcomes(other, "first"))["registered"] == 1
        with anyio.fail_after(PATIENCE):
            await host.reached(other.log.feed.position)
        stands.set()
        assert (await outcomes(other, *names("other", 37)))["registered"] == 37
        assert one.dispatcher._fold.state.fleet.registered == 1, "it stands still"
        waiting.clear()
        ahead = asyncio.create_task(outcomes(one, *names("one", 10)))
        waits = asyncio.create_task(waiting.wait())
        await asyncio.wait([ahead, waits], return_when=asyncio.FIRST_COMPLETED)
        assert not ahead.done(), "what it does not know, it waits for"
        assert await most_registered(one) <= 40
        gate.set()
        assert await ahead == Counter({"registered": 2, MaxAgentsReached.code: 8})
        assert await most_registered(one) == 40


async def test_what_one_node_frees_the_other_gives_out(two_nodes: TwoNodes) -> None:
    async with two_nodes(2) as (one, other):
        assert (await outcomes(one, "a0", "b"))["registered"] == 2
        for number in range(5):
            left = await one.engine.execute(UnregisterAgent(agent_id=f"a{number}"), ALICE)
            await other._dispatch_host.reached(left.position)
            assert await outcomes(other, f"a{number + 1}") == Counter({"registered": 1})
            assert await outcomes(other, "c") == Counter({MaxAgentsReached.code: 1})
            await one._dispatch_host.reached(other.log.feed.position)
        assert await most_registered(one) == 2
