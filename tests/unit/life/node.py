"""A node of the product as its composition root wires it, over the shared log in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import msgspec

from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.engine.handlers import Placement
from aia_mas.application.engine.outcomes import CommandResult
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.contact import Contact
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.orchestration import handlers as orchestration
from aia_mas.application.orchestration.admission import Admission
from aia_mas.application.orchestration.claims import Claims
from aia_mas.application.orchestration.dedup_keys import DedupKeys
from aia_mas.application.orchestration.heartbeats import Heartbeats
from aia_mas.application.orchestration.seats import Seats
from aia_mas.application.orchestration.standing import standing
from aia_mas.application.orchestration.workload import Workload
from aia_mas.application.presence import MemoryPresence, Presence
from aia_mas.application.processes import deadlines as deadlines_process
from aia_mas.application.processes import dispatcher as dispatcher_process
from aia_mas.application.processes.deadlines import Deadlines, ExpiryFold
from aia_mas.application.processes.dispatch_fold import DispatchFold
from aia_mas.application.processes.dispatcher import Dispatcher
from aia_mas.domain.kernel import DomainError, Principal
from aia_mas.domain.orchestration.dispatching import Dispatching
from aia_mas.domain.orchestration.expiry import Expiry
from aia_mas.domain.orchestration.task_commands import SubmitTask

from .books import Books
from .store import Line, Store
from .virtual_time import LoopClock

HEARTBEAT = 10.0
PICKUP = 20.0
OFFLINE = deadlines_process.MISSED_HEARTBEATS * HEARTBEAT
LEASES = (dispatcher_process.LEASE, deadlines_process.LEASE)


class Node:
    """One process; ``crash`` ends it as a kill does.

    Attributes:
        line: How it reaches the log.
        engine: The one way in.
        presence: Signs of life, as this node knows them.
        dispatcher: Gives tasks to agents, while it leads.
        leads_since: Since when it leads (seconds), if it believes that it does.
    """

    def __init__(
        self,
        store: Store,
        signs: MemoryPresence,
        clock: LoopClock,
        make_id: Callable[[Node], str],
        cap: int | None,
    ) -> None:
        self._store, self._clock = store, clock
        self.line = line = Line(store)
        # The product types ask for more than any of these uses.
        log: Any = line
        working_set = WorkingSet(log, orchestration.EVOLVERS, NoSnapshots())
        self.working_set = working_set
        self.presence = Presence(signs, clock, interval=1.0, remember=OFFLINE)
        seats = Seats(lambda: self.dispatching.fleet.registered, 1_000)

        def new_id() -> str:
            return make_id(self)

        admission = Admission(
            lambda: self.dispatching.figures,
            self._place,
            clock,
            bound=None,
            owner_bound=None,
        )
        self._dispatch_fold = DispatchFold(cap, lambda: line.feed.position, seats.follow)
        self._expiry_fold = ExpiryFold(self.presence.over)
        self.dispatch_host = FoldHost(log, self._dispatch_fold, store.snapshots, every=40)
        self.expiry_host = FoldHost(log, self._expiry_fold, store.snapshots, every=40)
        self.dispatcher = Dispatcher(self._dispatch_fold, self.dispatch_host, clock, new_id)
        self.deadlines = Deadlines(
            self._expiry_fold,
            self.expiry_host,
            self.presence,
            Contact(),
            clock,
            heartbeat_seconds=HEARTBEAT,
            pickup_seconds=PICKUP,
            interval=1.0,
        )
        self.engine = Engine(
            log,
            working_set,
            orchestration.handlers(
                active_tasks=self._dispatch_fold.active_tasks,
                seat=seats.place,
                place=DedupKeys(working_set, admission.place).place,
            ),
            orchestration.EVOLVERS,
            clock,
            new_id,
        )
        self.workload = Workload(working_set, self._expiry_fold)
        self.claims = Claims(log, self.workload, clock)
        self.heartbeats = Heartbeats(
            self.engine, self.presence, self.workload, clock, interval=HEARTBEAT
        )
        self.leads_since: float | None = None
        self._epochs: list[Lease] = []
        self._life: asyncio.Task[None] | None = None
        self._leading: asyncio.Task[None] | None = None
        self._committing: asyncio.Task[None] | None = None

    def _place(self, command: SubmitTask) -> Placement | None:
        return self.dispatcher.place(command)

    @property
    def dispatching(self) -> Dispatching:
        """The dispatcher's fold, as it stands here."""
        return self._dispatch_fold.state

    @property
    def expiry(self) -> Expiry:
        """The fold of what may run out, as it stands here."""
        return self._expiry_fold.state

    @property
    def position(self) -> int:
        """Up to where both folds have come."""
        return min(self.dispatch_host.position, self.expiry_host.position)

    def start(self) -> None:
        """Follow the log."""
        loop = asyncio.get_running_loop()
        self._committing = loop.create_task(self.line.committer.run())
        self._life = loop.create_task(self._live())

    def lead(self) -> None:
        """Take both leases."""
        head = self._store.head
        self._epochs = [Lease(name, self._store.take_lease(name), head) for name in LEASES]
        self.leads_since = self._clock.monotonic()
        self._leading = asyncio.get_running_loop().create_task(self._lead(*self._epochs))

    def leads_by(self, store: Store) -> bool:
        """Tell whether it leads, and its leases are in force."""
        return self.dispatcher.is_leader and all(
            store.log.epochs[lease.name] == lease.epoch for lease in self._epochs
        )

    async def stop_leading(self) -> None:
        """Notice that the leases are lost."""
        self.leads_since = None
        await _end(self._leading)

    async def crash(self) -> None:
        """Be killed: what is on its way into the log does not get there."""
        self.line.close()
        self.leads_since = None
        await _end(self._committing)
        await _end(self._leading)
        await _end(self._life)

    async def do(
        self, command: msgspec.Struct, principal: Principal
    ) -> CommandResult | DomainError:
        """Carry out a command; returns its answer or its refusal."""
        try:
            return await self.engine.execute(command, principal)
        except DomainError as error:
            return error

    async def do_many(
        self, commands: list[msgspec.Struct], principal: Principal
    ) -> list[CommandResult | DomainError]:
        """Carry out several in one commit."""
        return await self.engine.execute_many(commands, Origin(principal))

    async def heartbeat(self, agent_id: str, named: list[str], principal: Principal) -> Any:
        """Take the heartbeat of an agent that names the tasks it believes to hold."""
        try:
            await self.heartbeats.agent(agent_id, principal)
        except DomainError as error:
            return error
        found = await standing(self.workload, agent_id, named)
        self.heartbeats.tasks(
            [each.lease for each in found.held if each.lease and each.task_id in named]
        )
        return found

    def check_memory(self, store: Store, books: Books) -> None:
        """Check that the states in memory are those of the log, and who holds what."""
        for stream, entry in self.working_set._entries.items():
            if not entry.pins and self.line.feed.position == store.head:
                head = store.log._heads.get(stream)
                assert entry.version == (0 if head is None else head.version), stream
        for agent_id in books.agents:
            held = sorted(each.task_id for each in books.held(agent_id))
            assert self.workload.held(agent_id) == held

    async def _live(self) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.line.follow)
            tasks.start_soon(self.dispatch_host.run)
            tasks.start_soon(self.expiry_host.run)
            tasks.start_soon(self.presence.run)

    async def _lead(self, dispatcher: Lease, deadlines: Lease) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.dispatcher.lead, dispatcher, self.engine)
            tasks.start_soon(self.deadlines.lead, deadlines, self.engine)


def lease_number(lease: str) -> int:
    """Return when a lease was made up: the number of its id among all ids of a world."""
    return int(lease.removeprefix("id"))


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is None:
        return
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
