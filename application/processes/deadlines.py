"""Deadlines: ends silent attempts and overdue tasks, and notices agents that went silent."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

import anyio
import structlog

from aia_mas.application.clock import Clock
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.event_log.errors import EventLogError, Fenced
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.records import Kind, RecordedEvent
from aia_mas.application.presence import Presence
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.kernel.steps import Steps
from aia_mas.domain.orchestration.agent_commands import MarkAgentOffline
from aia_mas.domain.orchestration.expiry import Due, Expire, Expiry, Release, Windows
from aia_mas.domain.orchestration.task_commands import ExpireTask, ReleaseTask

log = structlog.stdlib.get_logger("aia.deadlines")

LEASE = "deadlines"
MISSED_HEARTBEATS = 3
_STANDSTILL = 4
"""A pause so many times too long means that this node stood still."""
_PRINCIPAL = system("deadlines")


class ExpiryFold:
    """What may run out, as the fold host keeps it."""

    name = "expiry"
    version = 2

    def __init__(self) -> None:
        """Start with nothing open."""
        self.state = Expiry()
        self._listeners: list[Callable[[RecordedEvent], None]] = []

    def listen(self, listener: Callable[[RecordedEvent], None]) -> None:
        """Call a function after each event that was folded; it must be quick."""
        self._listeners.append(listener)

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event."""
        self.state.apply(event.stream, event.event)
        for listener in self._listeners:
            listener(event)

    def snapshot(self) -> Steps[Iterator[bytes]]:
        """Return what encodes a copy of the fold; see ``Fold.snapshot``."""
        return self.state.snapshot()

    def restore(self, pieces: Sequence[bytes]) -> Steps[None]:
        """Go on where a snapshot was taken; see ``Fold.restore``."""
        self.state = yield from Expiry.restore(pieces)


class Deadlines:
    """Looks a few times a second at what is due and gives the commands."""

    def __init__(
        self,
        fold: ExpiryFold,
        host: FoldHost,
        presence: Presence,
        clock: Clock,
        *,
        heartbeat_seconds: float,
        pickup_seconds: float,
        interval: float = 0.25,
    ) -> None:
        """Wire the process.

        Args:
            fold: What is open.
            host: Keeps the fold up to date.
            presence: Signs of life.
            clock: What time it is.
            heartbeat_seconds: How often agents report.
            pickup_seconds: How long an assignment may wait to be started.
            interval: Seconds between looks.
        """
        self._fold = fold
        self._host = host
        self._presence = presence
        self._clock = clock
        self._heartbeat = heartbeat_seconds
        self._pickup = pickup_seconds
        self._interval = interval

    async def lead(self, lease: Lease, engine: Engine) -> None:
        """End what is due for as long as the lease lasts."""
        await self._host.reached(lease.head)
        since = now = self._clock.now()
        while True:
            if self._presence.available:
                due = self._fold.state.due(now, self._presence.last_seen, self._windows(since))
                async with anyio.create_task_group() as tasks:
                    for item in due:
                        tasks.start_soon(self._end, engine, item, lease)
            slept = self._clock.now()
            await self._clock.sleep(self._interval)
            now = self._clock.now()
            if (now - slept).total_seconds() > _STANDSTILL * self._interval:
                # This process was stopped, and nobody could be heard of meanwhile.
                log.warning("stood_still", seconds=(now - slept).total_seconds())
                since = now

    def _windows(self, since: datetime) -> Windows:
        return Windows(
            since=max(since, self._presence.since),
            pickup=self._pickup,
            offline=MISSED_HEARTBEATS * self._heartbeat,
        )

    async def _end(self, engine: Engine, item: Due, lease: Lease) -> None:
        jitter = random.random()  # noqa: S311
        command: ReleaseTask | ExpireTask | MarkAgentOffline
        if isinstance(item, Release):
            command = ReleaseTask(
                task_id=item.task_id, attempt=item.attempt, reason=item.reason, jitter=jitter
            )
            work = f"release:{item.task_id}:{item.attempt}"
        elif isinstance(item, Expire):
            command, work = (
                ExpireTask(task_id=item.task_id),
                f"expire:{item.task_id}:{item.deadline.isoformat()}",
            )
        else:
            command = MarkAgentOffline(agent_id=item.agent_id, last_seen=item.last_seen)
            # An agent goes offline again and again: since when it was online tells them apart.
            work = f"offline:{item.agent_id}:{self._fold.state.online_since(item.agent_id)}"
        origin = Origin(_PRINCIPAL, command_id=f"proc:{work}", fence=lease.fence, kind=Kind.FOREVER)
        try:
            await engine.run(command, origin)
            log.info("deadline_passed", work=work)
        except Fenced:
            log.warning("deadlines_fenced", epoch=lease.epoch)
            await asyncio.sleep(self._interval)
        except (DomainError, EventLogError) as error:
            log.info("deadline_void", work=work, code=error.code)
