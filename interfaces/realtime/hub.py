"""The realtime hub: the end of the log, told to every connection that wants to know.

Position is offset and the log's epoch is the epoch. What a client missed comes from pages of the
log, then from the ring of its topic, and from then on as it happens; the path is the same for one
who joins, one who resumes, and one who comes from another node. Notifications only wake the feed of
the log: a lost one costs latency and never a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import anyio
import structlog
from anyio.abc import TaskGroup, TaskStatus

from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.records import RecordedEvent
from aia_mas.application.event_log.subscription import Subscription
from aia_mas.domain.kernel import Principal
from aia_mas.interfaces.realtime.agent_facts import AGENTS
from aia_mas.interfaces.realtime.audience import Parcel
from aia_mas.interfaces.realtime.budget_facts import BUDGETS
from aia_mas.interfaces.realtime.channel import Channel
from aia_mas.interfaces.realtime.close_codes import CloseCode, Closing
from aia_mas.interfaces.realtime.coalesced import CoalescedTopic, Supplier
from aia_mas.interfaces.realtime.connection import BATCH_BYTES, Connection, Transport
from aia_mas.interfaces.realtime.facts import Fact, FactTopic
from aia_mas.interfaces.realtime.message_facts import MESSAGES
from aia_mas.interfaces.realtime.options import RealtimeOptions
from aia_mas.interfaces.realtime.pages import Pages
from aia_mas.interfaces.realtime.proposal_facts import PROPOSALS
from aia_mas.interfaces.realtime.ring import Ring
from aia_mas.interfaces.realtime.roster import Roster
from aia_mas.interfaces.realtime.snapshots import OpenList, Snapshots
from aia_mas.interfaces.realtime.subscribing import Subscriptions
from aia_mas.interfaces.realtime.subscription import FactSubscription, Share, deliver_merged
from aia_mas.interfaces.realtime.task_facts import TASKS

log = structlog.stdlib.get_logger("aia.realtime")

_GOING_AWAY = Closing(CloseCode.GOING_AWAY, "the node stops; reconnect and resume with after")
_FULL = Closing(CloseCode.TRY_AGAIN_LATER, "this node has all the connections it can take")
_IDLE = Closing(CloseCode.IDLE, "nothing was subscribed to and nothing was said")

_RUN = 200
"""Events taken from the log before other work gets its turn."""
_SLICE = 100
"""Connections served before other work gets its turn."""
_TURNS = 4
"""Connections that catch up before other work gets its turn."""
_RETRY = 0.5
"""Seconds before a failed read of the log is tried again."""


class Hub:
    """Follows the log for all connections of a node.

    Attributes:
        options: The bounds of memory and patience.
        connections: Everybody who is connected.
        roster: The same, as operators see them.
        subscriptions: Starts and ends what they subscribe to.
    """

    def __init__(
        self,
        event_log: EventLog,
        options: RealtimeOptions = RealtimeOptions(),  # noqa: B008 - frozen
        topics: Sequence[FactTopic] = (TASKS, AGENTS, PROPOSALS, BUDGETS, MESSAGES),
        lists: Mapping[str, OpenList] = MappingProxyType({}),
    ) -> None:
        """Wire the hub; ``run`` must be running for anything to be sent.

        Args:
            event_log: The log, running.
            options: The bounds of memory and patience.
            topics: The topics of facts.
            lists: What opens the list of a topic, by its name, for snapshots.
        """
        self.options = options
        self.connections: set[Connection] = set()
        self.roster = Roster()
        self._log = event_log
        self._position = 0
        self._told = 0
        pages = Pages(event_log, topics, options.cached_pages)
        self._pages = pages
        self._channels = {
            topic.name: Channel(topic, pages, Ring(0, options.ring_bytes)) for topic in topics
        }
        self._by_category = {
            category: channel
            for channel in self._channels.values()
            for category in channel.topic.categories
        }
        self._coalesced: dict[str, CoalescedTopic] = {}
        self.subscriptions = Subscriptions(
            event_log,
            self._channels,
            self._coalesced,
            lambda: self._position,
            lists.keys(),
            self._begin_snapshot,
            options,
        )
        self._snapshots = Snapshots(lists, options)
        self._tasks: TaskGroup | None = None
        self._turns = asyncio.Semaphore(_TURNS)
        self._draining = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def epoch(self) -> str:
        """Which log the positions belong to; a restored one has another epoch."""
        return str(self._log.epoch)

    @property
    def position(self) -> int:
        """The position up to which every fact is in the rings, or was."""
        return self._position

    def coalesce(self, topic: str, supplier: Supplier, *, frame_type: str | None = None) -> None:
        """Offer a topic of which only the latest value counts.

        Args:
            topic: Its name.
            supplier: Returns the current value, quickly.
            frame_type: The ``type`` of its frames; ``<topic>_update`` when left out.
        """
        kind = frame_type or f"{topic}_update"
        offered = self._coalesced[topic] = CoalescedTopic(topic, kind, supplier, self.options)
        if self._tasks is not None:
            self._tasks.start_soon(offered.run, self._log.feed)

    def touch(self, topic: str) -> None:
        """Tell that a coalesced value may have changed by something that is not in the log."""
        self._coalesced[topic].touch()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Follow the log until cancelled; started once the hub has caught up with its feed."""
        start = max(0, self._log.feed.position - self.options.prefill)
        self._position = self._told = start
        for channel in self._channels.values():
            channel.ring = Ring(start, self.options.ring_bytes)
        walk = Subscription(self._log, start, page=_RUN)
        while self._position < self._log.feed.position:
            await self._tell(await self._next(walk))
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(self._follow, walk)
            tasks.start_soon(self._pages.run)
            tasks.start_soon(self._close_idle)
            tasks.start_soon(self._keep_fresh)
            for topic in self._coalesced.values():
                tasks.start_soon(topic.run, self._log.feed)
            task_status.started()

    def connect(self, client_id: str, principal: Principal, transport: Transport) -> Connection:
        """Take a connection in; one that cannot be taken is told to leave at once."""
        connection = Connection(
            client_id, principal, transport, queue_bytes=self.options.queue_bytes
        )
        if self._draining:
            connection.leave(_GOING_AWAY)
        elif len(self.connections) >= self.options.max_connections:
            connection.leave(_FULL)
        self.connections.add(connection)
        self._empty.clear()
        return connection

    def disconnect(self, connection: Connection) -> None:
        """Forget a connection and all that it subscribed to."""
        for subscription_id in tuple(connection.subscriptions):
            self.subscriptions.end(connection, subscription_id)
        self.connections.discard(connection)
        self.roster.leave(connection)
        if not self.connections:
            self._empty.set()

    async def catch_up(self, connection: Connection) -> bool:
        """Queue some of what a connection has missed; False when all of that must be read first.

        A few connections at a time: a thousand that come back at once must not keep the rest of the
        node waiting.
        """
        moved = False
        async with self._turns:
            for subscription in tuple(connection.behind):
                channel = self._channels[subscription.topic.name]
                moved = channel.catch_up(subscription, self._position) or moved
            await asyncio.sleep(0)
        return moved

    def positions(self, connection: Connection) -> dict[str, int]:
        """Return up to which position each subscription of facts has been queued."""
        return {
            subscription.id: max(subscription.position, self._told)
            if subscription.live
            else subscription.position
            for subscription in connection.facts()
            if subscription.pending is None
        }

    def reached(self, connection: Connection) -> dict[str, int] | None:
        """Return the same once all of it has been written; None: something still waits."""
        return None if connection.queued_bytes else self.positions(connection)

    async def drain(self) -> None:
        """Take no more connections, send what is queued, and close all within the time for it."""
        self._draining = True
        for number, connection in enumerate(tuple(self.connections), 1):
            connection.leave(_GOING_AWAY)
            if number % _SLICE == 0:
                await asyncio.sleep(0)
        try:
            async with asyncio.timeout(self.options.drain_timeout):
                await self._empty.wait()
        except TimeoutError:
            log.info("connections_cut", count=len(self.connections))
            for connection in tuple(self.connections):
                connection.transport.cut(_GOING_AWAY)

    def _begin_snapshot(self, subscription: FactSubscription) -> None:
        assert self._tasks is not None
        scope = subscription.pending = anyio.CancelScope()
        self._tasks.start_soon(self._snapshots.send, subscription, scope)

    async def _follow(self, walk: Subscription) -> None:
        while True:
            await self._tell(await self._next(walk))
            await asyncio.sleep(0)

    async def _next(self, walk: Subscription) -> Sequence[RecordedEvent]:
        while True:
            try:
                return await walk.next()
            except Exception as error:  # noqa: BLE001 - the hub outlives every outage of the store
                log.warning("log_not_read", after=walk.position, error=str(error))
                await asyncio.sleep(_RETRY)

    async def _tell(self, events: Sequence[RecordedEvent]) -> None:
        """Pass events on. What piled up during the last round goes to each connection in one piece.

        So the more there is to do the less each fact costs, and a hub that lags catches up.
        """
        facts: list[tuple[Channel, Fact]] = []
        size = 0
        for event in events:
            channel = self._by_category.get(event.stream.partition("/")[0])
            fact = None if channel is None else channel.topic.fact(event)
            if channel is not None and fact is not None:
                facts.append((channel, fact))
                size += fact.size
                if size >= BATCH_BYTES:
                    await self._distribute(facts, event.position)
                    facts, size = [], 0
        await self._distribute(facts, events[-1].position)

    async def _distribute(self, facts: Sequence[tuple[Channel, Fact]], upto: int) -> None:
        """Send facts to all who are live, up to a position."""
        parcels: list[Parcel] = []
        for channel in self._channels.values():
            own = [fact for place, fact in facts if place is channel]
            for fact in own:
                channel.ring.add(fact)
            parcels += channel.audience.parcels(own)
        self._position = upto
        # No await up to here: who joins later finds the facts in the ring and is not among the
        # receivers, so nobody gets one twice and nobody misses one.
        shares: dict[Connection, list[Share]] = {}
        sent = 0
        for parcel in parcels:
            for subscription in parcel.receivers:
                connection = subscription.connection
                if len(connection.subscriptions) > 1:
                    # It may have facts of another subscription that belong in between.
                    share = Share(subscription, parcel.facts, parcel.frames)
                    shares.setdefault(connection, []).append(share)
                else:
                    subscription.deliver(parcel.facts, parcel.frames)
                sent += 1
                if sent % _SLICE == 0:
                    await asyncio.sleep(0)
        for several in shares.values():
            deliver_merged(several)
            sent += 1
            if sent % _SLICE == 0:
                await asyncio.sleep(0)
        self._told = upto

    async def _keep_fresh(self) -> None:
        """Have values looked at that change though nothing happens."""
        while True:
            await asyncio.sleep(self.options.coalesced_refresh)
            for topic in self._coalesced.values():
                topic.touch()

    async def _close_idle(self) -> None:
        idle = self.options.idle_timeout
        while True:
            await asyncio.sleep(idle / 4)
            now = asyncio.get_running_loop().time()
            for connection in self.connections:
                if connection.subscriptions or connection.may_idle:
                    continue
                if now - connection.heard_at > idle:
                    connection.leave(_IDLE)
