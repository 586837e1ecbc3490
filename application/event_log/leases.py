"""Leases: who leads a process, by the clock of the database, fenced by an epoch.

A lease lasts seconds and is renewed while its work runs. Whoever was stopped and continues finds
its appends refused, because they carry an epoch that is no longer the newest.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import anyio
import msgspec
import psycopg
import structlog
from psycopg_pool import PoolTimeout

from aia_mas.application.event_log.connections import Pool
from aia_mas.application.event_log.records import Fence

log = structlog.stdlib.get_logger("aia.event_log.leases")


class Lease(msgspec.Struct, frozen=True):
    """The right to lead a process, held for now.

    Attributes:
        name: The process.
        epoch: Counts its leaders; appends under an older one are refused.
        head: The head of the log when it was taken. A leader acts only when it has folded this far.
    """

    name: str
    epoch: int
    head: int

    @property
    def fence(self) -> Fence:
        """What an append of this leader carries."""
        return Fence(self.name, self.epoch)


class LeaseKeeper:
    """Takes, renews and gives back the leases of one node."""

    def __init__(
        self,
        pool: Pool,
        store_id: UUID,
        holder: str,
        *,
        seconds: float = 4.0,
        renew_every: float = 1.0,
    ) -> None:
        """Keep leases for a node.

        Args:
            pool: Connections to the store.
            store_id: The store, whose append lock a takeover waits for.
            holder: The unique name of this node's run.
            seconds: How long a lease lasts without renewal.
            renew_every: Seconds between renewals, and between tries to take one.
        """
        self._pool = pool
        self._store_id = store_id
        self.holder = holder
        self._seconds = seconds
        self._renew_every = renew_every
        self._held: dict[str, Lease] = {}

    @property
    def held(self) -> tuple[Lease, ...]:
        """The leases that this node holds."""
        return tuple(self._held.values())

    async def lead(self, name: str, work: Callable[[Lease], Awaitable[None]]) -> None:
        """Run ``work`` whenever this node holds the lease, for ever.

        ``work`` is cancelled when the lease is lost; when it returns or fails, the lease is given
        back and taken again later, by whichever node comes first.
        """
        while True:
            lease = None
            try:
                # Taken is taken, also when this task is cancelled then: it is given back below.
                with anyio.move_on_after(self._seconds, shield=True):
                    lease = await self.take(name)
            except (psycopg.Error, PoolTimeout, OSError) as error:
                log.warning("lease_not_taken", lease=name, error=str(error))
            if lease is not None:
                log.info("lease_taken", lease=name, epoch=lease.epoch, head=lease.head)
                self._held[name] = lease
                try:
                    await self._work(lease, work)
                except Exception:
                    # One process at fault must not take the node and its other processes along.
                    log.exception("lease_work_failed", lease=name)
                finally:
                    del self._held[name]
                    with anyio.CancelScope(shield=True), anyio.move_on_after(1):
                        await self._release(lease)
            await asyncio.sleep(self._renew_every)

    async def take(self, name: str) -> Lease | None:
        """Take a lease if it is free; None when another node holds it."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "select epoch, head from take_lease(%s, %s, %s, %s)",
                (self._store_id, name, self.holder, self._seconds),
            )
            row = await cursor.fetchone()
        if row is None or row[0] is None:
            return None
        return Lease(name, row[0], row[1])

    async def _work(self, lease: Lease, work: Callable[[Lease], Awaitable[None]]) -> None:
        async with anyio.create_task_group() as tasks:

            async def renewing() -> None:
                await self._renew(lease)
                log.warning("lease_lost", lease=lease.name, epoch=lease.epoch)
                tasks.cancel_scope.cancel()

            tasks.start_soon(renewing)
            await work(lease)
            tasks.cancel_scope.cancel()

    async def _renew(self, lease: Lease) -> None:
        """Renew until the lease is somebody else's or could not be renewed in time."""
        valid_until = time.monotonic() + self._seconds
        while True:
            await asyncio.sleep(self._renew_every)
            asked = time.monotonic()
            if asked >= valid_until:
                return
            try:
                async with (
                    asyncio.timeout(max(0.05, valid_until - asked)),
                    self._pool.connection() as connection,
                ):
                    cursor = await connection.execute(
                        "select renew_lease(%s, %s, %s, %s)",
                        (lease.name, self.holder, lease.epoch, self._seconds),
                    )
                    row = await cursor.fetchone()
            except (psycopg.Error, PoolTimeout, TimeoutError, OSError) as error:
                log.warning("lease_not_renewed", lease=lease.name, error=str(error))
                continue
            if row is None or not row[0]:
                return
            valid_until = asked + self._seconds

    async def _release(self, lease: Lease) -> None:
        try:
            async with self._pool.connection() as connection:
                await connection.execute(
                    "select release_lease(%s, %s, %s)", (lease.name, self.holder, lease.epoch)
                )
        except (psycopg.Error, PoolTimeout, OSError) as error:
            log.info("lease_not_released", lease=lease.name, error=str(error))
