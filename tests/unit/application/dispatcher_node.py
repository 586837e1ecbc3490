"""A node with the dispatcher over a log in memory, for tests."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import msgspec

from aia_mas.application.clock import ManualClock, SystemClock
from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.seats import Seats
from aia_mas.application.processes.dispatch_fold import DispatchFold
from aia_mas.application.processes.dispatcher import Dispatcher
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.orchestration.agent_commands import RegisterAgent
from aia_mas.domain.orchestration.agent_events import AgentRegistered
from aia_mas.domain.orchestration.capabilities import Capabilities
from aia_mas.domain.orchestration.task_commands import SubmitTask
from aia_mas.domain.orchestration.task_events import (
    TaskAssigned,
    TaskCompleted,
)
from aia_mas.domain.orchestration.task_specification import TaskSpecification

from .conftest import PATIENCE
from .held_log import HeldLog

TESTER = system("test")


class Node:
    """A node with a dispatcher."""

    def __init__(self, log: HeldLog, clock: ManualClock | SystemClock | None = None) -> None:
        self.log = log
        clock = clock or SystemClock()
        ids = itertools.count(1)
        self.fold = DispatchFold(None, lambda: log.feed.position)
        self.host = FoldHost(log, self.fold)
        self.dispatcher = Dispatcher(self.fold, self.host, clock, lambda: f"lease{next(ids)}")
        self.engine = Engine(
            log,
            WorkingSet(log, orchestration.EVOLVERS, NoSnapshots()),
            orchestration.handlers(
                active_tasks=lambda _: 0,
                seat=Seats(lambda: 0, 1000).place,
                place=self.dispatcher.place,
            ),
            orchestration.EVOLVERS,
            clock,
            lambda: f"{id(self)}:{next(ids)}",
        )

    async def do(self, command: msgspec.Struct) -> None:
        """Carry out a command."""
        await self.engine.execute(command, TESTER)

    async def register(self, agent_id: str, places: int = 1) -> None:
        """Register an agent."""
        await self.do(
            RegisterAgent(agent_id=agent_id, capabilities=Capabilities(max_concurrent_tasks=places))
        )

    async def submit(self, *task_ids: str) -> None:
        """Submit tasks."""
        for task_id in task_ids:
            await self.do(SubmitTask(task_id=task_id, spec=TaskSpecification(task_type="x")))

    @asynccontextmanager
    async def leading(self, epoch: int) -> AsyncIterator[None]:
        """Lead, as if the lease had just been taken."""
        self.log.epochs["dispatcher"] = epoch
        async with anyio.create_task_group() as tasks:
            lease = Lease("dispatcher", epoch, (await self.log.head()).position)
            tasks.start_soon(self.dispatcher.lead, lease, self.engine)
            yield
            tasks.cancel_scope.cancel()

    def assigned(self) -> dict[str, str]:
        """Return who got which task last, checking that nobody ever held more than it takes."""
        places: dict[str, int] = {}
        holders: dict[str, str] = {}
        for event in self.log.events:
            happened, entity = event.event, event.stream.partition("/")[2]
            if isinstance(happened, AgentRegistered):
                places[entity] = happened.capabilities.max_concurrent_tasks
            elif isinstance(happened, TaskAssigned):
                assert entity not in holders, f"{entity} was given out twice"
                holders[entity] = happened.agent_id
                held = Counter(holders.values())[happened.agent_id]
                assert held <= places[happened.agent_id]
            elif isinstance(happened, TaskCompleted):
                del holders[entity]
        return holders

    async def until_assigned(self, *task_ids: str) -> None:
        """Wait until tasks are assigned."""
        with anyio.fail_after(PATIENCE):
            while not set(task_ids) <= set(self.assigned()):
                await self.log.feed.wait(self.log.feed.position)
