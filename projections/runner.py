"""Keeps one SQL projection up to date on whichever node leads it."""

from __future__ import annotations

import asyncio
from time import monotonic

import anyio
import psycopg
import structlog

from aia_mas.application.event_log.connections import Pool
from aia_mas.application.event_log.errors import Fenced
from aia_mas.application.event_log.leases import Lease, LeaseKeeper
from aia_mas.application.event_log.log import EventLog
from aia_mas.application.event_log.pages import PAGE
from aia_mas.application.event_log.progress import Progress
from aia_mas.application.event_log.subscription import Subscription
from aia_mas.projections.batches import PoisonousEvent, fold_batch
from aia_mas.projections.checkpoint_writer import CheckpointMoved, CheckpointWriter
from aia_mas.projections.sessions import connect
from aia_mas.projections.table import Projection

log = structlog.stdlib.get_logger("aia.projections")

_AT_ONCE = 4 * PAGE
"""So many events are folded together at most; with more to come, nobody rests."""

_MANY = 100
"""So many events at once mean that a system is busy, and that rows are about to change again."""

_BUSY_PACES = 3
"""How many paces are then between transactions: a row of a task changes four times in its life, and
those changes share a write when they fall into one transaction."""


class ProjectionRunner:
    """Leads a projection when this node holds its lease, and always knows how far it has come."""

    def __init__(
        self,
        projection: Projection,
        log: EventLog,
        pool: Pool,
        keeper: LeaseKeeper,
        conninfo: str,
        *,
        pace: float = 0.05,
        poll: float = 0.025,
        look: float = 1.0,
        retry_after: float = 0.1,
        longest_retry: float = 5.0,
    ) -> None:
        """Wire a runner; nothing happens until ``run``.

        Args:
            projection: What to keep up to date.
            log: The log to fold.
            pool: Connections for looking at the checkpoint while another node leads.
            keeper: Decides who leads.
            conninfo: Where the leader opens a connection of its own.
            pace: Seconds between transactions while few events come and nobody waits, so that
                events of one row share a write; while many come, three times as long.
            poll: Seconds between looks at another node's checkpoint while somebody waits for it.
            look: The same while nobody waits.
            retry_after: Seconds to wait after a failure, doubling up to ``longest_retry``.
            longest_retry: Seconds between tries of a projection that keeps failing.
        """
        self.projection = projection
        self.progress = Progress()
        self._log = log
        self._pool = pool
        self._keeper = keeper
        self._conninfo = conninfo
        self._pace = pace
        self._poll = poll
        self._look = look
        self._retry_after = retry_after
        self._longest_retry = longest_retry
        self._leading = False

    @property
    def lease_name(self) -> str:
        """The lease under which the checkpoint is moved."""
        return f"projection/{self.projection.key}"

    async def run(self) -> None:
        """Follow until cancelled, and lead whenever the lease is free."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._keeper.lead, self.lease_name, self.lead)
            tasks.start_soon(self._watch)

    async def lead(self, lease: Lease) -> None:
        """Fold under a lease until it is lost."""
        self._leading = True
        delay = self._retry_after
        try:
            while True:
                before = self.progress.position
                try:
                    await self._fold(lease)
                except Fenced as error:
                    log.warning("projection_fenced", projection=self.projection.key, why=str(error))
                    return
                except CheckpointMoved as error:
                    log.info("checkpoint_moved", projection=self.projection.key, why=str(error))
                except PoisonousEvent:
                    log.exception("projection_stopped", projection=self.projection.key)
                    delay = self._longest_retry
                except Exception as error:  # noqa: BLE001 - circumstances change, so it tries again
                    log.warning(
                        "projection_retries",
                        projection=self.projection.key,
                        error=f"{type(error).__name__}: {error}",
                    )
                if self.progress.position > before:
                    delay = self._retry_after
                await asyncio.sleep(delay)
                delay = min(delay * 2, self._longest_retry)
        finally:
            self._leading = False

    async def _fold(self, lease: Lease) -> None:
        """Fold on one connection, as long as it lasts."""
        async with await connect(self._conninfo, self.lease_name, self._pool) as connection:
            writer = CheckpointWriter(self.projection, connection, fence=lease.fence)
            await writer.open()
            self.progress.move(writer.position)
            subscription = Subscription(self._log, writer.position, page=_AT_ONCE)
            while True:
                events = await subscription.next()
                started = monotonic()
                await fold_batch(
                    writer, events, moved=self.progress.move, strict=self.projection.strict
                )
                if len(events) < _AT_ONCE:
                    await self._rest(len(events), started)

    async def _rest(self, events: int, started: float) -> None:
        """Let events come together until it is time for the next transaction, or somebody waits."""
        pace = self._pace if events < _MANY else self._pace * _BUSY_PACES
        rest = pace - (monotonic() - started)
        if rest > 0:
            await self.progress.somebody_waits(rest)

    async def _watch(self) -> None:
        """Learn of the checkpoint from the database while another node leads."""
        while True:
            waited_for = await self.progress.somebody_waits(self._look)
            if not self._leading:
                try:
                    await self._learn_position()
                except (psycopg.Error, OSError) as error:
                    log.info("checkpoint_unknown", projection=self.projection.key, why=str(error))
            if waited_for:
                await asyncio.sleep(self._poll)

    async def _learn_position(self) -> None:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select position from projection_checkpoints where projection = %s",
                (self.projection.key,),
            )
            row = await cursor.fetchone()
        if row is not None and not self._leading:
            self.progress.move(row[0])
