"""The limit of registered agents: one seat for each agent, however often it is asked for."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import anyio
import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.seats import AHEAD, NEAR, Counting, Seats
from aia_mas.application.processes.dispatch_fold import DispatchFold
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.kernel.steps import at_once
from aia_mas.domain.orchestration.agent_commands import RegisterAgent, UnregisterAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.errors import AgentAlreadyRegistered, MaxAgentsReached
from aia_mas.domain.orchestration.seating import SEATS, BeginSeatCount

from .conftest import PATIENCE, settle
from .held_log import HeldLog

TESTER = system("test")


class Node:
    """A node with a limit."""

    def __init__(self, log: HeldLog, max_agents: int) -> None:
        self.log = log
        ids = itertools.count(1)
        working_set = WorkingSet(log, orchestration.EVOLVERS, NoSnapshots())
        counting = Counting(
            lambda: self.fold.state.seats_taken,
            lambda: working_set.exists(SEATS),
            lambda: self.engine.execute(BeginSeatCount(), TESTER),
        )
        seats = Seats(lambda: self.fold.state.fleet.registered, max_agents, counting)
        self.fold = DispatchFold(None, lambda: log.feed.position, seats.follow)
        self.host = FoldHost(log, self.fold)
        self.engine = Engine(
            log,
            working_set,
            orchestration.handlers(
                active_tasks=lambda _: 0, seat=seats.place, place=lambda _: None
            ),
            orchestration.EVOLVERS,
            ManualClock(),
            lambda: f"id{next(ids)}",
        )
        self.seats = seats

    async def register(self, agent_id: str) -> None:
        """Register an agent."""
        command = RegisterAgent(agent_id=agent_id, capabilities=Capabilities())
        await self.engine.execute(command, TESTER)

    async def unregister(self, agent_id: str) -> None:
        """Take an agent out, and let the fold have it."""
        await self.engine.execute(UnregisterAgent(agent_id=agent_id), TESTER)
        await settle()

    def topics(self) -> list[str]:
        """Return what happened, in short."""
        return [event.topic.removesuffix(".v1") for event in self.log.events]


@pytest.fixture
async def log() -> AsyncIterator[HeldLog]:
    """A log in memory, running and empty."""
    held = HeldLog(EventMapper(orchestration.EVENTS))
    async with held.running():
        yield held
        held.gate.set()


@pytest.fixture
async def start(log: HeldLog) -> AsyncIterator[object]:
    """Starts the node with a limit."""
    async with anyio.create_task_group() as tasks:

        async def begin(max_agents: int) -> Node:
            node = Node(log, max_agents)
            tasks.start_soon(node.host.run)
            await settle()
            return node

        yield begin
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("counting", [True, False], ids=["counted", "one node"])
async def test_a_duplicate_frees_no_seat(log: HeldLog, start: object, counting: bool) -> None:
    """It is refused while the first one is on its way: the seat is still taken."""
    node = await start(2)  # type: ignore[operator]
    if not counting:
        node.seats._counting = None
    await node.register("a")
    await settle()
    log.gate.clear()
    results = [asyncio.create_task(node.register(agent)) for agent in ("x", "x", "x", "y", "z")]
    await settle()
    log.gate.set()
    answers = await asyncio.gather(*results, return_exceptions=True)

    assert [type(answer) for answer in answers] == [
        type(None),
        *[AgentAlreadyRegistered] * 2,
        *[MaxAgentsReached] * 2,
    ]
    assert node.fold.state.fleet.registered == 2


@pytest.mark.parametrize("counting", [True, False], ids=["counted", "one node"])
async def test_a_seat_of_a_registration_that_fails_is_free_again(
    log: HeldLog, start: object, counting: bool
) -> None:
    node = await start(1)  # type: ignore[operator]
    if not counting:
        node.seats._counting = None
    log.fails.add("fails")
    command = RegisterAgent(agent_id="x", capabilities=Capabilities())
    with pytest.raises(Exception, match="cannot be stored"):
        await node.engine.execute(command, TESTER, command_id="fails")
    await node.register("y")
    with pytest.raises(MaxAgentsReached):
        await node.register("z")


async def test_a_seat_is_free_again_when_its_agent_has_left(start: object) -> None:
    node = await start(2)  # type: ignore[operator]
    for number in range(5):
        await node.register("a")
        await node.register(f"b{number}")
        await settle()
        with pytest.raises(MaxAgentsReached):
            await node.register("c")
        await node.unregister("a")
        await node.unregister(f"b{number}")
    assert node.fold.state.seats_taken == 10


async def test_far_from_the_limit_nothing_is_counted_and_few_run_ahead(
    log: HeldLog, start: object
) -> None:
    """However many come at once, all are registered, in the order in which they came."""
    node = await start(NEAR + 400)  # type: ignore[operator]
    with anyio.fail_after(PATIENCE):
        await asyncio.gather(*(node.register(f"a{number}") for number in range(300)))
    assert node.topics() == ["agent.registered"] * 300
    assert [event.stream for event in log.events] == [f"agent/a{n}" for n in range(300)]
    assert max(len(batch) for batch in log.batches) <= AHEAD


async def test_near_the_limit_registrations_are_counted(start: object) -> None:
    node = await start(NEAR + 2)  # type: ignore[operator]
    for number in range(4):
        await node.register(f"a{number}")
        await settle()
    assert node.topics() == [
        "agent.registered",
        "agent.registered",
        "fleet.seat_count_began",
        *["agent.registered", "fleet.seat_taken"] * 2,
    ]


async def test_the_limit_is_reached_and_not_exceeded_by_many_at_once(start: object) -> None:
    node = await start(50)  # type: ignore[operator]
    with anyio.fail_after(PATIENCE):
        answers = await asyncio.gather(
            *(node.register(f"a{number}") for number in range(200)), return_exceptions=True
        )
    assert sum(answer is None for answer in answers) == 50
    assert sum(isinstance(answer, MaxAgentsReached) for answer in answers) == 150


async def test_the_count_survives_a_snapshot(start: object) -> None:
    node = await start(3)  # type: ignore[operator]
    await node.register("a")
    await settle()
    fold = DispatchFold(None, lambda: 0)
    at_once(fold.restore(list(at_once(node.fold.snapshot()))))
    assert fold.state.seats_taken == 1
