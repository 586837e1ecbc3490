"""Bounds of the queue: exact on one node, whatever is on its way into the log."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from aia_mas.application.clock import ManualClock
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.mapper import EventMapper
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.admission import LATEST, SOONEST, Admission
from aia_mas.application.processes.dispatch_fold import DispatchFold
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.orchestration.errors import QueueFull
from aia_mas.domain.orchestration.task_commands import CancelTask, RetryTask, SubmitTask
from aia_mas.domain.orchestration.task_specification import TaskSpecification

from .conftest import settle
from .held_log import HeldLog

TESTER = system("test")
PLAIN = TaskSpecification(task_type="t")
_ids = itertools.count(1)


class Node:
    """A node whose queue is bounded, and that has no agents."""

    def __init__(self, log: HeldLog, bound: int | None, owner_bound: int | None) -> None:
        self.log = log
        clock = ManualClock()
        admission = Admission(
            lambda: self.fold.state.figures,
            lambda _: None,
            clock,
            bound=bound,
            owner_bound=owner_bound,
        )
        self.fold = DispatchFold(None, lambda: log.feed.position, admission.follow)
        self.host = FoldHost(log, self.fold)
        self.engine = Engine(
            log,
            WorkingSet(log, orchestration.EVOLVERS, NoSnapshots()),
            orchestration.handlers(
                active_tasks=lambda _: 0, seat=lambda _: None, place=admission.place
            ),
            orchestration.EVOLVERS,
            clock,
            lambda: f"id{next(_ids)}",
        )
        self.admission = admission
        self.retry_after = 0

    def task(self, owner: str = "o") -> SubmitTask:
        return SubmitTask(task_id=f"t{next(_ids)}", spec=PLAIN, owner=owner)

    async def submit(self, owner: str = "o", key: str | None = None) -> bool:
        """Tell whether a task was accepted."""
        try:
            await self.engine.execute(self.task(owner), TESTER, command_id=key)
        except QueueFull as full:
            self.retry_after = full.retry_after
            return False
        return True


@pytest.fixture
async def log() -> AsyncIterator[HeldLog]:
    """A log in memory, running and empty."""
    held = HeldLog(EventMapper(orchestration.EVENTS))
    async with held.running():
        yield held
        held.gate.set()


@pytest.fixture
async def start(log: HeldLog) -> AsyncIterator[Any]:
    """Starts the node with its bounds."""
    async with anyio.create_task_group() as tasks:

        async def begin(bound: int | None = None, owner_bound: int | None = None) -> Node:
            node = Node(log, bound, owner_bound)
            tasks.start_soon(node.host.run)
            await settle()
            return node

        yield begin
        tasks.cancel_scope.cancel()


async def test_what_is_on_its_way_counts(log: HeldLog, start: Any) -> None:
    node = await start(bound=3)
    log.gate.clear()
    waiting = [asyncio.create_task(node.submit()) for _ in range(5)]
    await settle()
    log.gate.set()

    assert sorted(await asyncio.gather(*waiting)) == [False, False, True, True, True]
    await settle()
    assert not await node.submit()
    assert SOONEST <= node.retry_after <= LATEST
    assert node.admission._coming == {}
    assert node.admission._owners == {}


async def test_an_owner_has_a_bound_of_its_own(start: Any) -> None:
    node = await start(bound=3, owner_bound=2)

    assert [await node.submit("a") for _ in range(3)] == [True, True, False]
    assert [await node.submit("b") for _ in range(2)] == [True, False]


async def test_a_batch_is_refused_singly_or_as_a_whole(start: Any) -> None:
    node = await start(bound=2)
    items = await node.engine.execute_many([node.task() for _ in range(3)], Origin(TESTER))
    assert [isinstance(item, DomainError) for item in items] == [False, False, True]

    node = await start(bound=6)
    with pytest.raises(QueueFull) as refused:
        commands = [node.task() for _ in range(5)]
        await node.engine.execute_many(commands, Origin(TESTER), atomic=True)
    assert refused.value.facts["index"] == 4
    assert node.admission._coming == {}
    await settle()
    assert node.fold.state.figures.total == 2


async def test_a_refusal_is_not_kept_under_its_key(start: Any) -> None:
    node = await start(bound=1)
    first = node.task()
    await node.engine.execute(first, TESTER)
    await settle()
    assert not await node.submit(key="again")
    await node.engine.execute(CancelTask(task_id=first.task_id), TESTER)
    await settle()

    assert await node.submit(key="again")


async def test_a_retry_is_not_refused(start: Any) -> None:
    node = await start(bound=1)
    first = node.task()
    await node.engine.execute(first, TESTER)
    await node.engine.execute(CancelTask(task_id=first.task_id), TESTER)
    await settle()
    assert await node.submit()
    await node.engine.execute(RetryTask(task_id=first.task_id), TESTER)
    await settle()

    assert node.fold.state.figures.total == 2
