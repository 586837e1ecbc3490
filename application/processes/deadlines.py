"""Deadlines: ends silent attempts and overdue tasks, and notices agents that went silent."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence

import anyio
import structlog

from aia_mas.application.clock import Clock
from aia_mas.application.engine.engine import Engine, Origin
from aia_mas.application.event_log.contact import Contact
from aia_mas.application.event_log.errors import EventLogError, Fenced
from aia_mas.application.event_log.fold_host import FoldHost
from aia_mas.application.event_log.leases import Lease
from aia_mas.application.event_log.records import Kind, RecordedEvent
from aia_mas.application.presence import Presence, Sighted
from aia_mas.application.processes.hearing import Hearing
from aia_mas.domain.kernel import DomainError
from aia_mas.domain.kernel.principal import system
from aia_mas.domain.kernel.steps import Steps
from aia_mas.domain.orchestration.agent_commands import MarkAgentOffline
from aia_mas.domain.orchestration.expiry import Due, Expire, Expiry, Release, Windows
from aia_mas.domain.orchestration.task_commands import ExpireTask, ReleaseTask

log = structlog.stdlib.get_logger("aia.deadlines")

LEASE = "deadlines"
MISSED_HEARTBEATS = 3
_AT_ONCE = 100
"""Ends in one step: to look at what may be due must not hold up the event loop."""
_PRINCIPAL = system("deadlines")


class ExpiryFold:
    """What may run out, as the fold host keeps it."""

    name = "expiry"
    version = 6

    def __init__(self, over: Callable[[Sighted], None] = lambda _: None) -> None:
        """Start with nothing open (``over``: told whose signs of life count no longer)."""
        self.state = Expiry()
        self._over = over
        self._listeners: list[Callable[[RecordedEvent], None]] = []

    def listen(self, listener: Callable[[RecordedEvent], None]) -> None:
        """Call a function after each event that was folded; it must be quick."""
        self._listeners.append(listener)

    def apply(self, event: RecordedEvent) -> None:
        """Fold one event."""
        over = self.state.apply(event.stream, event.event)
        if over is not None:
            self._over(over)
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
        contact: Contact,
        clock: Clock,
        *,
        heartbeat_seconds: float,
        pickup_seconds: float,
        interval: float = 0.25,
        random: Callable[[], float] = random.random,
    ) -> None:
        """Wire the process.

        Args:
            fold: What is open.
            host: Keeps the fold up to date.
            presence: Signs of life.
            contact: Whether the log can be reached.
            clock: What time it is.
            heartbeat_seconds: How often agents report.
            pickup_seconds: How long an assignment may wait to be started.
            interval: Seconds between looks.
            random: Draws from 0..1, to spread what is tried again.
        """
        self._fold = fold
        self._host = host
        self._presence = presence
        self._contact = contact
        self._clock = clock
        self._heartbeat = heartbeat_seconds
        self._pickup = pickup_seconds
        self._interval = interval
        self._random = random

    async def lead(self, lease: Lease, engine: Engine) -> None:
        """End what is due for as long as the lease lasts."""
        await self._host.reached(lease.head)
        # The looks were planned while another node led, perhaps before the clock was set back.
        self._look_again()
        # A heartbeat may be due just now, and another may have got lost: the rest of the window has
        # to do for the exchange of what another node heard, a round of each of the two.
        hearing = Hearing(
            self._presence,
            self._contact,
            self._clock,
            self._look_again,
            slow=self._heartbeat / MISSED_HEARTBEATS,
        )
        while True:
            await self._end_due(engine, lease, hearing)
            await hearing.pause(self._interval)

    def _look_again(self) -> None:
        self._fold.state.look_again()

    async def _end_due(self, engine: Engine, lease: Lease, hearing: Hearing) -> None:
        while True:
            now = self._clock.now()
            since = hearing.since(now)
            if since is None:
                return
            windows = Windows(since, self._pickup, MISSED_HEARTBEATS * self._heartbeat)
            due = self._fold.state.due(now, self._presence.last_seen, windows, _AT_ONCE)
            async with anyio.create_task_group() as tasks:
                for item in due:
                    tasks.start_soon(self._end, engine, item, lease)
            if not self._fold.state.any_due(now):
                return
            await asyncio.sleep(0)

    async def _end(self, engine: Engine, item: Due, lease: Lease) -> None:
        jitter = self._random()
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
            await self._clock.sleep(self._interval)
        except (DomainError, EventLogError) as error:
            log.info("deadline_void", work=work, code=error.code)
