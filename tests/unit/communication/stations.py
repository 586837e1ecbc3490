"""Nodes as far as messages are concerned, over one log in memory, and a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import anyio
import msgspec
from msgspec import json

from aia.testing.chance import Chance
from aia.testing.events import append
from aia.testing.rest import at_rest
from aia_mas.application import registry
from aia_mas.application.clock import ManualClock
from aia_mas.application.communication import handlers as communication
from aia_mas.application.communication.collecting import Collection
from aia_mas.application.communication.contents import Contents
from aia_mas.application.communication.mailroom_fold import MailroomFold
from aia_mas.application.communication.post_office import PostOffice
from aia_mas.application.communication.records import Records
from aia_mas.application.communication.sealing import Sealing
from aia_mas.application.communication.sorting import Sorting
from aia_mas.application.engine.engine import Engine
from aia_mas.application.engine.snapshots import NoSnapshots
from aia_mas.application.engine.working_set import WorkingSet
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.memory_log import MemoryEventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.processes.courier import LEASE, Courier
from aia_mas.domain.communication.mailroom.mailroom import Mailroom
from aia_mas.domain.communication.terms import MessageTerms
from aia_mas.domain.kernel import Event, Principal
from aia_mas.domain.kernel.errors import DomainError
from tests.unit.life.store import Snapshots

CALLER = Principal(subject="client")
EVERY = 12
"""Events between snapshots."""


class Post:
    """A log, a clock, and the stations on them.

    Attributes:
        clock: What time it is.
        log: What happened.
        stations: Those that run.
        leader: That which leads the courier.
    """

    def __init__(self, terms: MessageTerms) -> None:
        self.terms = terms
        self.clock = ManualClock()
        self.chance = Chance(1, self.clock.now)
        self.log = MemoryEventLog(registry.event_mapper(), now=self.clock.now)
        self.snapshots = Snapshots()
        self.stations: list[Station] = []
        self.leader: Station | None = None
        self._committing = asyncio.get_running_loop().create_task(self.log.committer.run())

    @property
    def events(self) -> list[RecordedEvent]:
        """Every event, in order."""
        return self.log.events

    async def open(self) -> Station:
        """Start another station."""
        station = Station(self)
        station.start()
        self.stations.append(station)
        await self.rest()
        return station

    async def crash(self, station: Station) -> None:
        """Kill one."""
        if self.leader is station:
            self.leader = None
        self.stations.remove(station)
        await station.crash()
        await self.rest()

    async def lead(self, station: Station) -> None:
        """Have another one lead the courier."""
        if self.leader is not None:
            await self.leader.stop_leading()
        epoch = self.log.epochs[LEASE] = self.log.epochs.get(LEASE, 0) + 1
        station.lead(Lease(LEASE, epoch, len(self.log.events)))
        self.leader = station
        await self.rest()

    async def happens(self, stream: str, *events: Event) -> None:
        """Have something happen to agents."""
        await append(self.log, stream, events, self.chance.new_id())
        await self.rest()

    async def rest(self) -> None:
        """Wait until everything has happened that can without time passing."""
        await at_rest(lambda: self.log.feed.position, lambda: False)

    async def advance(self, seconds: float) -> None:
        """Let time pass: whatever is due on the way happens at its time."""
        await self.rest()
        target = self.clock.monotonic() + seconds
        while (alarm := self.clock.next_alarm) is not None and alarm <= target:
            self.clock.advance_to(alarm)
            await self.rest()
        self.clock.advance_to(target)
        await self.rest()

    async def close(self) -> None:
        """Stop all."""
        for station in tuple(self.stations):
            await self.crash(station)
        await _end(self._committing)


class Station:
    """One node.

    Attributes:
        fold: What waits for whom.
        office: Delivers.
        collections: Who collects here, and what was handed to each (position to ``Delivered``).
    """

    def __init__(self, post: Post) -> None:
        self.post = post
        terms, clock, log = post.terms, post.clock, post.log
        # The product types ask for more than any of these uses.
        any_log: Any = log
        self.fold = MailroomFold()
        self.host = FoldHost(any_log, self.fold, post.snapshots, every=EVERY)
        self.sorting = Sorting(lambda: self.fold.state, terms, lambda _: 0, Sealing())
        self.fold.on_sent.append(self.sorting.follow)
        self.fold.on_restored.append(self.sorting.restart)
        working_set = WorkingSet(any_log, registry.EVOLVERS, NoSnapshots())
        handlers = communication.handlers(terms, lambda: self.sorting)
        self.engine = Engine(
            any_log, working_set, handlers, registry.EVOLVERS, clock, post.chance.new_id
        )

        async def current() -> None:
            await self.host.reached((await log.head()).position)

        new_id = post.chance.new_id
        records = Records(self.engine, self.host.reached, clock, new_id, new_id())
        contents = Contents(any_log, lambda _, event: event.payload)
        self.office = PostOffice(
            self.fold, contents, records, terms, clock, post.chance.random, current
        )
        self.courier = Courier(self.fold, self.host, terms, clock)
        self._lives: list[asyncio.Task[None]] = []
        self._leading: asyncio.Task[None] | None = None

    @property
    def room(self) -> Mailroom:
        """What waits for whom, as it stands here."""
        return self.fold.state

    def start(self) -> None:
        """Follow the log and deliver."""
        loop = asyncio.get_running_loop()
        self._lives = [loop.create_task(self.host.run()), loop.create_task(self._deliver())]

    def collect(self, name: str, prefetch: int | None) -> Collection:
        """Return somebody who collects here."""
        return Collection(self.office, self.post.clock, name, "socket", prefetch)

    async def do(self, command: msgspec.Struct) -> Any:
        """Carry out a command; returns its answer or its refusal."""
        try:
            result: Any = await self._answer(command)
        except DomainError as error:
            result = error
        await self.post.rest()
        return result

    async def do_at_once(self, commands: Sequence[msgspec.Struct]) -> list[Any]:
        """Carry out several, none waiting for another."""
        answers = await asyncio.gather(
            *(self._answer(command) for command in commands),
            return_exceptions=True,
        )
        await self.post.rest()
        return answers

    async def _answer(self, command: msgspec.Struct) -> Any:
        return json.decode((await self.engine.execute(command, CALLER)).body)

    def lead(self, lease: Lease) -> None:
        """Lead the courier."""
        loop = asyncio.get_running_loop()
        self._leading = loop.create_task(self.courier.lead(lease, self.engine))

    async def stop_leading(self) -> None:
        """Notice that the lease is lost."""
        await _end(self._leading)
        self._leading = None

    async def crash(self) -> None:
        """Be killed."""
        stored = dict(self.post.snapshots.newest)
        await self.stop_leading()
        for life in self._lives:
            await _end(life)
        # Whoever is killed leaves no last snapshot behind.
        self.post.snapshots.newest = stored

    async def _deliver(self) -> None:
        await self.host.reached(len(self.post.events))
        await self.office.run()


async def _end(task: asyncio.Task[Any] | None) -> None:
    if task is None:
        return
    task.cancel()
    with anyio.CancelScope(shield=True):
        await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()) is not None:
        raise error
