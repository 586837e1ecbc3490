"""Connections and a pool that are cancelled cleanly.

A cancelled scope of anyio cancels again at every await, also at those by which psycopg and its pool
clean up after a cancellation: queries would stay under way, connections would be lost half-made. So
connecting, ending a query, rolling back and giving back are shielded; all are short or bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

import anyio
import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import Row, TupleRow
from psycopg.waiting import wait_async
from psycopg_pool import AsyncConnectionPool

RV = TypeVar("RV")

_SECONDS = 5


class Connection(psycopg.AsyncConnection[Row]):
    """A connection whose interrupted query is ended before the task that waited for it."""

    @classmethod
    async def connect(cls, *args: Any, **kwargs: Any) -> Self:
        """Connect; see ``psycopg.AsyncConnection.connect``."""
        kwargs.setdefault("connect_timeout", _SECONDS)
        return await _shielded(super().connect(*args, **kwargs))

    async def rollback(self) -> None:
        """Roll back to the start of any pending transaction."""
        await _shielded(super().rollback())

    async def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Run a step of the protocol; see ``psycopg.AsyncConnection.wait``."""
        try:
            return await wait_async(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except (asyncio.CancelledError, KeyboardInterrupt):
            await _shielded(self._end(gen))
            raise

    async def _end(self, gen: PQGen[Any]) -> None:
        if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
            return
        try:
            await self.cancel_safe(timeout=_SECONDS)
            await wait_async(gen, self.pgconn.socket, timeout=_SECONDS)
        except psycopg.errors.QueryCanceled:
            pass  # as asked for
        except (psycopg.Error, TimeoutError, OSError):
            # The state of the connection is not known any more.
            self.pgconn.finish()


class Pool(AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]):
    """A pool that loses no connection to a cancelled task."""

    async def getconn(self, timeout: float | None = None) -> psycopg.AsyncConnection[TupleRow]:
        """Take a connection; see ``AsyncConnectionPool.getconn``."""
        return await _shielded(super().getconn(timeout))

    async def putconn(self, conn: psycopg.AsyncConnection[TupleRow]) -> None:
        """Give a connection back; see ``AsyncConnectionPool.putconn``."""
        await _shielded(super().putconn(conn))


async def _shielded(work: Coroutine[Any, Any, RV]) -> RV:
    result: list[RV] = []
    with anyio.CancelScope(shield=True):
        result.append(await work)
    return result[0]
