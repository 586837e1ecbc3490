"""Deadlines over a log in memory: what is due is ended once, and nothing else is."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import msgspec
import pytest

from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.contact import Contact
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.seats import Seats
from aia_mas.application.presence import MemoryPresence, Presence
from aia_mas.application.processes.deadlines import Deadlines, ExpiryFold
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.orchestration.agent_commands import MarkAgentOnline, RegisterAgent
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_commands import (
    AssignTask,
    CompleteTask,
    RetryTask,
    StartTask,
    SubmitTask,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification

from .conftest import SteppedClock, settle
from .held_log import HeldLog

TESTER = system("test")
HEARTBEAT = 5.0
PICKUP = 10.0


class Node:
    """A node with deadlines, on a clock that is moved by hand."""

    def __init__(self, log: HeldLog) -> None:
        self.log = log
        self.clock = SteppedClock()
        ids = itertools.count(1)
        self.presence = Presence(MemoryPresence(self.clock), self.clock)
        self.contact = Contact()
        self.fold = ExpiryFold(self.presence.over)
        self.host = FoldHost(log, self.fold)
        self.deadlines = Deadlines(
            self.fold,
            self.host,
            self.presence,
            self.contact,
            self.clock,
            heartbeat_seconds=HEARTBEAT,
            pickup_seconds=PICKUP,
        )
        self.engine = Engine(
            log,
            WorkingSet(log, orchestration.EVOLVERS, NoSnapshots()),
            orchestration.handlers(
                active_tasks=lambda _: 0,
                seat=Seats(lambda: 0, 1000).place,
                place=lambda _: None,
            ),
            orchestration.EVOLVERS,
            self.clock,
            lambda: f"id{next(ids)}",
        )

    async def do(self, *commands: msgspec.Struct) -> None:
        """Carry out commands, and let the fold have them."""
        for command in commands:
            await self.engine.execute(command, TESTER)
        await settle()

    async def step(self, seconds: float) -> None:
        """Let time pass, and a round with it."""
        await self.clock.step(seconds)
        await settle()

    @asynccontextmanager
    async def leading(self, epoch: int = 1) -> AsyncIterator[None]:
        """Lead, as if the lease had just been taken."""
        self.log.epochs["deadlines"] = epoch
        async with anyio.create_task_group() as tasks:
            lease = Lease("deadlines", epoch, (await self.log.head()).position)
            tasks.start_soon(self.deadlines.lead, lease, self.engine)
            await settle()
            yield
            tasks.cancel_scope.cancel()

    def topics(self, stream: str) -> list[str]:
        """Return what happened in a stream, in short."""
        return [event.topic.split(".")[1] for event in self.log.events if event.stream == stream]


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    """A node that folds and does not lead yet."""
    log = HeldLog(EventMapper(orchestration.EVENTS))
    async with log.running(), anyio.create_task_group() as tasks:
        made = Node(log)
        tasks.start_soon(made.host.run)
        yield made
        tasks.cancel_scope.cancel()


def _submit(task_id: str, **terms: object) -> SubmitTask:
    return SubmitTask(
        task_id=task_id,
        spec=TaskSpecification(task_type="x", **terms),  # type: ignore[arg-type]
    )


def _register(agent_id: str) -> RegisterAgent:
    return RegisterAgent(agent_id=agent_id, capabilities=Capabilities(max_concurrent_tasks=9))


def _assign(task_id: str, attempt: int = 1, seconds: float = 20.0) -> AssignTask:
    return AssignTask(
        task_id=task_id,
        attempt=attempt,
        agent_id="a",
        lease=f"{task_id}:{attempt}",
        lease_seconds=seconds,
    )


async def test_silence_ends_attempts_and_presence(node: Node) -> None:
    await node.do(_register("a"), _submit("idle"), _submit("busy"))
    await node.do(_assign("idle"), _assign("busy"))
    await node.do(StartTask(task_id="busy", agent_id="a", lease="busy:1"))
    async with node.leading():
        for _ in range(9):
            await node.step(1)
        assert node.topics("task/idle") == ["submitted", "assigned"]
        await node.step(1)
        assert node.topics("task/idle") == ["submitted", "assigned", "released"]

        node.presence.beat("agent", "a")
        for _ in range(9):
            await node.step(1)
        assert node.topics("task/busy") == ["submitted", "assigned", "started"]
        await node.step(1)
        assert node.topics("task/busy") == ["submitted", "assigned", "started", "released"]
        for _ in range(5):
            await node.step(1)
        assert node.topics("agent/a") == ["registered", "went_offline"]


async def test_each_is_ended_once_however_often_it_is_due(node: Node) -> None:
    await node.do(_register("a"), _submit("t"), _assign("t"))
    async with node.leading():
        for _ in range(30):
            await node.step(1)

    assert node.topics("task/t") == ["submitted", "assigned", "released"]
    assert node.topics("agent/a") == ["registered", "went_offline"]


async def test_an_agent_goes_offline_every_time(node: Node) -> None:
    await node.do(_register("a"))
    async with node.leading():
        for _ in range(3):
            for _ in range(16):
                await node.step(1)
            await node.do(MarkAgentOnline(agent_id="a"))

    assert node.topics("agent/a") == ["registered", *["went_offline", "came_online"] * 3]


async def test_a_task_expires_every_time(node: Node) -> None:
    """A task may be retried with a new deadline, and pass that one too."""
    await node.do(_submit("t", deadline=node.clock.now() + timedelta(seconds=5)))
    async with node.leading():
        for _ in range(3):
            for _ in range(7):
                await node.step(1)
            deadline = node.clock.now() + timedelta(seconds=5)
            await node.do(RetryTask(task_id="t", deadline=deadline))

    assert node.topics("task/t") == ["submitted", *["expired", "requeued"] * 3]


async def test_nothing_expires_within_a_window_after_a_takeover(node: Node) -> None:
    await node.do(_register("a"), _submit("t"), _assign("t"))
    node.clock.advance(10_000)
    async with node.leading():
        for _ in range(9):
            await node.step(1)
            assert node.topics("task/t") == ["submitted", "assigned"]
        await node.step(1)
        assert node.topics("task/t") == ["submitted", "assigned", "released"]
        assert node.topics("agent/a") == ["registered"]
        for _ in range(5):
            await node.step(1)
        assert node.topics("agent/a") == ["registered", "went_offline"]


async def test_nothing_expires_while_signs_of_life_are_not_heard_nor_soon_after(
    node: Node,
) -> None:
    await node.do(_register("a"), _submit("t"), _assign("t"))
    async with node.leading():
        await node.step(1)
        node.presence.available = False
        for _ in range(100):
            await node.step(1)
        node.presence.available, node.presence.since = True, node.clock.monotonic()
        for _ in range(9):
            await node.step(1)
        assert node.topics("task/t") == ["submitted", "assigned"]
        await node.step(1)
        assert node.topics("task/t") == ["submitted", "assigned", "released"]
        for _ in range(5):
            await node.step(1)
        assert node.topics("agent/a") == ["registered", "went_offline"]


async def test_a_former_leader_ends_nothing(node: Node) -> None:
    await node.do(_register("a"), _submit("t"), _assign("t"))
    async with node.leading(1):
        node.log.epochs["deadlines"] = 2
        for _ in range(20):
            node.clock.advance(1)
            await settle()

    assert node.topics("task/t") == ["submitted", "assigned"]
    assert node.topics("agent/a") == ["registered"]


async def test_nothing_expires_soon_after_a_standstill(node: Node) -> None:
    """The process was stopped, or its machine: whoever reported meanwhile was not heard."""
    await node.do(_register("a"), _submit("t"), _assign("t"))
    async with node.leading():
        await node.step(1)
        await node.step(1_000)
        for _ in range(9):
            await node.step(1)
        assert node.topics("task/t") == ["submitted", "assigned"]
        await node.step(1)
        assert node.topics("task/t") == ["submitted", "assigned", "released"]
        assert node.topics("agent/a") == ["registered"]


@pytest.mark.parametrize("looked", [True, False], ids=["seen at a look", "between two looks"])
async def test_nothing_expires_while_the_log_is_out_of_reach_nor_soon_after(
    node: Node, looked: bool
) -> None:
    """Nobody can start a task meanwhile, or report on one."""
    await node.do(_register("a"), _submit("t"), _assign("t"))
    async with node.leading():
        await node.step(1)
        node.contact.lost("listen")
        if looked:
            for _ in range(100):
                await node.step(1)
        else:
            node.clock.advance(0.125)
        node.contact.made("listen")
        await node.step(0.25)
        for _ in range(9):
            await node.step(1)
        assert node.topics("task/t") == ["submitted", "assigned"]
        await node.step(1)
        assert node.topics("task/t") == ["submitted", "assigned", "released"]
        for _ in range(5):
            await node.step(1)
        assert node.topics("agent/a") == ["registered", "went_offline"]


async def test_a_clock_set_back_starts_the_windows_anew_and_stops_nothing(node: Node) -> None:
    await node.do(_register("a"), _submit("idle"), _submit("busy"))
    await node.do(_assign("idle"), _assign("busy"))
    await node.do(StartTask(task_id="busy", agent_id="a", lease="busy:1"))
    async with node.leading():
        for _ in range(5):
            await node.step(1)
        node.presence.beat("task", "busy:1")
        node.clock.set(-3600)
        await node.step(0.25)
        for _ in range(9):
            await node.step(1)
        assert node.topics("task/idle") == ["submitted", "assigned"]
        await node.step(1)
        assert node.topics("task/idle") == ["submitted", "assigned", "released"]
        for _ in range(4):
            await node.step(1)
        assert node.topics("agent/a") == ["registered"]
        await node.step(1)
        assert node.topics("agent/a") == ["registered", "went_offline"]
        await node.step(1)
        assert node.topics("task/busy") == ["submitted", "assigned", "started", "released"]


async def test_a_clock_set_forward_starts_the_windows_anew(node: Node) -> None:
    await node.do(_register("a"), _submit("t"), _assign("t"))
    async with node.leading():
        await node.step(1)
        node.clock.set(3600)
        await node.step(0.25)
        for _ in range(9):
            await node.step(1)
        assert node.topics("task/t") == ["submitted", "assigned"]
        await node.step(1)
        assert node.topics("task/t") == ["submitted", "assigned", "released"]


async def test_a_leader_whose_clock_was_set_back_before_it_led_ends_what_is_due(
    node: Node,
) -> None:
    await node.do(_register("a"), _submit("t"), _assign("t"))
    node.clock.set(-3600)
    async with node.leading():
        for _ in range(10):
            await node.step(1)
        assert node.topics("task/t") == ["submitted", "assigned", "released"]


async def test_signs_of_life_are_forgotten_with_the_attempts_they_are_of(node: Node) -> None:
    await node.do(_register("a"))
    for number in range(100):
        task = f"t{number}"
        await node.do(_submit(task), _assign(task))
        await node.do(StartTask(task_id=task, agent_id="a", lease=f"{task}:1"))
        node.presence.beat("task", f"{task}:1")
        assert len(node.presence) == 1
        await node.do(CompleteTask(task_id=task, agent_id="a", lease=f"{task}:1"))
        assert len(node.presence) == 0


async def test_however_many_are_due_all_are_ended_at_once(node: Node) -> None:
    for number in range(250):
        await node.do(_register(f"a{number}"))
    async with node.leading():
        for _ in range(16):
            await node.step(1)
        ended = [event for event in node.log.events if event.topic == "agent.went_offline.v1"]
        assert len(ended) == 250
