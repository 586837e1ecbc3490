"""The one composition root: everything that a node consists of, wired here and nowhere else."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from random import SystemRandom
from types import TracebackType
from typing import Self

import anyio
import structlog
import uuid_utils
from anyio.abc import TaskGroup

from aia_mas.application import registry
from aia_mas.application.clock import Clock, SystemClock
from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.handlers import Placement
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.orchestration.admission import Admission
from aia_mas.application.orchestration.claims import Claims
from aia_mas.application.orchestration.heartbeats import Heartbeats
from aia_mas.application.orchestration.queue_view import QueueView
from aia_mas.application.orchestration.seats import Counting, Seats
from aia_mas.application.orchestration.workload import Workload
from aia_mas.application.presence import Presence, Reports
from aia_mas.application.processes import deadlines as deadlines_process
from aia_mas.application.processes.deadlines import Deadlines, ExpiryFold
from aia_mas.application.processes.dispatch_fold import DispatchFold
from aia_mas.application.processes.dispatcher import Dispatcher
from aia_mas.application.rate_limits import Limiter
from aia_mas.application.settings import Settings
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.orchestration.scoring.policies import Policy, registered
from aia_mas.domain.orchestration.seating import SEATS, BeginSeatCount
from aia_mas.domain.orchestration.task_commands import SubmitTask
from aia_mas.domain.orchestration.tiers import TiersInForce
from aia_mas.interfaces.access import Access
from aia_mas.interfaces.commands import handlers_of
from aia_mas.interfaces.communication import Communication
from aia_mas.interfaces.economy import Economy
from aia_mas.interfaces.leading import Process, processes_of
from aia_mas.interfaces.live_streams import live_hub
from aia_mas.interfaces.own_policies import policies_at
from aia_mas.interfaces.process_folds import DISPATCHING, EXPIRY, MAILROOM, SETTLEMENT, WEBHOOKS
from aia_mas.interfaces.realtime import Hub
from aia_mas.interfaces.stores import Leases, NodeLog, OpenStores, Stores, answers, open_postgres
from aia_mas.interfaces.webhooks import Webhooks
from aia_mas.projections.read_models import ReadModels

log = structlog.stdlib.get_logger("aia.system")

_FLEET = system("fleet")
_RANDOM = SystemRandom()


class System:
    """A node: started by entering it, drained and stopped by leaving it.

    Attributes:
        settings: What it was told.
        policies: What may choose among agents, by name.
        tiers: The tiers that hold now.
        clock: What time it is.
        stores: Where its data are.
        log: The event log.
        engine: The one way in.
        presence: Signs of life.
        reports: What agents say of themselves.
        dispatcher: Gives tasks to agents.
        queue_view: Tells about the tasks that wait.
        workload: Who holds what.
        claims: Hands work to agents that ask.
        heartbeats: Takes signs of life.
        webhooks: Sends work to endpoints.
        economy: Settles what is owed.
        communication: Delivers messages.
        projections: The read models.
        hub: The live streams.
        access: Who may come in, and who is there.
        processes: What it does whenever it leads that, by the names of the leases.
        leases: What this node leads.
        limiter: Counts the requests of each caller; None: there is no limit.
        new_id: Makes a new UUIDv7, whose text sorts by time.
        random: Draws from 0..1, to spread what is tried again.
        draining: It takes no more commands.
        unanswered: It stopped without its store, which is there but does not answer.
    """

    stores: Stores
    log: NodeLog
    engine: Engine
    presence: Presence
    reports: Reports
    dispatcher: Dispatcher
    queue_view: QueueView
    workload: Workload
    claims: Claims
    heartbeats: Heartbeats
    webhooks: Webhooks
    economy: Economy
    communication: Communication
    projections: ReadModels
    hub: Hub
    access: Access
    processes: dict[str, Process]
    leases: Leases
    limiter: Limiter | None
    _life: asyncio.Task[None]
    _started: asyncio.Future[None]
    _leaving: asyncio.Event

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock | None = None,
        policies: Iterable[Policy] = (),
        open_stores: OpenStores = open_postgres,
        new_id: Callable[[], str] = lambda: str(uuid_utils.uuid7()),
        random: Callable[[], float] = _RANDOM.random,
        look_seconds: float = 0.25,
    ) -> None:
        """Describe a node; nothing is done before it is entered.

        Args:
            settings: What it is told.
            clock: What time it is; None: the system's.
            policies: What may choose among agents, too, beside what is built in and set.
            open_stores: Where it keeps its data.
            new_id: Makes a new UUIDv7, whose text sorts by time.
            random: Draws from 0..1, to spread what is tried again.
            look_seconds: How often it is looked at what is due.

        Raises:
            SettingsError: A policy that is set cannot be had.
            ValueError: There are two policies of one name.
            InvalidText: The name of one is none.
        """
        self.settings = settings
        self.policies = registered((*policies_at(settings.policies), *policies))
        self.clock = clock or SystemClock()
        self.name = settings.node_name or f"{socket.gethostname()}:{os.getpid()}"
        self.draining = self.unanswered = False
        self.new_id = new_id
        self.random = random
        self._look_seconds = look_seconds
        self._open_stores = open_stores

    async def __aenter__(self) -> Self:
        """Open the database, catch up with the log, and start every process."""
        loop = asyncio.get_running_loop()
        self._started = loop.create_future()
        self._leaving = asyncio.Event()
        # A task of its own: whoever leaves may be another task than the one that entered.
        self._life = loop.create_task(self._live(), name=f"node {self.name}")
        self._life.add_done_callback(self._tell_early_end)
        try:
            await asyncio.shield(self._started)
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drain and stop."""
        await self._leave()
        await self._life

    async def ended(self) -> None:
        """Wait until the node has stopped, by itself or not.

        Raises:
            Exception: What made it stop by itself.
        """
        await asyncio.shield(self._life)

    async def _leave(self) -> None:
        self._leaving.set()
        with anyio.CancelScope(shield=True):
            await asyncio.wait([self._life])

    def _tell_early_end(self, life: asyncio.Task[None]) -> None:
        if not self._started.done():
            self._started.set_exception(life.exception() or asyncio.CancelledError())

    async def _live(self) -> None:
        """Be a node from beginning to end."""
        async with AsyncExitStack() as stack:
            stores = await self._open_stores(self.settings, self.name, self.clock, stack)
            self.stores, self.log = stores, stores.log
            self.leases, self.limiter = stores.leases, stores.limiter
            self._wire()
            stack.push_async_callback(self.webhooks.sender.close)
            tasks = await stack.enter_async_context(anyio.create_task_group())
            await self._start(tasks)
            log.info("system_started", node=self.name, head=self.log.feed.position)
            self._started.set_result(None)
            await self._leaving.wait()
            await self.drain()
            await self.presence.flush()
            tasks.cancel_scope.cancel()
        log.info("system_stopped", node=self.name)

    async def drain(self) -> None:
        """Take no more commands and wait until pending ones are answered, within the time set."""
        if self.draining:
            return
        self.draining = True
        self.claims.close()
        with anyio.move_on_after(self.settings.drain_seconds) as within:
            with anyio.move_on_after(self.settings.drain_seconds / 2):
                # Before the log takes no more: what they are called with, they may bring to an end.
                await self.communication.handlings.drain()
            self.communication.close()
            with anyio.move_on_after(self.settings.drain_seconds / 4):
                await self.communication.office.close()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.log.drain)
                tasks.start_soon(self.hub.drain)
        if within.cancelled_caught or not await answers(self.log, within.deadline):
            self.unanswered = self.log.contact.whole
            log.warning("store_given_up", away=not self.unanswered)
            await self.stores.give_up()  # what is left waits for no store

    def _wire(self) -> None:
        settings, event_log, clock = self.settings, self.log, self.clock
        stores, signs_of_life = self.stores, self.stores.signs_of_life
        feed = event_log.feed
        working_set = WorkingSet(
            event_log, registry.EVOLVERS, stores.states, capacity=settings.working_set_streams
        )
        counting = Counting(
            lambda: dispatch_fold.state.seats_taken,
            lambda: working_set.exists(SEATS),
            lambda: self.engine.execute(BeginSeatCount(), _FLEET),
        )
        seats = Seats(lambda: dispatch_fold.state.fleet.registered, settings.max_agents, counting)

        def place(command: SubmitTask) -> Placement | None:
            return self.dispatcher.place(command)

        admission = Admission(
            lambda: dispatch_fold.state.figures,
            place,
            clock,
            bound=settings.max_queued_tasks,
            owner_bound=settings.max_queued_tasks_per_owner,
        )

        def follow(event: RecordedEvent) -> None:
            seats.follow(event)
            admission.follow(event)

        dispatch_fold = DispatchFold(
            settings.max_running_tasks, lambda: feed.position, follow, self.policies, settings.tiers
        )
        self.tiers = TiersInForce(lambda: dispatch_fold.state.fleet.tiers)
        self.queue_view = QueueView(lambda: dispatch_fold.state, clock)
        self.presence = Presence(
            signs_of_life,
            clock,
            interval=stores.exchange_seconds,
            remember=deadlines_process.MISSED_HEARTBEATS * settings.heartbeat_interval_seconds,
        )
        self.reports = Reports(signs_of_life, clock, interval=stores.exchange_seconds)
        expiry_fold = ExpiryFold(self.presence.over)
        self._dispatch_host = FoldHost(
            event_log, dispatch_fold, stores.folds, categories=DISPATCHING.categories
        )
        self._expiry_host = FoldHost(
            event_log, expiry_fold, stores.folds, categories=EXPIRY.categories
        )
        self.dispatcher = Dispatcher(
            dispatch_fold, self._dispatch_host, clock, self.new_id, settings.scoring_weights
        )
        self.engine = Engine(
            event_log,
            working_set,
            handlers_of(self, working_set, dispatch_fold, seats, admission),
            registry.EVOLVERS,
            clock,
            self.new_id,
        )
        self.workload = Workload(working_set, expiry_fold)
        self.claims = Claims(event_log, self.workload, clock)
        self.heartbeats = Heartbeats(
            self.engine,
            self.presence,
            self.workload,
            clock,
            interval=settings.heartbeat_interval_seconds,
        )
        self.webhooks = Webhooks(self)
        self.economy = Economy(self, working_set)
        self.communication = Communication(self, dispatch_fold.active_tasks, self._look_seconds)
        deadlines = Deadlines(
            expiry_fold,
            self._expiry_host,
            self.presence,
            event_log.contact,
            clock,
            heartbeat_seconds=settings.heartbeat_interval_seconds,
            pickup_seconds=settings.pickup_timeout_seconds,
            interval=self._look_seconds,
            random=self.random,
        )
        self._process_hosts = {
            DISPATCHING.name: self._dispatch_host,
            EXPIRY.name: self._expiry_host,
            WEBHOOKS.name: self.webhooks.host,
            SETTLEMENT.name: self.economy.host,
            MAILROOM.name: self.communication.host,
        }
        self.projections = stores.read_models(self._process_hosts, self.tiers)
        self.hub = live_hub(event_log, settings, self.projections, clock)
        self.access = Access(settings, self.name, clock, event_log, working_set, self.hub)
        self.processes = processes_of(self, deadlines)

    async def _start(self, tasks: TaskGroup) -> None:
        for host in self._process_hosts.values():
            tasks.start_soon(host.run)
        tasks.start_soon(self.presence.run)
        tasks.start_soon(self.reports.run)
        tasks.start_soon(self.stores.keep_house)
        tasks.start_soon(self.projections.run)
        head = self.log.feed.position
        for host in self._process_hosts.values():
            await host.reached(head)
        tasks.start_soon(self.communication.office.run)
        tasks.start_soon(self.communication.handlings.run)
        await self.access.start(tasks)
        await tasks.start(self.hub.run)
        for name, process in self.processes.items():
            tasks.start_soon(self.leases.lead, name, process)
